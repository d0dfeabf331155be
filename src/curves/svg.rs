//! Curves as one SVG picture, which needs nothing from elsewhere.
//!
//! It follows the reader's light or dark scheme, says in words what it shows,
//! and holds no script, no link and no style attribute, so that it passes a
//! strict Content-Security-Policy. Lines differ by shape as well as by colour:
//! training is a plain line, evaluation one with marks, and each run has a mark
//! of its own.

mod draw;
mod legend;
mod text;

use std::fmt::Write;

use self::draw::Frame;
pub(super) use self::text::escaped;
use super::Labeled;
use super::panel::{Panel, Selection, panels};
use super::plain::description;

/// How a picture is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options<'a> {
    /// What the ids in it begin with; of the pictures in a page, each has its
    /// own. Letters, digits and `-`.
    pub id: &'a str,
    /// Whether it is put into a page that has [`STYLE`]. Without, the picture
    /// has its own style, and a ground to stand on.
    pub embedded: bool,
    /// Charts side by side.
    pub columns: usize,
    /// Which series.
    pub selection: Selection,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { id: "curves", embedded: false, columns: 1, selection: Selection::Usual }
    }
}

/// The style of the pictures. A page that embeds them has it once; its classes
/// all begin with `rc-`.
pub const STYLE: &str = include_str!("svg/style.css");

/// The curves as an SVG document. Without a single point it says so.
pub fn svg(runs: &[Labeled<'_>], options: Options<'_>) -> String {
    let Options { id, embedded, columns, selection } = options;
    let panels = panels(runs, &selection);
    let columns = columns.clamp(1, panels.len().max(1));
    let frames: Vec<(Frame, &Panel<'_>)> =
        panels.iter().map(|panel| (Frame::of(panel), panel)).collect();
    let mut rows: Vec<f64> = Vec::new();
    for row in frames.chunks(columns) {
        rows.push(row.iter().map(|(frame, _)| frame.height()).fold(0.0, f64::max));
    }
    let width = Frame::WIDTH * columns as f64;
    let height = rows.iter().sum::<f64>().max(Frame::EMPTY_HEIGHT);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rc-chart\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\">\n<title id=\"{id}-title\">{}</title>\n\
         <desc id=\"{id}-desc\">{}</desc>\n",
        escaped(&heading(runs, &panels)),
        escaped(&words(&panels)),
    );
    if !embedded {
        let _ = write!(
            out,
            "<style>{STYLE}</style>\n<rect class=\"rc-ground\" width=\"100%\" height=\"100%\"/>\n"
        );
    }
    if frames.is_empty() {
        let (x, y) = (Frame::WIDTH / 2.0, Frame::EMPTY_HEIGHT / 2.0);
        let _ = writeln!(
            out,
            "<text class=\"rc-quiet\" x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"middle\">No points yet</text>"
        );
    }
    for (at, (frame, panel)) in frames.iter().enumerate() {
        let x = (at % columns) as f64 * Frame::WIDTH;
        let y: f64 = rows.iter().take(at / columns).sum();
        let _ = writeln!(out, "<g transform=\"translate({x:.0} {y:.0})\">");
        frame.draw(panel, &mut out);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn heading(runs: &[Labeled<'_>], panels: &[Panel<'_>]) -> String {
    let shown = |text: &str| crate::model::Untrusted::new(text).shown().to_string();
    let names: Vec<String> = runs.iter().map(|run| shown(run.label)).collect();
    let titles: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    match titles.as_slice() {
        [] => format!("No curves of {}", names.join(", ")),
        titles => format!("{} of {}", titles.join(", "), names.join(", ")),
    }
}

fn words(panels: &[Panel<'_>]) -> String {
    if panels.is_empty() {
        return "Nothing was measured yet.".to_owned();
    }
    let words: Vec<String> =
        panels.iter().map(|p| format!("{}. {}", p.title, description(p))).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
