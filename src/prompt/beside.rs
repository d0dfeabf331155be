//! Two texts side by side, or one under the other.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Plain;

/// A text and what stands above it.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// What it is.
    pub title: &'a str,
    /// The text, already inert.
    pub text: &'a str,
}

/// Between two columns.
const GAP: &str = " | ";

/// The least width of one column: narrower than this, words break more often
/// than not.
const NARROWEST: usize = 28;

/// Lays two texts out: in columns where `width` has room for them, else one
/// under the other.
pub fn beside(left: Column<'_>, right: Column<'_>, width: Option<usize>) -> String {
    let room = width.map(|width| width.saturating_sub(GAP.len()) / 2);
    match room.filter(|room| *room >= NARROWEST) {
        Some(room) => columns(left, right, room),
        None => under(left, right),
    }
}

fn under(first: Column<'_>, second: Column<'_>) -> String {
    let block = |column: Column<'_>| {
        let Column { title, text } = column;
        format!("--- {title}\n{text}{}", if text.ends_with('\n') { "" } else { "\n" })
    };
    format!("{}\n{}", block(first), block(second))
}

fn columns(left: Column<'_>, right: Column<'_>, room: usize) -> String {
    let lines = |column: Column<'_>| {
        let mut lines = wrapped(column.title, room);
        let rule = "-".repeat(lines.iter().map(|line| line.width()).max().unwrap_or(0));
        lines.push(rule);
        lines.extend(wrapped(column.text.trim_end_matches('\n'), room));
        lines
    };
    let (left, right) = (lines(left), lines(right));
    let mut out = String::new();
    for at in 0..left.len().max(right.len()) {
        let (left, right) = (left.get(at), right.get(at));
        let left = left.map(String::as_str).unwrap_or_default();
        out.push_str(left);
        out.extend(std::iter::repeat_n(' ', room.saturating_sub(left.width())));
        out.push_str(GAP);
        out.push_str(right.map(String::as_str).unwrap_or_default());
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    // Wrapping began lines where the text had none.
    Plain::whole(&out)
}

/// The text in lines of at most `room` columns, broken between words where
/// there are some. Indentation at the beginning of a line is kept.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let (mut current, mut used) = (String::new(), 0);
        for word in line.replace('\t', "    ").split_inclusive(' ') {
            let wide = word.trim_end_matches(' ').width();
            if used > 0 && used + wide > room {
                lines.push(std::mem::take(&mut current).trim_end().to_owned());
                used = 0;
            }
            for c in word.chars() {
                let wide = c.width().unwrap_or(0);
                if used + wide > room {
                    // A blank at the end of a line needs no column.
                    if c == ' ' {
                        continue;
                    }
                    lines.push(std::mem::take(&mut current).trim_end().to_owned());
                    used = 0;
                }
                current.push(c);
                used += wide;
            }
        }
        lines.push(current.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_where_there_is_room_and_blocks_where_there_is_none() {
        let left = Column { title: "tuned", text: "A short answer.\n" };
        let right = Column {
            title: "base",
            text: "An answer that goes on for longer than its column is wide.\n\n  - 日本語",
        };
        assert_eq!(
            beside(left, right, Some(61)),
            "tuned                         | base\n\
             -----                         | ----\n\
             A short answer.               | An answer that goes on for\n\
             \u{20}                             | longer than its column is\n\
             \u{20}                             | wide.\n\
             \u{20}                             |\n\
             \u{20}                             |   - 日本語\n"
        );
        let under = "--- tuned\nA short answer.\n\n--- base\nAn answer that goes on for longer than \
                     its column is wide.\n\n  - 日本語\n";
        assert_eq!(beside(left, right, Some(40)), under);
        assert_eq!(beside(left, right, None), under);
    }

    #[test]
    fn no_row_becomes_a_command_by_wrapping() {
        let text =
            Plain::whole(&format!("{} ::error::x {} ##[group]x", "a".repeat(28), "b".repeat(28)));
        let column = Column { title: "t", text: &text };
        let shown = beside(column, column, Some(61));
        for row in shown.lines() {
            assert!(!row.starts_with("::") && !row.starts_with("##["), "{shown}");
        }
        assert!(
            shown.contains("\n\\u{3a}:error::x") && shown.contains("\n\\u{23}#[group]x"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_column_and_no_letter_is_lost(
            text in "[a日 \n]{0,200}",
            room in 2_usize..20,
        ) {
            let lines = wrapped(&text, room);
            for line in &lines {
                prop_assert!(line.width() <= room, "{line:?}");
            }
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
