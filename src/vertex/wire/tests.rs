//! No answer, however broken, is read as something it is not.

use serde_json::{Value, json};

use super::*;
use crate::model::{JobState, Phase, Place};
use crate::vertex::Keep;
use crate::vertex::known::Common;

fn place() -> Place {
    Place::new("acme", "us-central1")
}

const PAGE: &str = include_str!("../../../tests/data/examples/list_tuning_jobs.page1.json");
const JOB: &str = include_str!("../../../tests/data/examples/tuning_job.succeeded.json");
const CONTINUED: &str =
    include_str!("../../../tests/data/examples/tuning_job.succeeded_continuous.json");

#[test]
fn no_part_of_a_page_is_taken_for_the_page() {
    let whole = PAGE.trim_end().as_bytes();
    for end in 0..whole.len() {
        let part = &whole[..end];
        assert!(page(part, &place(), &Sieve::All, &mut Common::default()).is_err(), "{end}");
        assert_eq!(next_token(part), None);
    }
    assert!(
        page(whole, &place(), &Sieve::All, &mut Common::default())
            .is_ok_and(|page| page.next.is_some())
    );
}

/// Every place in a value, as a JSON pointer.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let mut visit = |key: String, inner: &Value| {
        let key = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(inner, &key, all);
        all.push(key);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| visit(key.clone(), inner)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| visit(i.to_string(), v)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_field_of_a_wrong_type_costs_that_field_and_no_decision() {
    for example in [JOB, CONTINUED] {
        let whole: Value = serde_json::from_str(example).unwrap();
        let intact = job(example.as_bytes(), &place()).unwrap();
        let mut all = Vec::new();
        pointers(&whole, "", &mut all);
        assert!(all.len() > 20);
        for pointer in all {
            for odd in [
                json!(null),
                json!(true),
                json!(-1.5),
                json!("\u{1b}"),
                json!([1]),
                json!({"x": 1}),
            ] {
                let mut broken = whole.clone();
                *broken.pointer_mut(&pointer).unwrap() = odd.clone();
                let read = job(broken.to_string().as_bytes(), &place());
                if pointer == "/name" {
                    assert_eq!(read, Err(WireError::Name), "{odd}");
                    continue;
                }
                let read = read.expect(&pointer);
                assert_eq!(read.name, intact.name);
                if pointer == "/state" {
                    assert_eq!(read.phase(), Phase::Unclear, "{odd}");
                    assert_eq!(read.state == JobState::Absent, odd.is_null());
                } else {
                    assert_eq!(read.phase(), intact.phase(), "{pointer}: {odd}");
                }
            }
        }
    }
}

#[test]
fn what_lasts_is_all_but_checkpoints_and_experiment() {
    let body = format!(r#"{{"tuningJobs":[{JOB}]}}"#);
    let read = |keep: &Keep| {
        let page = page(body.as_bytes(), &place(), &Sieve::new(keep), &mut Common::default());
        page.unwrap().kept.remove(0)
    };
    let mut whole = read(&Keep::Retune { adopted: [].into() });
    let made = whole.tuned_model.as_mut().unwrap();
    assert!(!std::mem::take(&mut made.checkpoints).is_empty());
    assert!(whole.experiment.take().is_some());
    assert_eq!(read(&Keep::Lasting { adopted: [].into() }), whole);
}
