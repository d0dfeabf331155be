//! Every tuned model, a row each.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, PreEscaped, Render as _, html};

use super::address::Address;
use super::row::{Group, Note, Row, rows};
use super::runs::{Runs, steps};
use super::shell::{Body, Form, Notice, Page, Version, document, notices, version};
use super::text::{Said, Told, quoted};
use super::view::View;
use crate::model::{Costs, Grouped, JobName, Name, Place, Pretty, Progress, Spent, Usd};
use crate::plan::Plan;
use crate::plan::show::Cure;

/// Rows that a browser lays out together, or not at all while they are far
/// away: a hundred are more than a screen, and five thousand are fifty such.
const CHUNK: usize = 100;

/// Everything that the list is made of.
#[derive(Debug, Clone, Copy)]
pub struct Overview<'a> {
    /// Whose models these are.
    pub owner: &'a Name,
    /// What was decided about them.
    pub plan: &'a Plan,
    /// How far the runs under way are.
    pub progress: &'a BTreeMap<JobName, Progress>,
    /// Their newest runs.
    pub runs: &'a Runs,
    /// What all their runs cost.
    pub costs: &'a Costs,
    /// When they were looked at.
    pub at: Timestamp,
    /// What is to be said first.
    pub notices: &'a [Notice],
    /// Whether this is no real service.
    pub emulator: bool,
}

