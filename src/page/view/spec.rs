//! What the manifest asks for against what the newest run was asked.

use maud::{Markup, html};

use super::super::text::Told;
use crate::detail::{Detail, Field, Standing};

pub(super) fn spec(detail: &Detail<'_>) -> Markup {
    let has_run = !detail.runs.is_empty();
    html! {
        h2 { "Spec" }
        table.plain {
            thead {
                tr {
                    th scope="col" { "Field" }
                    th scope="col" { "Manifest" }
                    @if has_run { th scope="col" { "Newest run" } }
                }
            }
            tbody { @for field in &detail.fields { (self::field(field, has_run)) } }
        }
    }
}

fn field(field: &Field, has_run: bool) -> Markup {
    // The name before the way to it: of a long path the end tells most.
    let (above, name) = field.path.rsplit_once('.').unwrap_or(("", field.path));
    let value = |side: &Option<String>, without: &str| match side {
        Some(text) => html! { code { (Told(text)) } },
        None => html! { span.quiet { (without) } },
    };
    html! {
        tr.differs[field.standing == Standing::Differs] {
            th scope="row" { (name) @if !above.is_empty() { small { (above) } } }
            td {
                @match field.standing {
                    Standing::Left => span.quiet { "left to Vertex" },
                    _ => (value(&field.set, "unset")),
                }
            }
            @if has_run {
                td {
                    (value(&field.echoed, "unset"))
                    @if field.standing == Standing::Differs { " " span.badge.warn { "differs" } }
                }
            }
        }
    }
}
