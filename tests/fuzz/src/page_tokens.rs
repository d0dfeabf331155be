//! A listing, page after page, from a service that may do anything: it is
//! complete and without duplicates or it is an error, and it ends.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use retune::fuzzing;
use retune::model::{JobState, Place};
use retune::vertex::Keep;

use super::bytes::Bytes;

/// The pages that a listing may have, and the one that is asked for while the
/// last of them is read.
const MOST: usize = 10_001;

/// What one page was, told by the one who wrote it.
struct Page {
    /// Id, whether it is ours, and state.
    jobs: Vec<(String, bool, &'static str)>,
    next: Next,
}

enum Next {
    Token(String),
    End,
    /// The page must make an error of the listing.
    Broken,
}

#[derive(Default)]
struct Service {
    asked: Vec<Option<String>>,
    served: Vec<Page>,
}

/// Checks the listing of a service that `data` drives.
pub fn check(data: &[u8]) {
    // A service that never runs out of new tokens: few inputs, for it takes
    // ten thousand pages to give it up.
    let endless = data.len() <= 2 && data.first() == Some(&0xff);
    let bytes = RefCell::new(Bytes::new(data));
    let service = RefCell::new(Service::default());
    let answer = |token: Option<&str>| {
        let mut service = service.borrow_mut();
        service.asked.push(token.map(str::to_owned));
        assert!(service.asked.len() <= MOST, "it goes on and on");
        let (page, body) = page(&mut bytes.borrow_mut(), service.asked.len(), endless);
        service.served.push(page);
        body
    };
    let place = Place::new("acme", "us-central1");
    let keep = Keep::Retune { adopted: BTreeSet::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let listed = runtime.block_on(fuzzing::listing(answer, &place, &keep));
    let Service { asked, served } = service.into_inner();

    // Each request carries the token of the page before, and nothing else.
    let mut expected = Expected::default();
    for (i, (token, page)) in asked.iter().zip(&served).enumerate() {
        let before = i.checked_sub(1).map(|i| &served[i].next);
        match before {
            None => assert_eq!(token, &None),
            Some(Next::Token(next)) => assert_eq!(token.as_ref(), Some(next)),
            // The next page is on its way while this one is read.
            Some(Next::Broken) if i + 1 == asked.len() => {}
            Some(Next::End | Next::Broken) => panic!("asked on after the end"),
        }
        expected.read(page);
    }
    match (listed, expected.complete) {
        (Ok(listing), true) => {
            let found: BTreeMap<String, JobState> = listing
                .jobs
                .iter()
                .map(|job| (job.name.id().to_owned(), job.state.clone()))
                .collect();
            assert_eq!(found.len(), listing.jobs.len(), "a job came twice");
            assert_eq!(found, expected.jobs);
            assert_eq!(listing.foreign, expected.foreign);
        }
        (Err(_), false) => {}
        (Ok(listing), false) => panic!("{} jobs of an incomplete listing", listing.jobs.len()),
        (Err(why), true) => panic!("a complete listing was refused: {why}"),
    }
}

/// The truth, from what was served.
#[derive(Default)]
struct Expected {
    jobs: BTreeMap<String, JobState>,
    foreign: u64,
    seen: BTreeSet<String>,
    repeated: bool,
    broken: bool,
    complete: bool,
}

impl Expected {
    fn read(&mut self, page: &Page) {
        for (id, ours, state) in &page.jobs {
            if *ours {
                self.jobs.insert(id.clone(), JobState::from_wire(state));
            } else {
                self.foreign += 1;
            }
        }
        match &page.next {
            Next::Token(token) => self.repeated |= !self.seen.insert(token.clone()),
            Next::Broken => self.broken = true,
            Next::End => {}
        }
        self.complete = matches!(page.next, Next::End) && !self.repeated && !self.broken;
    }
}

const LABELS: &str = r#""managed-by":"retune","retune-owner":"acme","retune-name":"faq""#;

/// One page, as it is and as it is sent.
fn page(bytes: &mut Bytes<'_>, number: usize, endless: bool) -> (Page, Vec<u8>) {
    let mut jobs = Vec::new();
    let mut list = Vec::new();
    for _ in 0..bytes.below(4) {
        let id = bytes.below(5).to_string();
        let ours = bytes.below(4) > 0;
        let state = *[&"JOB_STATE_RUNNING", &"JOB_STATE_SUCCEEDED", &"JOB_STATE_X"][bytes.below(3)];
        let labels = if ours { LABELS } else { "" };
        list.push(format!(
            r#"{{"name":"projects/1/locations/us-central1/tuningJobs/{id}","labels":{{{labels}}},"state":"{state}"}}"#
        ));
        jobs.push((id, ours, state));
    }
    let list = match (list.is_empty(), bytes.coin()) {
        (true, true) => String::new(),
        _ => format!(r#""tuningJobs":[{}]"#, list.join(",")),
    };
    let (next, written) = if endless && bytes.is_empty() {
        (Next::Token(format!("t{number}")), format!(r#""nextPageToken":"t{number}""#))
    } else {
        token(bytes)
    };
    let mut parts = vec![list, written];
    if bytes.coin() {
        parts.reverse();
    }
    parts.retain(|part| !part.is_empty());
    let mut body = format!("{{{}}}", parts.join(","));
    let mut next = next;
    // Now and then the page does not come whole, or says that it is none.
    match bytes.below(32) {
        1 => {
            body.pop();
            next = Next::Broken;
        }
        2 => {
            body = r#"{"error":{"code":500}}"#.to_owned();
            next = Next::Broken;
        }
        3 => {
            let comma = if body == "{}" { "" } else { "," };
            body = body.replacen('{', &format!(r#"{{"unreachable":["eu"]{comma}"#), 1);
            next = Next::Broken;
        }
        4 => body = body.replacen('{', " {\n", 1) + "\n ",
        _ => {}
    }
    if matches!(next, Next::Broken) {
        jobs.clear();
    }
    (Page { jobs, next }, body.into_bytes())
}

/// What the page says of the next one.
fn token(bytes: &mut Bytes<'_>) -> (Next, String) {
    let member = |token: &str| format!(r#""nextPageToken":{}"#, serde_json::json!(token));
    match bytes.below(12) {
        0..3 => (Next::End, String::new()),
        3 => (Next::End, r#""nextPageToken":"""#.to_owned()),
        4 => (Next::End, r#""nextPageToken":null"#.to_owned()),
        5 => (Next::Broken, r#""nextPageToken":7"#.to_owned()),
        6 => (Next::Broken, r#""nextPageToken":"a","nextPageToken":"b""#.to_owned()),
        7 => {
            let giant = "x".repeat(1 + 300 * bytes.below(256));
            (Next::Token(giant.clone()), member(&giant))
        }
        8 => (Next::Token("é".to_owned()), r#""nextPageToken":"\u00e9""#.to_owned()),
        // From a handful, so that it repeats.
        9 => {
            let token = bytes.below(4).to_string();
            (Next::Token(token.clone()), member(&token))
        }
        _ => match bytes.text() {
            token if token.is_empty() => (Next::End, String::new()),
            token => (Next::Token(token.clone()), member(&token)),
        },
    }
}