impl Overview<'_> {
    /// The page of the daemon.
    pub fn page(&self) -> Page {
        let rows = self.rows();
        self.document(Form::Served, &rows, &html! {})
    }

    /// The page as one file. For each model, in the order of the page, `show`
    /// may hand on its own view, which then is in the file, too.
    pub fn file(&self, mut show: impl FnMut(&Place, &Name, &mut dyn FnMut(&View<'_>))) -> Page {
        let mut rows = self.rows();
        let mut views = String::new();
        for row in &mut rows {
            let mut shown = false;
            show(row.at.place, row.at.name, &mut |view| {
                view.part(row).render_to(&mut views);
                shown = true;
            });
            row.has_view = shown;
        }
        self.document(Form::File, &rows, &PreEscaped(views))
    }

    /// The own view of one model as a page of the daemon; `None` when the plan
    /// does not know it.
    pub fn view(&self, view: &View<'_>) -> Option<Page> {
        let at = Address::of(view.detail.key);
        rows(self.plan, self.progress, self.runs, self.costs, self.at, Some(at))
            .first()
            .map(|row| view.page(row))
    }

    fn rows(&self) -> Vec<Row<'_>> {
        rows(self.plan, self.progress, self.runs, self.costs, self.at, None)
    }

    fn document(&self, form: Form, rows: &[Row<'_>], views: &Markup) -> Page {
        let urgent = rows.iter().filter(|row| row.state.group == Group::Attention).count();
        let on = if self.emulator { " (emulator)" } else { "" };
        let title = match urgent {
            0 => format!("{}{on} · retune", self.owner),
            n => format!("({n}) {}{on} · retune", self.owner),
        };
        let (content, version) = self.content(form, rows);
        let content = html! { (content) (views) };
        document(Body { form, title, content, version })
    }

    /// The list, for a document that holds more than that.
    fn content(&self, form: Form, rows: &[Row<'_>]) -> (Markup, Version) {
        let sections = html! {
            @for group in Group::ALL { (self.section(form, group, rows)) }
        };
        let version = version(&(&sections.0, self.notices, &self.plan.places));
        let content = html! {
            a.skip href="#models" { "Skip to the models" }
            div #list {
                (self.head(rows))
                (notices(form, self.notices))
                (summary(rows))
                (filter())
                main #models tabindex="-1" {
                    @if rows.is_empty() {
                        p.empty { "No tuned model: no manifest asks for one here." }
                    }
                    (sections)
                }
                (foot(form))
            }
        };
        (content, version)
    }

    fn head(&self, rows: &[Row<'_>]) -> Markup {
        let places: Vec<String> = self.plan.places.iter().map(ToString::to_string).collect();
        let models = Grouped(rows.len());
        let s = if rows.len() == 1 { "" } else { "s" };
        html! {
            header.top {
                h1 { (self.owner.as_str()) @if self.emulator { " " span.tag { "emulator" } } }
                p #looked data-v=(version(&(rows.len(), &places))) {
                    (Said(models)) " tuned model" (s) " in " (Told(&places.join(", ")))
                    ", as of " (time(self.at)) "."
                }
            }
        }
    }

    fn section(&self, form: Form, group: Group, rows: &[Row<'_>]) -> Markup {
        let rows: Vec<&Row<'_>> = rows.iter().filter(|row| row.state.group == group).collect();
        let heading = format!("{}-heading", group.id());
        html! {
            section.group id=(group.id()) aria-labelledby=(heading) hidden[rows.is_empty()] {
                h2 id=(heading) tabindex="-1" { (group.title()) }
                // Rows are laid out as grids, which some browsers take for no table.
                table role="table" aria-labelledby=(heading) id={ (group.id()) "-rows" } data-rows {
                    thead role="rowgroup" {
                        tr role="row" {
                            th role="columnheader" scope="col" { "Model" }
                            th role="columnheader" scope="col" { "State" }
                            th.number role="columnheader" scope="col" { "Age" }
                            th role="columnheader" scope="col" { "Progress" }
                            th.number role="columnheader" scope="col" { "Cost" }
                            th role="columnheader" scope="col" { "What to know" }
                        }
                    }
                    @for rows in rows.chunks(CHUNK) {
                        tbody role="rowgroup" { @for row in rows { (self.row(form, row)) } }
                    }
                }
            }
        }
    }

    fn row(&self, form: Form, row: &Row<'_>) -> Markup {
        let several = self.plan.places.len() > 1;
        let cells = html! {
            th.name role="rowheader" scope="row" {
                @if row.has_view { a href=(row.at.link(form)) { (row.at.name.as_str()) } }
                @else { b { (row.at.name.as_str()) } }
                @if several { small { (Told(&row.at.place.to_string())) } }
            }
            td.state role="cell" {
                span class={ "badge " (row.state.tone.class()) } { (row.state.word) }
            }
            td.age.number role="cell" { (maybe(row.age.map(coarse))) }
            td.progress role="cell" { (progress(row)) }
            td.cost.number role="cell" { (cost(row.cost)) }
            td.notes role="cell" {
                @for note in &row.notes { (self::note(note)) }
                @if row.notes.is_empty() && let Some(job) = row.job { p.quiet { (Said(job.short())) } }
            }
        };
        html! {
            tr role="row" id=(row.at.row_id()) data-v=(version(&cells.0)) { (cells) }
        }
    }
}

/// A page for the time before anything was seen.
pub fn waiting(trouble: &[Notice]) -> Page {
    let content = html! {
        div #list {
            header.top { h1 { "Tuned models" } }
            (notices(Form::Served, trouble))
            main #models tabindex="-1" {
                p.empty { "No pass was complete yet. This page will show what it finds." }
            }
            (foot(Form::Served))
        }
    };
    let version = version(trouble);
    document(Body { form: Form::Served, title: "retune".to_owned(), content, version })
}

/// A page for an address at which there is no model.
pub fn missing() -> Page {
    let content = html! {
        nav.back { a href="../../../" { "All models" } }
        main.view #view tabindex="-1" {
            header.top { h1 { "No such model" } }
            p.empty { "No manifest asks for a tuned model of this name in this place." }
        }
        (foot(Form::Served))
    };
    let (title, version) = ("No such model · retune".to_owned(), version(&()));
    document(Body { form: Form::Served, title, content, version })
}

