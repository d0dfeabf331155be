//! Creates and cancels: written at most once, and every answer has one meaning.

use retune::model::{
    AdapterSize, CreateRequest, EncryptionSpec, HyperParameters, Key, Lifecycle, PreTunedModel,
    PreferenceHyperParameters, PreferenceOptimizationSpec, Source, SupervisedTuningSpec,
    TuningSpec, Wanted,
};
use retune::vertex::{CancelOutcome, CreateOutcome, Vertex};
use serde_json::{Value, json};

use crate::server::{Server, Step, bytes, ok, reply};
use crate::{client, client_at, job, job_name, place, verified};

fn body() -> Value {
    json!({"baseModel": "gemini-2.5-flash", "labels": {"managed-by": "retune"}})
}

/// The outcome in one word, with the status of a refusal.
fn word(outcome: &CreateOutcome) -> String {
    match outcome {
        CreateOutcome::Created(job) => format!("created {}", job.name.id()),
        CreateOutcome::Refused(refusal) => format!("refused {}", refusal.status),
        CreateOutcome::Throttled(refusal) => format!("throttled {:?}", refusal.retry_after),
        CreateOutcome::OutcomeUnknown(_) => "unknown".to_owned(),
    }
}

fn cancel_word(outcome: &CancelOutcome) -> String {
    match outcome {
        CancelOutcome::Requested => "requested".to_owned(),
        CancelOutcome::AlreadyEnded => "already ended".to_owned(),
        CancelOutcome::Refused(refusal) => format!("refused {}", refusal.status),
        CancelOutcome::OutcomeUnknown(_) => "unknown".to_owned(),
    }
}

#[tokio::test]
async fn a_create_is_one_post_of_the_body_as_it_stands() {
    let answer = include_str!("../data/examples/tuning_job.create_response.json");
    let server = Server::start([ok(answer)]).await;
    let outcome = client(&server).create(&place(), &body()).await;
    assert_eq!(word(&outcome), "created 4303478340632707001");
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /v1/projects/acme/locations/us-central1/tuningJobs HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(
        request.body,
        r#"{"baseModel":"gemini-2.5-flash","labels":{"managed-by":"retune"}}"#
    );
}

