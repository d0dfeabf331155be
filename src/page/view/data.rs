//! What Vertex counted in the data of the newest run that says so.

use maud::{Markup, html};

use super::super::text::Said;
use crate::detail::{Detail, Run};
use crate::model::{DataStats, Distribution, Grouped, Prices};

pub(super) fn data(detail: &Detail<'_>, prices: &Prices) -> Markup {
    let counted = |run: &&Run<'_>| run.job.data.is_some() || run.job.billable_tokens.is_some();
    let Some(run) = detail.runs.iter().find(counted) else { return html! {} };
    let data = run.job.data.as_deref();
    let spreads = data.into_iter().flat_map(|data| &data.distributions);
    // Every example of plain text counts two messages: nothing to draw.
    let vary: Vec<&Distribution> = spreads.filter(|spread| spread.min < spread.max).collect();
    html! {
        h2 { "Data of " span.mono { (Said(run.job.name.short())) } }
        dl.facts {
            @if let Some(data) = data { (counts(data)) }
            @if let Some(tokens) = run.job.billable_tokens {
                div { dt { "Billable tokens" } dd { (Said(Grouped(tokens))) } }
            }
            @if let Some((epochs, all)) = run.job.epochs().zip(run.training_tokens) {
                div { dt { "Training tokens" } dd { "× " (epochs) " epochs = " (Said(Grouped(all))) } }
            }
            div { dt { "Cost" } dd { (Said(&run.cost)) (price(run, prices)) } }
        }
        @if let Some(data) = data { (dropped(data)) }
        @if !vary.is_empty() {
            div.spreads { @for spread in vary { (histogram(spread)) } }
        }
    }
}

fn counts(data: &DataStats) -> Markup {
    let facts = [("Examples", data.examples), ("Steps", data.steps)];
    html! {
        @for (what, count) in facts {
            @if let Some(count) = count { div { dt { (what) } dd { (Said(Grouped(count))) } } }
        }
    }
}

fn price(run: &Run<'_>, prices: &Prices) -> Markup {
    let price = run.job.base_model().and_then(|model| prices.of(model));
    let Some(price) = price.filter(|_| run.cost.usd().is_some()) else { return html! {} };
    html! { small { (Said(price.words())) } }
}

/// Rows that were left out, which may be many.
fn dropped(data: &DataStats) -> Markup {
    let Some(dropped) = data.dropped.filter(|dropped| *dropped > 0) else { return html! {} };
    let more = usize::try_from(dropped).unwrap_or_default();
    let more = more.saturating_sub(data.dropped_rows.len());
    let s = if dropped == 1 { "" } else { "s" };
    html! {
        details {
            summary { (Said(Grouped(dropped))) " example" (s) " left out by Vertex, and not billed" }
            ul {
                @for row in &data.dropped_rows {
                    li {
                        "Row " (row.row)
                        @if let Some(reason) = &row.reason { ": " (Said(reason.shown())) }
                    }
                }
                @if more > 0 { li { "and " (Said(Grouped(more))) " more that Vertex does not name" } }
            }
        }
    }
}

/// Units of the drawing, which is stretched to its place.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 64.0;

/// The lowest bar that anything is drawn as.
const LEAST: f64 = 1.5;

fn histogram(spread: &Distribution) -> Markup {
    let (Some(min), Some(max)) = (spread.min, spread.max) else { return html! {} };
    let figure = |n: f64| spread.measure.figure(n);
    let name = spread.measure.words();
    let range = spread.p5.zip(spread.p95);
    let words = format!("{name}: from {} to {}", figure(min), figure(max));
    html! {
        figure {
            figcaption { (name) }
            svg role="img" aria-label=(words) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
                preserveAspectRatio="none" {
                @for bar in spread.shares() {
                    @let (left, right) = (bar.left * WIDTH, bar.right * WIDTH);
                    @let height = (bar.height * HEIGHT).max(LEAST);
                    rect x=(rounded(left)) y=(rounded(HEIGHT - height))
                        width=(rounded((right - left).max(2.0))) height=(rounded(height)) {}
                }
            }
            p.ends { span { (figure(min)) } span { (figure(max)) } }
            p.quiet {
                @if let Some(median) = spread.median { "median " (figure(median)) }
                @if let Some((low, high)) = range { ", 90 % from " (figure(low)) " to " (figure(high)) }
            }
        }
    }
}

fn rounded(n: f64) -> String {
    format!("{n:.1}")
}