/// How many there are of each kind, each a way down to them.
fn summary(rows: &[Row<'_>]) -> Markup {
    let counts =
        Group::ALL.map(|group| (group, rows.iter().filter(|row| row.state.group == group).count()));
    html! {
        nav.summary #summary aria-label="Groups" data-v=(version(&counts.map(|(_, count)| count))) {
            @for (group, count) in counts {
                a class=(group.id()) href={ "#" (group.id()) } {
                    b { (Said(Grouped(count))) } " " (group.title())
                }
            }
        }
    }
}

/// Only of use with the script, which shows it.
fn filter() -> Markup {
    html! {
        search.filter #filter-box hidden {
            label for="filter" { "Filter" }
            input #filter type="search" autocomplete="off" spellcheck="false"
                placeholder="name, state, error …";
            output #matches for="filter" {}
        }
    }
}

pub(super) fn foot(form: Form) -> Markup {
    html! {
        footer {
            p { "Nothing can be changed here: edit a manifest, or use the commands shown." }
            @if form == Form::Served { p #live role="status" {} }
        }
    }
}

pub(super) fn note(note: &Note) -> Markup {
    html! {
        p { (quoted(&note.text)) }
        @if let Some(cure) = &note.cure { (self::cure(cure)) }
    }
}

/// What to type, and where.
fn cure(cure: &Cure) -> Markup {
    let (how, what) = match cure {
        Cure::Set(line) => ("Set in the manifest", format!("lifecycle.{line}")),
        Cure::TakeOut(line) => ("Take out of the manifest", format!("lifecycle.{line}")),
        Cure::Run(command) => ("Run", command.clone()),
    };
    html! { p.cure { span { (how) } " " code { (Told(&what)) } } }
}

fn progress(row: &Row<'_>) -> Markup {
    html! {
        @if let Some(progress) = row.progress { (bar(progress, row.epochs, row.at.name.as_str())) }
    }
}

/// How far a run is, as far as Vertex says.
pub(super) fn bar(progress: &Progress, epochs: Option<i64>, of: &str) -> Markup {
    let done = progress.completed_epochs.map(|done| match epochs {
        Some(all) => format!("epoch {done} of {all}"),
        None if done == 1 => "1 epoch done".to_owned(),
        None => format!("{done} epochs done"),
    });
    html! {
        @if let Some((done, all)) = steps(progress) {
            span.steps { (Said(Grouped(done))) " / " (Said(Grouped(all))) " steps" }
            progress max=(all) value=(done) aria-label={ "Steps of " (of) } {}
        } @else if let Some(detail) = &progress.detail {
            span { (Told(detail)) }
        }
        @if let Some(done) = done { small { (done) } }
    }
}

fn cost(cost: Option<Spent>) -> Markup {
    let Some(Spent { usd, known: _, unknown }) = cost.filter(|cost| cost.known > 0) else {
        return maybe(None);
    };
    let s = if unknown == 1 { "" } else { "s" };
    html! {
        (Said(Usd(usd)))
        @if unknown > 0 { small { "+ " (unknown) " run" (s) " unknown" } }
    }
}

/// A cell that may have nothing to say, which is said.
fn maybe(text: Option<String>) -> Markup {
    html! { @match text { Some(text) => (text), None => span.none { "–" } } }
}

/// A moment, for people and for programs.
pub(super) fn time(at: Timestamp) -> Markup {
    html! {
        time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) {
            (at.strftime("%Y-%m-%d %H:%M UTC").to_string())
        }
    }
}

/// An age by one unit, from the second hour on: what changes with every look
/// would have to be drawn anew with every look.
fn coarse(age: Duration) -> String {
    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;
    let seconds = match age.as_secs() {
        s if s >= 2 * DAY => s - s % DAY,
        s if s >= 6 * HOUR => s - s % HOUR,
        s if s >= 60 => s - s % 60,
        s => s,
    };
    Pretty(Duration::from_secs(seconds)).to_string()
}
