//! Curves as one self-contained HTML file: no script, no request, and a
//! Content-Security-Policy that allows neither. It follows the reader's light
//! or dark scheme, fits a phone, and has in words and in a table what its
//! pictures show.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::number::number;
use super::panel::{Selection, panels};
use super::svg::escaped;
use super::{Curves, Labeled, Measure, Options, Run, STYLE, Series, Split, svg};
use crate::model::Untrusted;

const PAGE_STYLE: &str = include_str!("html/style.css");

/// Rows of the table of evaluations: one an epoch is common.
const MOST_ROWS: usize = 200;

/// The page. `emulator` marks it as no one's bill.
pub fn html(runs: &[Run], selection: &Selection, emulator: bool) -> String {
    let style = format!("{PAGE_STYLE}{STYLE}");
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&style));
    let names: Vec<String> = runs.iter().map(|run| text(&run.label)).collect();
    let on = if emulator { " (emulator)" } else { "" };
    let title = format!("Training curves of {}{on}", names.join(", "));
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>{style}</style>\n</head>\n<body>\n<main>\n<h1>Training curves{on}</h1>\n"
    );
    // One run is judged first and then shown; several are compared first.
    let several = runs.len() > 1;
    if several {
        figures(runs, selection, &mut out);
    }
    out.push_str("<div class=\"runs\">\n");
    for run in runs {
        section(run, &mut out);
    }
    out.push_str("</div>\n");
    if !several {
        figures(runs, selection, &mut out);
    }
    table(runs, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Anybody's text, inert in a terminal and in HTML.
fn text(untrusted: &str) -> String {
    escaped(&Untrusted::new(untrusted).shown().to_string())
}

fn section(run: &Run, out: &mut String) {
    let _ = write!(
        out,
        "<section class=\"run\">\n<h2>{} <span class=\"state\">{}</span></h2>\n",
        text(&run.label),
        run.state_word()
    );
    let job = run.job.as_ref().map(ToString::to_string);
    let facts = [("Job", job.as_deref()), ("Experiment", run.experiment.as_deref())];
    let facts: Vec<String> = facts
        .into_iter()
        .filter_map(|(what, value)| {
            Some(format!("<div><dt>{what}</dt><dd>{}</dd></div>\n", text(value?)))
        })
        .collect();
    if !facts.is_empty() {
        let _ = write!(out, "<dl>\n{}</dl>\n", facts.concat());
    }
    let notes = run.notes();
    if !notes.is_empty() {
        out.push_str("<ul class=\"notes\">\n");
        for note in notes {
            let said = text(&note.sentence());
            let _ = writeln!(out, "<li class=\"{}\">{said}</li>", note.code);
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

fn figures(runs: &[Run], selection: &Selection, out: &mut String) {
    let nothing = Curves::default();
    let labeled: Vec<Labeled<'_>> = runs.iter().map(|run| run.labeled(&nothing)).collect();
    let panels = panels(&labeled, selection);
    if panels.is_empty() {
        return;
    }
    out.push_str("<div class=\"figures\">\n");
    for (at, panel) in panels.iter().enumerate() {
        // One picture each, so that the page can put them where there is room.
        let names = panel.lines.iter().map(|line| line.series.name.raw().to_owned());
        let names: BTreeSet<String> = names.collect();
        let id = format!("chart-{at}");
        let options = Options {
            id: &id,
            embedded: true,
            columns: 1,
            selection: Selection::Named(names.into_iter().collect()),
        };
        let _ = write!(out, "<figure>\n{}</figure>\n", svg(&labeled, options));
    }
    out.push_str("</div>\n");
}

/// The evaluations as numbers, for who cannot see or point.
fn table(runs: &[Run], out: &mut String) {
    let mut columns: Vec<(String, &Series)> = Vec::new();
    for run in runs {
        for measure in [Measure::Loss, Measure::Accuracy] {
            if let Some(series) = run.curves().and_then(|c| c.of(measure, Split::Eval)) {
                let who = if runs.len() > 1 { format!("{}, ", run.label) } else { String::new() };
                columns.push((format!("{who}{}", series.title()), series));
            }
        }
    }
    let steps: BTreeSet<i64> =
        columns.iter().flat_map(|(_, series)| &series.points).map(|point| point.step).collect();
    if steps.is_empty() {
        return;
    }
    out.push_str(
        "<details>\n<summary>Evaluations as numbers</summary>\n<div class=\"scroll\" \
         tabindex=\"0\" role=\"region\" aria-label=\"Evaluations\">\n<table>\n<thead><tr>\
         <th scope=\"col\">Step</th>",
    );
    for (title, _) in &columns {
        let _ = write!(out, "<th scope=\"col\">{}</th>", text(title));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for step in steps.iter().take(MOST_ROWS) {
        let _ = write!(out, "<tr><th scope=\"row\">{step}</th>");
        for (_, series) in &columns {
            let found = series.points.binary_search_by_key(step, |point| point.step).ok();
            let value = found.and_then(|at| series.points.get(at)).map(|p| number(p.value));
            let _ = write!(out, "<td>{}</td>", value.unwrap_or_default());
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    if steps.len() > MOST_ROWS {
        let _ = writeln!(out, "<p>The first {MOST_ROWS} of {} steps.</p>", steps.len());
    }
    out.push_str("</details>\n");
}

#[cfg(test)]
mod tests;
