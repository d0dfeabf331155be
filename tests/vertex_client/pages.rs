//! Listings: every page, or an error.

use std::collections::BTreeSet;

use retune::model::{JobName, JobState};
use retune::vertex::{Keep, ReadError, Vertex};

use crate::server::{Server, Step, bytes, ok, reply};
use crate::{OURS, client, job, job_name, place};

fn retune() -> Keep {
    Keep::Retune { adopted: BTreeSet::new() }
}

fn page(jobs: &[String], next: Option<&str>) -> String {
    let next = next.map(|token| format!(r#","nextPageToken":"{token}""#)).unwrap_or_default();
    format!(r#"{{"tuningJobs":[{}]{next}}}"#, jobs.join(","))
}

#[tokio::test]
async fn all_pages_are_read_and_foreign_jobs_counted() {
    let ours = job("1", OURS, "JOB_STATE_RUNNING");
    let foreign = job("2", r#""managed-by":"terraform""#, "JOB_STATE_RUNNING");
    let adopted = job("3", "", "JOB_STATE_SUCCEEDED");
    let server = Server::start([
        ok(&page(&[ours, foreign.clone()], Some("a/b+c="))),
        // A page may be empty and still have a successor.
        ok(r#"{"nextPageToken":"two"}"#),
        ok(&page(&[adopted, foreign], None)),
    ])
    .await;
    let client = client(&server);
    // The manifest writes the project's id, the listing its number.
    let by_id = JobName::new("acme", "us-central1", "3");
    let keep = Keep::Retune { adopted: BTreeSet::from([by_id]) };
    let listing = client.list(&place(), &keep).await.unwrap();

    let ids: Vec<_> = listing.jobs.iter().map(|job| job.name.id()).collect();
    assert_eq!((ids, listing.foreign, listing.pages), (vec!["1", "3"], 2, 3));
    assert_eq!(listing.jobs[0].place, place());
    assert_eq!(listing.date.unwrap().to_string(), "2026-11-22T12:00:00Z");
    let path = "/v1/projects/acme/locations/us-central1/tuningJobs?pageSize=100";
    assert_eq!(
        server.lines(),
        [
            format!("GET {path} HTTP/1.1"),
            format!("GET {path}&pageToken=a%2Fb%2Bc%3D HTTP/1.1"),
            format!("GET {path}&pageToken=two HTTP/1.1"),
        ]
    );
    let first = &server.requests()[0];
    assert_eq!(first.header("accept"), Some("application/json"));
    assert_eq!(first.header("accept-encoding"), Some("gzip"));
    assert!(first.header("user-agent").unwrap().starts_with("retune/"));
    assert_eq!((first.header("authorization"), first.body.as_str()), (None, ""));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_empty_place_answers_an_empty_object() {
    let server = Server::start([ok("{}")]).await;
    let listing = client(&server).list(&place(), &Keep::All).await.unwrap();
    assert_eq!((listing.jobs.len(), listing.foreign), (0, 0));
}

#[tokio::test]
async fn a_job_that_moved_between_pages_is_one_job_as_last_seen() {
    let server = Server::start([
        ok(&page(&[job("1", OURS, "JOB_STATE_RUNNING")], Some("t"))),
        ok(&page(&[job("1", OURS, "JOB_STATE_SUCCEEDED")], None)),
    ])
    .await;
    let listing = client(&server).list(&place(), &retune()).await.unwrap();
    assert_eq!(listing.jobs.len(), 1);
    assert_eq!(listing.jobs[0].state, JobState::Succeeded);
}

#[tokio::test]
async fn a_listing_that_loses_a_page_is_incomplete() {
    let first = || ok(&page(&[job("1", OURS, "JOB_STATE_RUNNING")], Some("t")));
    let cut = page(&[job("2", OURS, "JOB_STATE_RUNNING")], None);
    for lost in [
        reply(403, &[], "{}"),
        reply(404, &[("content-type", "text/html")], "<html>"),
        ok(&cut[..cut.len() - 3]),
        ok("[]"),
        ok("null"),
        ok("<html>please log in</html>"),
        ok(r#"{"error":{"code":500}}"#),
        ok(r#"{"unreachable":["projects/1/locations/eu"]}"#),
        ok(r#"{"tuningJobs":[],"nextPageToken":7}"#),
        ok(r#"{"tuningJobs":[{"name":"nonsense","labels":{"managed-by":"retune"}}]}"#),
        ok(""),
    ] {
        let server = Server::start([first(), lost]).await;
        let error = client(&server).list(&place(), &retune()).await.unwrap_err();
        assert!(matches!(error, ReadError::Incomplete { page: 2, .. }), "{error:?}");
        assert_eq!(server.lines().len(), 2);
    }
}

#[tokio::test]
async fn page_tokens_that_repeat_are_an_error_and_no_loop() {
    let again = |token| ok(&page(&[], Some(token)));
    let server = Server::start([again("a"), again("b"), again("a")]).await;
    let error = client(&server).list(&place(), &retune()).await.unwrap_err();
    assert!(matches!(error, ReadError::Endless { .. }), "{error:?}");
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_token_longer_than_any_address_is_an_error() {
    // Longer than a request line can be; nothing of it is sent.
    let giant = "x".repeat(100_000);
    let server = Server::start([ok(&page(&[], Some(&giant)))]).await;
    let error = client(&server).list(&place(), &Keep::All).await.unwrap_err();
    assert!(matches!(error, ReadError::Incomplete { page: 2, .. }), "{error:?}");
    assert!(crate::told(&error).len() < 1000, "{} bytes", crate::told(&error).len());
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn what_is_new_in_the_api_is_tolerated() {
    let body = format!(
        r#"{{"newList":[{{"a":[1,{{}}]}}],"tuningJobs":[
            {{"name":"{}","labels":{{{OURS},"odd":7}},"state":"JOB_STATE_DREAMING","unheardOf":{{"x":[null]}},
              "createTime":"yesterday","error":"none","tunedModel":[],
              "supervisedTuningSpec":{{"trainingDatasetUri":"gs://b/t.jsonl","tuningMode":"TUNING_MODE_NEW",
                "hyperParameters":{{"epochCount":4,"adapterSize":"ADAPTER_SIZE_SIXTY_FOUR","learningRateMultiplier":1}}}}}},
            {{"name":"{}","labels":{{{OURS}}},"state":12}},
            {{"name":"{}","labels":{{{OURS}}}}}
        ]}}"#,
        job_name("1"),
        job_name("2"),
        job_name("3"),
    );
    let server = Server::start([ok(&body)]).await;
    let listing = client(&server).list(&place(), &retune()).await.unwrap();
    let [first, second, third] = &listing.jobs[..] else { panic!("{listing:?}") };
    assert!(matches!(&first.state, JobState::Unknown(name) if name.raw() == "JOB_STATE_DREAMING"));
    let spec = first.echo.supervised_tuning_spec.as_ref().unwrap();
    let hyper = spec.hyper_parameters.as_ref().unwrap();
    assert_eq!((hyper.epoch_count, hyper.adapter_size), (Some(4), None));
    assert_eq!(hyper.learning_rate_multiplier, Some(1.0));
    assert_eq!((first.create_time, &first.error, &first.tuned_model), (None, &None, &None));
    assert_eq!(first.stamp.as_ref().unwrap().name.as_str(), "faq");
    assert!(matches!(&second.state, JobState::Unknown(number) if number.raw() == "12"));
    assert_eq!(third.state, JobState::Absent);
}

#[tokio::test]
async fn no_page_is_larger_than_the_cap_before_or_after_decompression() {
    let huge = "a".repeat(17 * 1024 * 1024);
    let plain = format!(r#"{{"x":"{huge}"}}"#);
    let bomb = crate::server::bytes(200, &[("content-encoding", "gzip")], &gzip(plain.as_bytes()));
    assert!(bomb.len() < 200_000);
    for (name, page) in [("plain", bytes(200, &[], plain.as_bytes())), ("bomb", bomb)] {
        // The client goes away in the middle, so the server must not mind.
        let server = Server::start([Step::ReplyThenClose(page)]).await;
        let error = client(&server).list(&place(), &retune()).await.unwrap_err();
        assert!(crate::told(&error).contains("longer than 16 MiB"), "{name}: {error:?}");
        assert_eq!(server.lines().len(), 1, "{name}");
    }
    let small = bytes(200, &[("content-encoding", "gzip")], &gzip(b"{}"));
    let server = Server::start([Step::Reply(small)]).await;
    assert!(client(&server).list(&place(), &retune()).await.is_ok());
}

/// Runs of one byte, compressed: a fixed-Huffman gzip writer for tests is
/// shorter than a dependency.
fn gzip(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(1, 1);
    bits.put(1, 2);
    let mut at = 0;
    while at < data.len() {
        let run = match at {
            0 => 0,
            _ => data[at..].iter().take(258).take_while(|&&b| b == data[at - 1]).count(),
        };
        if run == 258 {
            // Length 258 is code 285 (eight bits, no extra), distance 1 is code 0.
            bits.code(0b1100_0101, 8);
            bits.code(0, 5);
            at += 258;
        } else {
            match data[at] {
                byte @ 0..=143 => bits.code(0x30 + u32::from(byte), 8),
                byte => bits.code(0x190 + u32::from(byte) - 144, 9),
            }
            at += 1;
        }
    }
    bits.code(0, 7);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(bits.finish());
    out.extend(crc32(data).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out
}

#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    last: u32,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.last |= value << self.used;
        self.used += count;
        while self.used >= 8 {
            self.out.push(self.last as u8);
            self.last >>= 8;
            self.used -= 8;
        }
    }

    /// Huffman codes go in with their first bit first.
    fn code(&mut self, code: u32, count: u32) {
        for bit in (0..count).rev() {
            self.put(code >> bit & 1, 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.out
    }
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
