//! What the manifest asks for against what the newest run was asked.

use maud::{Markup, html};

use super::super::text::Told;
use super::{field, table};
use crate::detail::{Detail, Field, Standing};

pub(super) fn spec(detail: &Detail<'_>) -> Markup {
    let has_run = !detail.runs.is_empty();
    let columns = ["Field", "Manifest", "Newest run"];
    let columns = columns.get(..if has_run { 3 } else { 2 }).unwrap_or_default();
    html! {
        h2 { "Spec" }
        (table(None, columns, html! { @for field in &detail.fields { (row(field, has_run)) } }))
    }
}

fn row(row: &Field, has_run: bool) -> Markup {
    let value = |side: &Option<String>| match side {
        Some(text) => html! { code { (Told(text)) } },
        None => html! { span.quiet { "unset" } },
    };
    html! {
        tr.differs[row.standing == Standing::Differs] role="row" {
            (field(row.path))
            td role="cell" data-of="Manifest" {
                @match row.standing {
                    Standing::Left => span.quiet { "left to Vertex" },
                    Standing::Asked | Standing::Same | Standing::Differs => (value(&row.set)),
                }
            }
            @if has_run {
                td role="cell" data-of="Newest run" {
                    (value(&row.echoed))
                    @if row.standing == Standing::Differs { " " span.badge.warn { "differs" } }
                }
            }
        }
    }
}
