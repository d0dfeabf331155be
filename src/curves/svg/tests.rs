//! What every picture keeps to, whatever is in it.

use proptest::prelude::*;

use super::*;
use crate::curves::tests::curves;
use crate::curves::{Curves, Point, Series};
use crate::model::Untrusted;

/// Tag names and attributes in order, if it is well-formed XML in which nothing
/// but expected elements stand.
fn elements(svg: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = Vec::new();
    let mut rest = svg;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "a stray `>`: {before}");
        let (tag, after) = after.split_once('>').expect("a tag that ends");
        assert!(!tag.contains('<'), "{tag}");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        seen.push(tag.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} is never closed");
    seen
}

fn check(svg: &str) {
    for tag in elements(svg) {
        let name = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        let known = ["svg", "title", "desc", "style", "rect", "g", "path", "text"];
        assert!(known.contains(&name.as_str()), "{tag}");
        for word in [" on", "style=", "href", "url(", "NaN", "inf"] {
            assert!(!tag.contains(word), "{tag}");
        }
    }
}

#[test]
fn a_picture_stands_alone_or_in_a_page() {
    let one =
        curves((0..100).map(|i| 3.0 - f64::from(i) * 0.02).collect(), vec![2.0, 1.5, 1.7, 1.9], 25);
    let runs = [Labeled { label: "faq", curves: &one }];
    let alone = svg(&runs, Options::default());
    check(&alone);
    assert!(alone.contains("<style>") && alone.contains("prefers-color-scheme:dark"));
    assert!(alone.contains(">best 1.5 at step 50</text>"), "{alone}");
    assert!(alone.contains(
        "faq, evaluation loss: from 2 at step 25 to 1.9 at step 100. Lowest at step 50: 1.5."
    ));
    let embedded = svg(&runs, Options { embedded: true, id: "m1", ..Options::default() });
    check(&embedded);
    assert!(
        !embedded.contains("<style") && embedded.contains("aria-labelledby=\"m1-title m1-desc\"")
    );
}

#[test]
fn nothing_is_a_picture_too() {
    let none = Curves::default();
    let text = svg(&[Labeled { label: "faq", curves: &none }], Options::default());
    check(&text);
    assert!(text.contains("No points yet"));
    check(&svg(&[], Options::default()));
}

#[test]
fn a_hundred_thousand_points_make_a_small_picture() {
    let many = curves((0..100_000).map(|i| f64::from(i % 97)).collect(), vec![], 1);
    let text = svg(&[Labeled { label: "big", curves: &many }], Options::default());
    check(&text);
    assert!(text.len() < 60_000, "{} bytes", text.len());
}

proptest! {
    #[test]
    fn no_name_and_no_value_breaks_it(
        label in any::<String>(), name in any::<String>(),
        values in prop::collection::vec((any::<i64>(), any::<f64>()), 0..30),
    ) {
        let points = values.into_iter().map(|(step, value)| Point { step, wall_time: None, value });
        let series = Series::new(Untrusted::new(name), points.collect(), false);
        let some = Curves { series: vec![series] };
        let run = Labeled { label: &label, curves: &some };
        check(&svg(&[run, run], Options::default()));
    }
}
