//! A plan for a pull-request comment.

use std::fmt::Write;

use super::{Row, command, rows};
use crate::plan::Plan;

/// The plan as Markdown of at most `max_bytes`, cut by whole rows. Whatever
/// came from outside is inert: no markup, no mention, no link. `emulator` says
/// that this is not the real service; `same_service` are the flags that lead a
/// command to the same one.
pub fn markdown(
    plan: &Plan,
    full: bool,
    max_bytes: usize,
    emulator: bool,
    same_service: &str,
) -> String {
    let on = if emulator { " (emulator)" } else { "" };
    let summary = plan.summary();
    let title = if plan.actions.is_empty() {
        format!("### retune{on}: no changes ({summary})\n")
    } else {
        format!("### retune plan{on}: {summary}\n")
    };
    let footer = format!("\nDigest: `{}`\n", plan.digest());
    let rows = rows(plan, full, same_service);
    if rows.is_empty() {
        return title + &footer;
    }
    let head = "\n| | model | action | why |\n|---|---|---|---|\n";
    // The longest note that may have to be added.
    let all = command("plan", same_service);
    let note = |left: usize| {
        let s = if left == 1 { "" } else { "s" };
        format!("\n{left} more row{s}: {all} shows all.\n")
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
/// markup becomes a numeric entity.
///
/// GitHub looks for mentions, references and addresses in the rendered text,
/// where an entity is a plain character again; a zero-width space parts those.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '+'
            | '!' | '|' | '~' | '&' | '@' | ':' | '"' | '\'' | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            // `www.` is a link without a colon.
            '.' if ends_with(&out, "www") => out.push_str("&#46;"),
            '\n' | '\r' | '\t' => out.push(' '),
            c => out.push(c),
        }
        let next = rest.peek().copied().unwrap_or(' ');
        let reference = match c {
            '@' => next.is_alphanumeric() || next == '_',
            '#' => next.is_ascii_digit(),
            ':' => next == '/',
            '.' => ends_with(&out, "www&#46;"),
            '-' => next.is_ascii_digit() && ends_with(&out, "gh-"),
            _ => false,
        };
        if reference {
            out.push_str("&#8203;");
        }
    }
    out
}

/// Whether it ends so, in whatever case.
fn ends_with(text: &str, end: &str) -> bool {
    let at = text.len().checked_sub(end.len());
    at.and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let hostile = "<img src=x> [a](javascript:x) @team #1 `x` | https://e.com";
        let inert = inert(hostile);
        for sign in ['<', '>', '[', ']', '(', '@', '`', '|', ':'] {
            assert!(!inert.contains(sign), "{sign} in {inert}");
        }
    }

    #[test]
    fn nothing_becomes_a_reference_once_it_is_rendered() {
        for (text, expected) in [
            ("@team", "&#64;&#8203;team"),
            ("me@e.com", "me&#64;&#8203;e.com"),
            ("acme/x#12", "acme/x&#35;&#8203;12"),
            ("GH-12 gh-1", "GH-&#8203;12 gh-&#8203;1"),
            ("https://e.com", "https&#58;&#8203;//e.com"),
            ("www.e.com WWW.e.com", "www&#46;&#8203;e.com WWW&#46;&#8203;e.com"),
            ("a: b, # c, x-1", "a&#58; b, &#35; c, x-1"),
        ] {
            assert_eq!(inert(text), expected);
        }
    }
}
