//! The runs of a model, newest first.

use std::time::Duration;

use maud::{Markup, html};

use super::super::list::{bar, time};
use super::super::row::{Tone, phase};
use super::super::runs::Run as Listed;
use super::super::text::{Said, Told, quoted};
use crate::detail::{Detail, Run};
use crate::model::{JobName, Pretty};

/// Those that were read, and what the listing says of the others.
pub(super) fn runs(detail: &Detail<'_>, listed: &[Listed]) -> Markup {
    let read = |job: &JobName| detail.runs.iter().any(|run| run.job.name == *job);
    let others: Vec<&Listed> = listed.iter().filter(|run| !read(&run.job)).collect();
    html! {
        h2 { "Runs" }
        @if detail.runs.is_empty() && others.is_empty() {
            p.quiet { "No run yet." }
        } @else {
            ol.runs {
                @for run in &detail.runs { li { (self::run(run)) } }
                @for run in others { li { (self::listed(run)) } }
            }
        }
    }
}

fn listed(run: &Listed) -> Markup {
    html! {
        div.line {
            h3.mono { (Said(run.job.short())) }
            span class={ "badge " (phase(run.phase).class()) } { (run.state.word()) }
        }
        dl.facts {
            @for (what, at) in [("Created", run.created), ("Began", run.started), ("Ended", run.ended)] {
                @if let Some(at) = at { div { dt { (what) } dd { (time(at)) } } }
            }
        }
        @if let Some(error) = &run.error { blockquote { p { (Said(error.message.shown())) } } }
    }
}

fn run(run: &Run<'_>) -> Markup {
    let job = run.job;
    let tone: Tone = phase(job.phase());
    html! {
        div.line {
            h3.mono { (Said(job.name.short())) }
            span class={ "badge " (tone.class()) } { (job.state.word()) }
        }
        dl.facts {
            @if let Some(at) = job.create_time { div { dt { "Created" } dd { (time(at)) } } }
            (took("Waited", run.waited))
            (took("Ran", run.ran))
            div { dt { "Cost" } dd { (Said(&run.cost)) } }
            @if let Some(stamp) = &job.stamp {
                div { dt { "Rerun" } dd { @match stamp.rerun { Some(rerun) => (rerun), None => "unreadable" } } }
                div { dt { "Attempt" } dd { (stamp.attempt) } }
                @if let Some(at) = stamp.rev.and_then(|rev| jiff::Timestamp::from_second(rev).ok()) {
                    div { dt { "From the commit of" } dd { (time(at)) } }
                }
            }
            @if run.adopted { div { dt { "Adopted" } dd { "by the manifest" } } }
        }
        @if let Some(progress) = run.progress { div.far { (bar(progress, job.epochs(), "this run")) } }
        @if !run.changes.is_empty() {
            p { span.quiet { "Of another spec: " } (Told(&run.changes.join(", "))) }
        }
        (failure(run))
    }
}

fn failure(run: &Run<'_>) -> Markup {
    let code = run.failure.as_ref().and_then(|failure| failure.code);
    html! {
        @if let Some(error) = &run.job.error {
            blockquote { p { (Said(error.message.shown())) } }
            p.quiet {
                "Vertex's words, with the code "
                @match code { Some(code) => (code), None => (error.code) } "."
            }
        }
        @if let Some(failure) = &run.failure {
            p { span.quiet { "That is: " } (Told(failure.cause)) "." }
            p { span.quiet { "Next: " } (quoted(&failure.next)) "." }
        }
    }
}

fn took(what: &str, took: Option<Duration>) -> Markup {
    html! { @if let Some(took) = took { div { dt { (what) } dd { (Said(Pretty(took))) } } } }
}
