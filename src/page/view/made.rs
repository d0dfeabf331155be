//! What came of the runs.

use maud::{Markup, html};

use super::super::text::{Said, Told};
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
        @for (run, tuned) in made {
            div.from {
                h3 { "From " span.mono { (Said(run.job.name.short())) } }
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
    html! {
        table.plain {
            caption { "Checkpoints" }
            thead {
                tr {
                    th scope="col" { "Id" }
                    th.number scope="col" { "Epoch" }
                    th.number scope="col" { "Step" }
                    th scope="col" { "Endpoint" }
                }
            }
            tbody {
                @for Checkpoint { id, epoch, step, endpoint } in checkpoints {
                    tr {
                        th scope="row" { (Told(id)) }
                        td.number { (number(*epoch)) }
                        td.number { (number(*step)) }
                        @match endpoint {
                            Some(endpoint) => td.mono { (Told(endpoint)) },
                            None => td.quiet { "not deployed" },
                        }
                    }
                }
            }
        }
    }
}
