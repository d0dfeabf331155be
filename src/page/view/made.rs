//! What came of the runs.

use maud::{Markup, html};

use super::super::text::{Said, Told};
use super::table;
use crate::detail::{Detail, Run};
use crate::model::{Checkpoint, TunedModel};

pub(super) fn made(detail: &Detail<'_>) -> Markup {
    let runs = detail.runs.iter();
    let made: Vec<(&Run<'_>, &TunedModel)> =
        runs.filter_map(|run| Some((run, run.job.tuned_model.as_ref()?))).collect();
    if made.is_empty() {
        return html! {};
    }
    html! {
        h2 { "What came of it" }
        @for (at, (run, tuned)) in made.into_iter().enumerate() {
            // What is used is mostly what came of the newest.
            details.from open[at == 0] {
                summary { "From " span.mono { (Said(run.job.name.short())) } }
                dl.names { (names(tuned, run.job.experiment.as_deref())) }
                @if !tuned.checkpoints.is_empty() { (checkpoints(&tuned.checkpoints)) }
            }
        }
    }
}

fn names(tuned: &TunedModel, experiment: Option<&str>) -> Markup {
    html! {
        @if let Some(model) = &tuned.model { dt { "Model" } dd.mono { (Told(model)) } }
        dt { "Endpoint" }
        @match &tuned.endpoint {
            Some(endpoint) => dd.mono { (Told(endpoint)) },
            None => dd.quiet { "none: its default checkpoint is not deployed" },
        }
        @if let Some(experiment) = experiment { dt { "Experiment" } dd.mono { (Told(experiment)) } }
    }
}

fn checkpoints(checkpoints: &[Checkpoint]) -> Markup {
    let number = |n: Option<i64>| n.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let rows = html! {
        @for Checkpoint { id, epoch, step, endpoint } in checkpoints {
            tr role="row" {
                th role="rowheader" scope="row" { (Told(id)) }
                td role="cell" data-of="Epoch" { (number(*epoch)) }
                td role="cell" data-of="Step" { (number(*step)) }
                td role="cell" data-of="Endpoint" {
                    @match endpoint {
                        Some(endpoint) => span.mono { (Told(endpoint)) },
                        None => span.quiet { "not deployed" },
                    }
                }
            }
        }
    };
    table(Some("Checkpoints"), &["Id", "Epoch", "Step", "Endpoint"], rows)
}
