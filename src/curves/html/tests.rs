//! What the page keeps to; how it looks, a browser is asked.

use super::super::tests::curves;
use super::*;
use crate::curves::{Missing, Point};
use crate::model::JobState;

fn run(label: &str, curves: Result<Curves, Missing>) -> Run {
    Run {
        label: label.to_owned(),
        name: None,
        job: "projects/1/locations/l/tuningJobs/2".parse().ok(),
        state: Some(JobState::Running),
        experiment: None,
        validation: true,
        checkpoints: Vec::new(),
        curves,
    }
}

#[test]
fn the_policy_allows_its_own_style_and_nothing_else() {
    let page = html(&[run("faq", Err(Missing::NoSeries))], &Selection::Usual, true);
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    assert!(page.contains(&format!("content=\"default-src 'none'; style-src 'sha256-{hash}'; ")));
    assert!(!rest.contains("<style") && !page.contains("<script"));
    assert!(page.contains("<h1>Training curves (emulator)</h1>"));
    assert!(
        page.contains("<li class=\"noSeries\">No curves yet: nothing was measured so far.</li>")
    );
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</title><script>alert(1)</script>\u{202e}\u{1b}[2J\"'&";
    let mut some = curves(vec![1.0, f64::NAN, 0.5], vec![0.9], 3);
    let point = Point { step: 1, wall_time: None, value: 1.0 };
    some.series.push(Series::new(Untrusted::new(hostile), vec![point], false));
    let page = html(&[run(hostile, Ok(some))], &Selection::All, false);
    assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_eq!(page.matches("<figure>").count(), 2);
}

#[test]
fn the_table_has_every_evaluation() {
    let one = run("faq", Ok(curves(vec![1.0; 20], vec![0.9, 0.7], 10)));
    let page = html(std::slice::from_ref(&one), &Selection::Usual, false);
    assert!(page.contains("<tr><th scope=\"row\">20</th><td>0.7</td></tr>"), "{page}");
    let other = run("router", Ok(curves(vec![1.0; 20], vec![0.8], 20)));
    let page = html(&[one, other], &Selection::Usual, false);
    assert!(page.contains("<tr><th scope=\"row\">10</th><td>0.9</td><td></td></tr>"), "{page}");
}
