//! Columns for people: padded, never cut, since names are what one copies.

use unicode_width::UnicodeWidthStr;

use crate::plan::show::wrapped;

/// Rows under a heading, two spaces between columns, the last one ragged. With
/// the terminal's `width`, that one is wrapped where there is room to.
pub(super) fn table<const N: usize>(
    heading: [&str; N],
    rows: &[[String; N]],
    width: Option<usize>,
) -> String {
    let mut widths = heading.map(UnicodeWidthStr::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut out = String::new();
    let mut line = |cells: [&str; N]| {
        let mut text = String::new();
        for (column, (cell, padded)) in cells.iter().zip(widths).enumerate() {
            if column + 1 == N {
                text.push_str(&wrapped(cell, text.width(), width));
                break;
            }
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', (padded + 2).saturating_sub(cell.width())));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(heading);
    for row in rows {
        line(row.each_ref().map(String::as_str));
    }
    out
}
