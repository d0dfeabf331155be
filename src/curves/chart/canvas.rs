//! A grid of terminal cells with eight dots each.

use anstyle::Style;

/// The dots of a cell: two columns of four, in the order of Unicode's Braille.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// Those of its upper half.
const UPPER: u8 = 0x01 | 0x02 | 0x08 | 0x10;

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    dots: u8,
    mark: Option<char>,
    /// Whose it is: the last line that was drawn through it.
    paint: usize,
}

pub(super) struct Canvas {
    columns: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![Cell::default(); columns * rows] }
    }

    /// A straight line from dot to dot.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize), paint: usize) {
        let across = to.0.abs_diff(from.0);
        let down = to.1.abs_diff(from.1);
        let length = across.max(down);
        for at in 0..=length {
            let along = |from: usize, to: usize| {
                let part = if length == 0 { 0.0 } else { at as f64 / length as f64 };
                (from as f64 + (to as f64 - from as f64) * part).round() as usize
            };
            self.dot(along(from.0, to.0), along(from.1, to.1), paint);
        }
    }

    fn dot(&mut self, x: usize, y: usize, paint: usize) {
        let bit = DOTS.get(x % 2).and_then(|column| column.get(y % 4)).copied().unwrap_or(0);
        if let Some(cell) = self.cell(x / 2, y / 4) {
            cell.dots |= bit;
            cell.paint = paint;
        }
    }

    /// A letter in a cell, over whatever is there.
    pub(super) fn mark(&mut self, (column, row): (usize, usize), mark: char, paint: usize) {
        if let Some(cell) = self.cell(column, row) {
            cell.mark = Some(mark);
            cell.paint = paint;
        }
    }

    fn cell(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        if column >= self.columns {
            return None;
        }
        self.cells.get_mut(row * self.columns + column)
    }

    /// A row as text, each stretch of a paint in its style.
    pub(super) fn row(&self, row: usize, ascii: bool, style: impl Fn(usize) -> Style) -> String {
        let start = row * self.columns;
        let cells = self.cells.get(start..start + self.columns).unwrap_or_default();
        let mut out = String::new();
        let looks = |cell: &Cell| cell.mark.is_some() || cell.dots != 0;
        let same = |a: &Cell, b: &Cell| {
            looks(a) == looks(b)
                && (!looks(a) || (a.paint == b.paint && a.mark.is_some() == b.mark.is_some()))
        };
        for part in cells.chunk_by(same) {
            let text: String = part.iter().map(|cell| cell.letter(ascii)).collect();
            match part.first() {
                Some(cell) if looks(cell) => {
                    let style = style(cell.paint);
                    let style = if cell.mark.is_some() { style.bold() } else { style };
                    out.push_str(&format!("{style}{text}{style:#}"));
                }
                _ => out.push_str(&text),
            }
        }
        out
    }
}

impl Cell {
    fn letter(&self, ascii: bool) -> char {
        match (self.mark, self.dots) {
            (Some(mark), _) => mark,
            (None, 0) => ' ',
            (None, dots) if ascii => match (dots & UPPER != 0, dots & !UPPER != 0) {
                (true, true) => ':',
                (true, false) => '\'',
                _ => '.',
            },
            (None, dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or('.'),
        }
    }
}
