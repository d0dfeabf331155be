//! Listings by label: what is asked for, and what is made of a service that
//! honours the filter, ignores it or refuses it.

use std::collections::BTreeSet;

use retune::emulator::{self, Options};
use retune::model::{Listing, Name};
use retune::vertex::{CreateOutcome, Keep, ReadError, Vertex};
use serde_json::json;

use crate::server::{Server, ok, reply};
use crate::{Notes, OURS, client, client_at, job, place};

fn owner() -> Name {
    "acme".parse().unwrap()
}

fn retune() -> Keep {
    Keep::Retune { adopted: BTreeSet::new() }
}

fn owners(listing: &Listing) -> Vec<&str> {
    let stamps = listing.jobs.iter().filter_map(|job| job.stamp.as_ref());
    let mut owners: Vec<_> = stamps.map(|stamp| stamp.owner.as_str()).collect();
    owners.sort_unstable();
    owners
}

#[tokio::test]
async fn every_page_is_asked_for_with_the_filter() {
    let first = format!(
        r#"{{"tuningJobs":[{}],"nextPageToken":"two"}}"#,
        job("1", OURS, "JOB_STATE_RUNNING")
    );
    let server = Server::start([ok(&first), ok("{}")]).await;
    let listing = client(&server).list_ours(&place(), &owner(), &retune()).await.unwrap().unwrap();
    assert_eq!((listing.jobs.len(), listing.pages), (1, 2));
    let path = "/v1/projects/acme/locations/us-central1/tuningJobs?pageSize=100&filter=\
                labels.managed-by%3D%22retune%22+AND+labels.retune-owner%3D%22acme%22";
    assert_eq!(
        server.lines(),
        [format!("GET {path} HTTP/1.1"), format!("GET {path}&pageToken=two HTTP/1.1")]
    );
}

#[tokio::test]
async fn no_filter_is_no_error_and_an_error_is_no_answer_about_filters() {
    let more = || ok(r#"{"nextPageToken":"two"}"#);
    let refused = || reply(400, &[], r#"{"error":{"code":400,"status":"INVALID_ARGUMENT"}}"#);
    for script in [vec![refused()], vec![more(), refused()], vec![reply(501, &[], "{}")]] {
        let server = Server::start(script).await;
        let listing = client(&server).list_ours(&place(), &owner(), &retune()).await;
        assert!(matches!(listing, Ok(None)), "{listing:?}");
    }
    for script in [vec![reply(403, &[], "{}")], vec![more(), ok("{")]] {
        let server = Server::start(script).await;
        let listing = client(&server).list_ours(&place(), &owner(), &retune()).await;
        assert!(
            matches!(listing, Err(ReadError::Forbidden { .. } | ReadError::Incomplete { .. })),
            "{listing:?}"
        );
    }
}

#[tokio::test]
async fn the_emulator_honours_ignores_and_refuses_it() {
    let running = emulator::start(Options::default(), Notes::default()).await.unwrap();
    let (client, _) = client_at(running.url());
    for owner in ["acme", "other", ""] {
        let mut body = json!({
            "baseModel": "gemini-2.5-flash",
            "supervisedTuningSpec": {"trainingDatasetUri": "gs://retune-samples/support-faq/train.jsonl"},
        });
        if !owner.is_empty() {
            body["labels"] = json!({
                "managed-by": "retune", "retune-owner": owner, "retune-name": "faq",
                "retune-spec": "c1-0", "retune-rerun": "0", "retune-attempt": "1",
            });
        }
        let outcome = client.create(&place(), &body).await;
        assert!(matches!(outcome, CreateOutcome::Created(_)), "{outcome:?}");
    }
    let ours = async || client.list_ours(&place(), &owner(), &retune()).await.unwrap();

    let listing = ours().await.unwrap();
    assert_eq!((owners(&listing), listing.foreign), (vec!["acme"], 0));
    running.faults().add("list-jobs:filter-ignored".parse().unwrap()).unwrap();
    let listing = ours().await.unwrap();
    assert_eq!((owners(&listing), listing.foreign), (vec!["acme", "other"], 1));
    running.faults().clear();
    running.faults().add("list-jobs@retune-owner:refuse=400".parse().unwrap()).unwrap();
    assert_eq!(ours().await, None);
    // Only the filter is refused.
    assert_eq!(owners(&client.list(&place(), &retune()).await.unwrap()), ["acme", "other"]);
}
