//! The curves in words: for a picture's description, and for who cannot see it.

use super::number::number;
use super::panel::{Line, Panel};

/// What a panel shows, in a sentence for each line.
pub(super) fn description(panel: &Panel<'_>) -> String {
    let sentences: Vec<String> = panel.lines.iter().map(sentence).collect();
    sentences.join(" ")
}

fn sentence(line: &Line<'_>) -> String {
    let (label, title) = (&line.label, line.series.title());
    let mut finite = line.series.finite();
    let first = finite.next();
    let last = finite.next_back().or(first);
    let Some((first, last)) = first.zip(last) else {
        return format!("{label}, {title}: no value is a number.");
    };
    let mut text = if first.step == last.step {
        format!("{label}, {title}: {} at step {}.", number(first.value), first.step)
    } else {
        format!(
            "{label}, {title}: from {} at step {} to {} at step {}.",
            number(first.value),
            first.step,
            number(last.value),
            last.step
        )
    };
    if let Some(best) = line.best {
        text.push_str(&format!(" Lowest at step {}: {}.", best.step, number(best.loss)));
    }
    text
}
