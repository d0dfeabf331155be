//! A plan for a pull-request comment.

use std::fmt::Write;

use super::{Row, rows};
use crate::plan::Plan;

/// The plan as Markdown of at most `max_bytes`, cut by whole rows. Whatever
/// came from outside is inert: no markup, no mention, no link. `emulator` says
/// that this is not the real service.
pub fn markdown(plan: &Plan, full: bool, max_bytes: usize, emulator: bool) -> String {
    let on = if emulator { " (emulator)" } else { "" };
    let summary = plan.summary();
    let title = if plan.actions.is_empty() {
        format!("### retune{on}: no changes ({summary})\n")
    } else {
        format!("### retune plan{on}: {summary}\n")
    };
    let footer = format!("\nDigest: `{}`\n", plan.digest());
    let rows = rows(plan, full);
    if rows.is_empty() {
        return title + &footer;
    }
    let head = "\n| | model | action | why |\n|---|---|---|---|\n";
    // The longest note that may have to be added.
    let note = |left: usize| {
        let s = if left == 1 { "" } else { "s" };
        format!("\n{left} more row{s}: `retune plan` shows all.\n")
    };
    let fixed = title.len() + head.len() + footer.len() + note(usize::MAX).len();
    let mut body = String::new();
    let mut shown = 0;
    for row in &rows {
        let line = line(row);
        if fixed + body.len() + line.len() > max_bytes {
            break;
        }
        body.push_str(&line);
        shown += 1;
    }
    let mut out = title + head + &body;
    if shown < rows.len() {
        out.push_str(&note(rows.len() - shown));
    }
    out + &footer
}

fn line(row: &Row) -> String {
    let mut why = inert(&row.why);
    for (old, new) in &row.details {
        let _ = write!(why, "<br>&minus; {}<br>&plus; {}", inert(old), inert(new));
    }
    format!("| {} | {} | {} | {why} |\n", row.symbol, inert(&row.name), row.verb)
}

/// Text that Markdown and HTML take for text: every character that starts
/// markup, a mention, a reference or a link becomes a numeric entity.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '+'
            | '!' | '|' | '~' | '&' | '@' | ':' | '"' | '\'' | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\n' | '\r' | '\t' => out.push(' '),
            // `www.` is a link without a colon.
            '.' if out.ends_with("www") => out.push_str("&#46;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let hostile = "<img src=x> [a](javascript:x) @team #1 `x` | www.evil.com https://e.com";
        let inert = inert(hostile);
        for sign in ['<', '>', '[', ']', '(', '@', '`', '|', ':'] {
            assert!(!inert.contains(sign), "{sign} in {inert}");
        }
        assert!(!inert.contains("www."));
    }
}
