//! Charts as they are seen, without colour.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::tests::{curves, noise};
use super::super::{Curves, Point, Series};
use super::*;
use crate::model::Untrusted;

/// Without escape sequences, as a pipe gets it.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn falling(floor: f64, steps: u32) -> Curves {
    let fall = |step: f64| floor + 2.2 * (-step / f64::from(steps) * 5.0).exp();
    let train = (0..steps).map(|step| fall(f64::from(step))).collect();
    let eval: Vec<f64> = (1..=8)
        .map(|epoch| {
            let learned = fall(f64::from(epoch * steps / 8)) + 0.15;
            learned + 0.06 * f64::from(epoch).max(4.0)
        })
        .collect();
    curves(noise(train, 0.05, 7), eval, i64::from(steps / 8))
}

const LOOK: Look = Look { width: 80, rows: 12, ascii: false };

#[test]
fn of_one_run() {
    let one = falling(0.4, 400);
    let text = chart(&[Labeled { label: "faq", curves: &one }], &Selection::Usual, LOOK);
    assert_snapshot!(plain(&text), @r#"
    Total loss
       3 ┤
         │⣀
         │⠉⠱⢄
         │   ⠙⢄⡀
       2 ┤     ⠙⢦⡀ ●
         │       ⠈⠳⢄⡀
         │          ⠈⠓⠦⢄⡀   ●
       1 ┤              ⠈⠙⠲⠤⣀⡀       ●                                    ●        ●
         │                   ⠈⠉⠓⠒⠢⠤⢄⣀⣀        ●         ★        ●
         │                           ⠈⠉⠉⠉⠒⠒⠒⠒⠢⠤⠤⠤⠤⢤⣀⣀⣀⣀⣀⣀⣀⣀
         │                                                ⠈⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠓⠒⠒⠒
       0 ┤
         └──────────────────┬─────────────────┬──────────────────┬─────────────────┬
    step                   100               200                300              400
    ⠤⠒⠉ training loss, smoothed   ● evaluation loss   ★ best: 0.9467 at step 250
    "#);
    let ascii = Look { ascii: true, ..LOOK };
    let text = chart(&[Labeled { label: "faq", curves: &one }], &Selection::Usual, ascii);
    assert!(text.is_ascii());
    assert_snapshot!(plain(&text), @r#"
    Total loss
       3 +
         |.
         |':.
         |   '..
       2 +     ':. o
         |       ':..
         |          '':..   o
       1 +              '':...       o                                    o        o
         |                   '''':....        o         *        o
         |                           '''''''':.............
         |                                                ''''''''''''''''''''''''''
       0 +
         +------------------+-----------------+------------------+-----------------+
    step                   100               200                300              400
    .:' training loss, smoothed   o evaluation loss   * best: 0.9467 at step 250
    "#);
}

#[test]
fn of_several_runs() {
    let (one, other) = (falling(0.4, 400), falling(0.7, 300));
    let runs =
        [Labeled { label: "faq", curves: &one }, Labeled { label: "router", curves: &other }];
    assert_snapshot!(plain(&chart(&runs, &Selection::Usual, LOOK)), @r#"
    Total loss
       3 ┤⣀
         │⣉⠳⡄
         │⠉⠱a⢣⡀ B
         │   ⠙⢝⣦⡀
       2 ┤     ⠙⢿b⡀A
         │       ⠈⠻⢶⣄⡀ B
         │          ⠈⠛⠷⢦⣤⣀  A B      B      B     B      B      B
       1 ┤              ⠈⠙⠻⠶⣢a⣄⣀⣀    A                                    A        A
         │                   ⠈⠉⠓⠒⠫b⢕⣒⣒⠶⠤⠤⠤⠤⠤⢤⣀A⣀⣀⣀⣀b⣀⣀⣀⣀A        A
         │                           ⠈⠉⠉⠉⠒⠒⠒⠒⠢a⠤⠤⠤⢤⣀⣀⣀⣀⣀⣉⣉⣉⠉⠉⠉⠉⠉⠉⠁
         │                                                ⠈⠉⠉⠉⠉a⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉a⠒⠒⠒
       0 ┤
         └──────────────────┬─────────────────┬──────────────────┬─────────────────┬
    step                   100               200                300              400
    A faq: best 0.9467 at step 250   B router: best 1.247 at step 185
    (small: training; capital: evaluation)
    "#);
}

#[test]
fn nothing_draws_nothing() {
    let none = Curves::default();
    let run = Labeled { label: "x", curves: &none };
    assert_eq!(chart(&[run], &Selection::All, LOOK), "");
}

proptest! {
    #[test]
    fn no_row_is_too_wide_whatever_the_values(
        values in prop::collection::vec((any::<i64>(), any::<f64>()), 1..40),
        width in 40usize..220, rows in 1usize..30, ascii: bool, name in "\\PC{0,12}",
    ) {
        let points = values.into_iter().map(|(step, value)| Point { step, wall_time: None, value });
        let points: Vec<Point> = points.collect();
        let series = |name: &str| Series::new(Untrusted::new(name), points.clone(), false);
        let some = Curves { series: vec![series("/train_total_loss"), series("/eval_total_loss")] };
        let run = Labeled { label: &name, curves: &some };
        let text = plain(&chart(&[run, run], &Selection::Usual, Look { width, rows, ascii }));
        // A legend's entry is as long as a name is.
        for row in text.lines().filter(|row| !row.contains("best") && !row.contains("not a")) {
            prop_assert!(row.width() <= width, "{row:?}");
        }
    }
}
