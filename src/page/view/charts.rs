//! What the newest run measured, drawn.

use maud::{Markup, PreEscaped, Render as _, html};

use super::super::address::Address;
use super::super::shell::version;
use super::super::text::{Said, Told, quoted};
use super::Charts;
use crate::curves::{self, Curves, Measure, Options, Selection, Series};
use crate::model::Key;

pub(super) fn charts(charts: &Charts, key: &Key) -> Markup {
    html! {
        h2 { "Curves" }
        @match charts {
            Charts::Read(run) => (read(run, key)),
            Charts::Unread(why) | Charts::Failed(why) => p.quiet { (quoted(why)) },
        }
    }
}

fn read(run: &curves::Run, key: &Key) -> Markup {
    let notes = run.notes();
    html! {
        @if let Some(job) = &run.job { p.quiet { "Of " span.mono { (Said(job.short())) } "." } }
        @for note in &notes { p { (Told(&note.sentence())) } }
        @if let Some(curves) = run.curves() {
            div.charts {
                // A picture for each measure: they stand side by side where there is room.
                @for (at, selection) in measures(curves).into_iter().enumerate() {
                    (picture(run, selection, &id(key, at)))
                }
            }
        }
    }
}

/// Markup of the module that draws, which lets in nothing but its own; see
/// [`curves::svg`].
fn picture(run: &curves::Run, selection: Selection, id: &str) -> Markup {
    let options = Options { id, embedded: true, columns: 1, selection };
    PreEscaped(curves::svg(&[run.labeled(&Curves::default())], options))
}

/// Letters, digits and `-`; the pictures of a file are of many models.
fn id(key: &Key, at: usize) -> String {
    let Address { place, name } = Address::of(key);
    format!("curves-{}-{at}", version(&(place, name)).render().0)
}

/// What is drawn together: the series of one measure, if any is known.
fn measures(curves: &Curves) -> Vec<Selection> {
    let usual = |series: &&Series| Selection::Usual.has(series);
    let of = |series: &Series| series.known().map(|known| known.measure);
    let mut measures: Vec<Option<Measure>> = Vec::new();
    for measure in curves.series.iter().filter(usual).map(of) {
        if !measures.contains(&measure) {
            measures.push(measure);
        }
    }
    if measures.is_empty() {
        return vec![Selection::Usual];
    }
    let names = |measure: &Option<Measure>| {
        let same = curves.series.iter().filter(usual).filter(|series| of(series) == *measure);
        Selection::Named(same.map(|series| series.name.raw().to_owned()).collect())
    };
    measures.iter().map(names).collect()
}