#[tokio::test]
async fn every_answer_to_a_create_has_one_meaning() {
    let created = job("1", "", "JOB_STATE_PENDING");
    let quota = include_str!("../data/examples/error.429.quota.json");
    let mut table: Vec<(Step, &str)> = vec![
        (ok(&created), "created 1"),
        (reply(201, &[], &created), "created 1"),
        (ok(&created[..created.len() - 1]), "unknown"),
        (ok(r#"{"state":"JOB_STATE_PENDING"}"#), "unknown"),
        (ok(r#"{"name":"operations/1"}"#), "unknown"),
        (ok("{}"), "unknown"),
        (ok(""), "unknown"),
        (ok("<html>ok</html>"), "unknown"),
        (reply(204, &[], ""), "unknown"),
        (reply(429, &[], quota), "throttled Some(13s)"),
        (reply(429, &[("retry-after", "5")], ""), "throttled Some(5s)"),
        (Step::CloseUnread, "unknown"),
        (Step::CloseSilently, "unknown"),
        (Step::ReplyThenClose(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), "unknown"),
        (Step::ReplyThenClose(bytes(200, &[("content-length", "999")], b"{")), "unknown"),
        (Step::ReplyThenClose(b"SSH-2.0-nonsense\r\n".to_vec()), "unknown"),
    ];
    for status in [301, 302, 303, 307, 308, 408, 500, 501, 502, 503, 504, 599] {
        table.push((reply(status, &[("location", "/elsewhere")], "{}"), "unknown"));
    }
    for (status, meaning) in [
        (400, "refused 400"),
        (401, "refused 401"),
        (403, "refused 403"),
        (404, "refused 404"),
        (405, "refused 405"),
        (409, "refused 409"),
        (412, "refused 412"),
        (413, "refused 413"),
        (499, "refused 499"),
    ] {
        table.push((reply(status, &[], "<html>"), meaning));
    }
    for (nth, (step, meaning)) in table.into_iter().enumerate() {
        // Whatever follows would answer a second write with success.
        let server = Server::start([step, ok(&created), ok(&created)]).await;
        let (client, notes) = client_at(&server.url());
        let outcome = client.create(&place(), &body()).await;
        assert_eq!(word(&outcome), meaning, "row {nth}");
        assert!(server.lines().len() <= 1, "row {nth}: written twice");
        assert_eq!(server.connections(), 1, "row {nth}");
        assert_eq!(client.counters().read().writes, 1);
        assert!(notes.waits().is_empty());
    }
}

#[tokio::test]
async fn a_create_never_rides_on_a_connection_that_may_be_gone() {
    let created = || bytes(200, &[], job("1", "", "JOB_STATE_PENDING").as_bytes());
    let script = (0..20).map(|_| Step::ReplyThenClose(created()));
    let server = Server::start(script).await;
    let client = client(&server);
    for nth in 1..=20 {
        // A pool would now hold a connection that the server has closed, or is
        // about to close.
        assert_eq!(word(&client.create(&place(), &body()).await), "created 1");
        assert_eq!((server.lines().len(), server.connections()), (nth, nth));
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_created() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, _) = client_at(&format!("http://{address}"));
    assert_eq!(word(&client.create(&place(), &body()).await), "refused 0");
    assert_eq!(cancel_word(&client.cancel(verified("1").await).await), "refused 0");

    // A name that does not resolve (RFC 2606), and a server that
    // breaks off the TLS handshake.
    let server = Server::start([Step::CloseUnread]).await;
    for endpoint in ["https://nowhere.invalid".to_owned(), format!("https://{}", server.address)] {
        let (client, _) = client_at(&endpoint);
        let outcome = client.create(&place(), &body()).await;
        assert_eq!(word(&outcome), "refused 0", "{endpoint}: {outcome:?}");
    }
    assert!(server.lines().is_empty());

    let (client, _) = client_at(&server.url());
    let nowhere = retune::model::Place::new("acme", "evil.example/");
    assert_eq!(word(&client.create(&nowhere, &body()).await), "refused 0");
}

#[tokio::test]
async fn a_refusal_says_which_fields() {
    let answer = include_str!("../data/examples/error.400.field_violations.json");
    let server = Server::start([reply(400, &[], answer)]).await;
    let CreateOutcome::Refused(refusal) = client(&server).create(&place(), &body()).await else {
        panic!("not refused")
    };
    assert_eq!(
        refusal.message.raw(),
        "tuning_job.supervised_tuning_spec.training_dataset_uri: training_dataset_uri should be a \
         GCS object of type JSONL."
    );
}

#[tokio::test]
async fn every_answer_to_a_cancel_has_one_meaning() {
    let ended = r#"{"error":{"code":400,"message":"it ended","status":"FAILED_PRECONDITION"}}"#;
    let invalid = r#"{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}"#;
    for (step, meaning) in [
        (ok("{}"), "requested"),
        (ok(""), "requested"),
        (reply(400, &[], ended), "already ended"),
        (reply(400, &[], invalid), "refused 400"),
        (reply(403, &[], "{}"), "refused 403"),
        (reply(404, &[], "{}"), "refused 404"),
        (reply(429, &[], "{}"), "refused 429"),
        (reply(302, &[], "{}"), "unknown"),
        (reply(503, &[], "{}"), "unknown"),
        (Step::CloseSilently, "unknown"),
        (Step::CloseUnread, "unknown"),
    ] {
        let server = Server::start([step, ok("{}")]).await;
        let outcome = client(&server).cancel(verified("5").await).await;
        assert_eq!(cancel_word(&outcome), meaning);
        assert_eq!(server.connections(), 1);
        if let [request] = &server.requests()[..] {
            assert_eq!(request.line, format!("POST /v1/{}:cancel HTTP/1.1", job_name("5")));
            assert_eq!(request.body, "{}");
        }
    }
}

/// Specs that together use every field a user may set.
fn specs() -> Vec<TuningSpec> {
    let supervised = SupervisedTuningSpec {
        training_dataset_uri: "gs://acme/train.jsonl".into(),
        ..SupervisedTuningSpec::default()
    };
    let least = TuningSpec {
        base_model: Some("gemini-2.5-flash".into()),
        supervised_tuning_spec: Some(supervised.clone()),
        ..TuningSpec::default()
    };
    let mut specs = vec![least.clone()];
    for adapter_size in AdapterSize::ALL {
        specs.push(TuningSpec {
            tuned_model_display_name: Some("Fragen & „Antworten“ 日本語 \u{1f600}".into()),
            description: Some("line one\nline \"two\" \\ \u{7f}".into()),
            labels: [("team", "support"), ("cost-center", "4_2"), ("empty", "")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            supervised_tuning_spec: Some(SupervisedTuningSpec {
                validation_dataset_uri: Some("projects/p/locations/l/datasets/7".into()),
                export_last_checkpoint_only: Some(adapter_size == AdapterSize::Four),
                hyper_parameters: Some(HyperParameters {
                    epoch_count: Some(i64::from(adapter_size.size())),
                    adapter_size: Some(adapter_size),
                    learning_rate_multiplier: Some(0.1 * f64::from(adapter_size.size())),
                }),
                ..supervised.clone()
            }),
            encryption_spec: Some(EncryptionSpec {
                kms_key_name: "projects/p/locations/l/keyRings/r/cryptoKeys/k".into(),
            }),
            service_account: Some("tuner@acme.iam.gserviceaccount.com".into()),
            ..least.clone()
        });
    }
    specs.push(TuningSpec {
        base_model: None,
        pre_tuned_model: Some(PreTunedModel {
            tuned_model_name: "projects/p/locations/l/models/1@2".into(),
            checkpoint_id: Some("4".into()),
        }),
        ..least.clone()
    });
    specs.push(TuningSpec {
        supervised_tuning_spec: None,
        preference_optimization_spec: Some(PreferenceOptimizationSpec {
            training_dataset_uri: "gs://acme/pairs.jsonl".into(),
            validation_dataset_uri: Some("gs://acme/held-out.jsonl".into()),
            export_last_checkpoint_only: Some(true),
            hyper_parameters: Some(PreferenceHyperParameters {
                epoch_count: Some(1000),
                adapter_size: Some(AdapterSize::Sixteen),
                learning_rate_multiplier: Some(1.0),
                beta: Some(0.1),
            }),
        }),
        ..least
    });
    specs
}

/// What the client sends, as the server receives it, for a strict reader of
/// Google's own types: `target/requests/vertex_client.jsonl`.
#[tokio::test]
async fn bodies_arrive_as_they_were_made() {
    let server = Server::start(specs().iter().map(|_| ok(&job("1", "", "x")))).await;
    let client = client(&server);
    let mut sent = Vec::new();
    for (nth, spec) in specs().into_iter().enumerate() {
        let name = |text: &str| text.parse().unwrap();
        let (owner, name) = (name("acme-tuning"), name("faq"));
        let wanted = Wanted {
            key: Key { place: place(), owner, name, rerun: nth as u64 },
            spec,
            lifecycle: Lifecycle::default(),
            source: Source { file: "faq.yaml".into(), line: 1 },
        };
        let revision = (nth % 2 == 0).then_some(1_790_000_000);
        let body = CreateRequest::new(&wanted.into(), 1).stamped(nth as u64 ^ u64::MAX, revision);
        client.create(&place(), &body).await;
        sent.push(body);
    }
    let mut lines = String::new();
    for (request, sent) in server.requests().iter().zip(&sent) {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(&body, sent);
        lines += &json!({"version": "v1", "body": body}).to_string();
        lines.push('\n');
    }
    assert_eq!(lines.lines().count(), sent.len());
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("../requests");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("vertex_client.jsonl"), lines).unwrap();
}
