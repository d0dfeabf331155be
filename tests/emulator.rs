//! The emulator over a real socket, with a clock that only tests move.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, StatusCode};
use retune::clock::{Clock, SystemEntropy};
use retune::emulator::{self, Options, Running, StartError};
use retune::vertex::{ClientOptions, Vertex as _};
use serde_json::{Value, json};

/// Time stands still until a test moves it.
#[derive(Clone)]
struct HandClock(Arc<Mutex<Timestamp>>);

impl HandClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-20T09:12:07.734198Z".parse().unwrap())))
    }

    fn forward(&self, minutes: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_mins(minutes);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.now().as_microsecond().unsigned_abs())
    }

    async fn sleep(&self, _: Duration) {
        panic!("nothing in the emulator sleeps");
    }
}

/// An emulator, its clock and a client.
struct World {
    clock: HandClock,
    running: Running,
    client: Client,
}

/// Longer than any job takes: see `lifecycle`.
const A_LONG_TIME: i64 = 12 * 60;

impl World {
    async fn new() -> Self {
        Self::with(Options { seed: 7, ..Options::default() }, HandClock::new()).await
    }

    async fn kept_in(dir: &Path, clock: HandClock) -> Self {
        let data_dir = Some(dir.to_owned());
        Self::with(Options { seed: 7, data_dir, ..Options::default() }, clock).await
    }

    async fn with(options: Options, clock: HandClock) -> Self {
        // reqwest is built without a TLS provider and wants one even for http.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = emulator::start(options, clock.clone()).await.unwrap();
        Self { clock, running, client: Client::new() }
    }

    /// A request to `/{path}`; the status and the JSON that came back.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}/{path}", self.running.url()));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {answer:#}");
        answer
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(&body)).await;
        assert_eq!(status, StatusCode::OK, "POST {path}: {answer:#}");
        answer
    }

    async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::DELETE, path, None).await
    }

    /// Creates a job; its name comes back.
    async fn create(&self, job: Value) -> String {
        let answer = self.post(JOBS, job).await;
        answer["name"].as_str().unwrap().to_owned()
    }

    async fn job(&self, name: &str) -> Value {
        self.get(&format!("v1/{name}")).await
    }

    async fn state(&self, name: &str) -> String {
        self.job(name).await["state"].as_str().unwrap().to_owned()
    }

    async fn cancel(&self, name: &str) -> (StatusCode, Value) {
        self.ask(Method::POST, &format!("v1/{name}:cancel"), Some(&json!({}))).await
    }

    /// What a refused create says.
    async fn refusal(&self, path: &str, job: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, path, Some(&job)).await;
        assert_ne!(status, StatusCode::OK, "created from {job:#}");
        assert_eq!(answer["error"]["code"], status.as_u16());
        answer["error"].clone()
    }
}

const JOBS: &str = "v1/projects/acme-ml/locations/us-central1/tuningJobs";
const JOBS_BETA: &str = "v1beta1/projects/acme-ml/locations/us-central1/tuningJobs";
const TRAIN: &str = "gs://retune-samples/support-faq/train.jsonl";

/// The smallest job the service takes.
fn job() -> Value {
    json!({"baseModel": "gemini-2.5-flash", "supervisedTuningSpec": {"trainingDatasetUri": TRAIN}})
}

fn job_on(dataset: &str) -> Value {
    json!({"baseModel": "gemini-2.5-flash", "supervisedTuningSpec": {"trainingDatasetUri": dataset}})
}

fn with(mut job: Value, field: &str, value: Value) -> Value {
    job[field] = value;
    job
}

fn with_parameters(parameters: Value) -> Value {
    let mut job = job();
    job["supervisedTuningSpec"]["hyperParameters"] = parameters;
    job
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_job_becomes_a_model_with_an_endpoint_for_each_checkpoint() {
    let world = World::new().await;
    let asked = with(
        with(with_parameters(json!({"epochCount": 3})), "labels", json!({"team": "support"})),
        "tunedModelDisplayName",
        json!("Support FAQ"),
    );
    let created = world.post(JOBS, asked).await;
    assert_eq!(
        keys(&created),
        [
            "name",
            "tunedModelDisplayName",
            "baseModel",
            "supervisedTuningSpec",
            "state",
            "createTime",
            "updateTime",
            "labels"
        ]
    );
    assert_eq!(created["state"], "JOB_STATE_PENDING");
    assert_eq!(created["createTime"], "2026-11-20T09:12:07.734198Z");
    assert_eq!(
        created["supervisedTuningSpec"]["hyperParameters"],
        json!({"epochCount": "3", "learningRateMultiplier": 1, "adapterSize": "ADAPTER_SIZE_FOUR"})
    );
    let name = created["name"].as_str().unwrap();
    let [_, project, _, _, _, id] = name.split('/').collect::<Vec<_>>().try_into().unwrap();
    assert!(
        project.len() == 12 && project.parse::<u64>().is_ok(),
        "{project} is no project number"
    );
    assert!(id.len() == 19 && id.parse::<i64>().is_ok(), "{id} is no job id");

    world.clock.forward(5);
    let running = world.get(&format!("v1beta1/{name}")).await;
    assert_eq!(running["state"], "JOB_STATE_RUNNING");
    assert!(
        running["tuningJobState"].is_string() && running["experiment"].is_string(),
        "{running:#}"
    );
    let running = world.job(name).await;
    for only_beta in
        ["tuningJobState", "tuningJobMetadata", "pipelineJob", "endTime", "error", "tunedModel"]
    {
        assert_eq!(running.get(only_beta), None, "{only_beta} in v1");
    }

    world.clock.forward(A_LONG_TIME);
    let done = world.job(name).await;
    assert_eq!(done["state"], "JOB_STATE_SUCCEEDED");
    assert_eq!(
        done["tuningDataStats"]["supervisedTuningDataStats"]["tuningDatasetExampleCount"],
        "320"
    );
    let checkpoints = done["tunedModel"]["checkpoints"].as_array().unwrap();
    assert_eq!(checkpoints.len(), 3);
    assert_eq!(checkpoints[2]["epoch"], "3");
    assert_eq!(checkpoints[2]["endpoint"], done["tunedModel"]["endpoint"]);

    let model_name = done["tunedModel"]["model"].as_str().unwrap();
    assert!(model_name.ends_with("@1"), "{model_name}");
    let model = world.get(&format!("v1/{model_name}")).await;
    assert_eq!(model["labels"]["team"], "support");
    assert_eq!(model["deployedModels"].as_array().unwrap().len(), 3);
    let found = world
        .get(r#"v1/projects/acme-ml/locations/us-central1/models?filter=labels.team="support""#)
        .await;
    assert_eq!(found["models"].as_array().unwrap().len(), 1);

    let endpoint = done["tunedModel"]["endpoint"].as_str().unwrap();
    let prompt = json!({"contents": [{"role": "user", "parts": [{"text": "Which queue?"}]}]});
    let answer = world.post(&format!("v1/{endpoint}:generateContent"), prompt).await;
    let text = answer["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    assert!(text.contains("emulator") && text.contains("Support FAQ"), "{text}");
    world.running.stop().await;
}

#[tokio::test]
async fn what_is_billed_is_read_from_either_method() {
    let world = World::new().await;
    let options =
        ClientOptions { endpoint: Some(world.running.url().to_owned()), ..Default::default() };
    let client = retune::vertex::Client::new(options, world.clock.clone(), SystemEntropy).unwrap();
    let preference = json!({
        "baseModel": "gemini-2.5-flash",
        "preferenceOptimizationSpec":
            {"trainingDatasetUri": "gs://retune-samples/preferences/train.jsonl"},
    });
    for (job, kind) in [(job(), "supervisedTuning"), (preference, "preferenceOptimization")] {
        let name = world.create(job).await;
        let read = async || client.get(&name.parse().unwrap()).await.unwrap().billable_tokens;
        assert_eq!(read().await, None, "{kind}: nothing is counted yet");
        world.clock.forward(A_LONG_TIME);
        let stats = &world.job(&name).await["tuningDataStats"][format!("{kind}DataStats")];
        // The same sum is a text in one method and a number in the other.
        let sum = |of: &str| -> f64 {
            let sum = &stats[format!("user{of}TokenDistribution")]["sum"];
            sum.as_f64().unwrap_or_else(|| sum.as_str().unwrap().parse().unwrap())
        };
        assert!(sum("Input") > 0.0);
        assert_eq!(read().await.unwrap() as f64, sum("Input") + sum("Output"), "{kind}");
    }
}

#[tokio::test]
async fn refuses_what_the_service_refuses() {
    let world = World::new().await;
    let long = "x".repeat(129);
    let many: Value =
        (0..65).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let dpo = json!({"trainingDatasetUri": TRAIN});
    let invalid = "INVALID_ARGUMENT";
    #[rustfmt::skip]
    let table = [
        (with(job(), "suffix", json!("x")), invalid, "Unknown name \"suffix\" at 'tuning_job': Cannot find field."),
        (with_parameters(json!({"batchSize": 4})), invalid, "Unknown name \"batchSize\" at 'tuning_job.supervised_tuning_spec.hyper_parameters'"),
        (with_parameters(json!({"epochCount": 4.5})), invalid, "(TYPE_INT64), 4.5"),
        (with_parameters(json!({"epochCount": -1})), invalid, "epoch_count"),
        (with_parameters(json!({"adapterSize": "FOUR"})), invalid, "SupervisedHyperParameters.AdapterSize), \"FOUR\""),
        // The number of THIRTY_TWO, which no Gemini model takes.
        (with_parameters(json!({"adapterSize": 5})), invalid, "The adapter size is not supported for this base model."),
        (with(with_parameters(json!({"adapterSize": "ADAPTER_SIZE_SIXTEEN"})), "baseModel", json!("gemini-2.5-pro")), invalid, "The adapter size is not supported"),
        (with(job(), "supervisedTuningSpec", json!("x")), invalid, "google.cloud.aiplatform.v1.SupervisedTuningSpec"),
        (with(job(), "preTunedModel", json!({"tunedModelName": "x"})), invalid, "oneof field 'source_model' is already set"),
        (with(job(), "preferenceOptimizationSpec", dpo), invalid, "oneof field 'tuning_spec' is already set"),
        (json!({"supervisedTuningSpec": {"trainingDatasetUri": TRAIN}}), invalid, "tuning_job.source_model"),
        (json!({"baseModel": "gemini-2.5-flash"}), invalid, "tuning_job.tuning_spec"),
        (with(job(), "supervisedTuningSpec", json!({})), invalid, "training_dataset_uri; Message: Required"),
        (job_on("train.jsonl"), invalid, "training_dataset_uri should be a GCS object of type JSONL."),
        (job_on("gs://retune-samples/support-faq/train.csv"), invalid, "should be a GCS object"),
        (job_on("gs://retune-samples/nowhere.jsonl"), invalid, "should be a GCS object"),
        (job_on("gs://nobodys-bucket/train.jsonl"), invalid, "should be a GCS object"),
        (with(job(), "labels", json!({"Team": "x"})), invalid, "Label key `Team`"),
        (with(job(), "labels", json!({"team": "X y"})), invalid, "Label value `X y`"),
        (with(job(), "labels", json!({"team": 1})), invalid, "(TYPE_STRING), 1"),
        (with(job(), "labels", many), invalid, "At most 64 labels"),
        (with(job(), "tunedModelDisplayName", json!(long)), invalid, "at most 128"),
        (with(job(), "baseModel", json!("gemini-9")), invalid, "gemini-9"),
        (with(job(), "baseModel", json!("gemini-1.5-pro-002")), "NOT_FOUND", "gemini-1.5-pro-002"),
        (with(with(job(), "baseModel", json!("gemini-3.5-flash")), "encryptionSpec", json!({"kmsKeyName": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"})), invalid, "CMEK"),
        (json!([]), invalid, "TuningJob), []"),
    ];
    for (asked, status, message) in table {
        let error = world.refusal(JOBS, asked.clone()).await;
        assert_eq!(error["status"], status, "{asked} -> {error:#}");
        let said = error["message"].as_str().unwrap();
        assert!(said.contains(message), "{asked}: {said:?} does not say {message:?}");
    }
    let error = world.refusal(&JOBS.replace("us-central1", "global"), job()).await;
    assert_eq!(error["status"], "FAILED_PRECONDITION");
    let error = world.refusal(JOBS_BETA, with_parameters(json!({"batchSize": 4}))).await;
    assert_eq!(error["message"], "The batch_size field is not supported for this base model.");
    let error = world.refusal(JOBS, job_on("train.txt")).await;
    assert_eq!(error["details"][0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
    let field = &error["details"][0]["fieldViolations"][0]["field"];
    assert_eq!(field, "tuning_job.supervised_tuning_spec.training_dataset_uri");
    // Nothing of all that left a job behind.
    assert_eq!(world.get(JOBS).await, json!({}));
}

#[tokio::test]
async fn adapter_sizes_as_numbers_are_enum_numbers() {
    let world = World::new().await;
    for (number, name) in [
        (json!(4), "ADAPTER_SIZE_SIXTEEN"),
        (json!("2"), "ADAPTER_SIZE_FOUR"),
        (json!(6), "ADAPTER_SIZE_TWO"),
        (json!(0), "ADAPTER_SIZE_FOUR"),
    ] {
        let created = world.post(JOBS, with_parameters(json!({"adapter_size": number}))).await;
        assert_eq!(
            created["supervisedTuningSpec"]["hyperParameters"]["adapterSize"], name,
            "from {number}"
        );
    }
}

#[tokio::test]
async fn defaults_and_output_only_fields_of_a_request_are_dropped() {
    let world = World::new().await;
    let asked = json!({
        "name": "mine",
        "state": "JOB_STATE_SUCCEEDED",
        "description": "",
        "labels": {},
        "encryptionSpec": null,
        "base_model": "gemini-2.5-flash",
        "supervised_tuning_spec": {
            "training_dataset_uri": TRAIN,
            "export_last_checkpoint_only": false,
            "hyper_parameters": {"epoch_count": "2", "learning_rate_multiplier": 0.5},
        },
    });
    let created = world.post(JOBS, asked).await;
    assert_eq!(
        created["supervisedTuningSpec"],
        json!({
            "trainingDatasetUri": TRAIN,
            "hyperParameters": {
                "epochCount": "2",
                "learningRateMultiplier": 0.5,
                "adapterSize": "ADAPTER_SIZE_FOUR",
            },
        })
    );
    assert_eq!(created["state"], "JOB_STATE_PENDING");
    for absent in ["description", "labels", "encryptionSpec"] {
        assert_eq!(created.get(absent), None, "{absent}");
    }
    let display_name = created["tunedModelDisplayName"].as_str().unwrap();
    assert!(display_name.starts_with("gemini-2.5-flash-"), "{display_name}");
}

#[tokio::test]
async fn jobs_of_a_project_wait_for_each_other_over_regions() {
    let world = World::new().await;
    let first = world.create(job()).await;
    let elsewhere = JOBS.replace("us-central1", "europe-west4");
    let second = world.post(&elsewhere, job()).await["name"].as_str().unwrap().to_owned();
    let other_project = world.post(&JOBS.replace("acme-ml", "other"), job()).await;
    assert_eq!(other_project["state"], "JOB_STATE_PENDING");
    assert_eq!(world.state(&second).await, "JOB_STATE_QUEUED");

    world.clock.forward(5);
    assert_eq!(world.state(&first).await, "JOB_STATE_RUNNING");
    assert_eq!(world.state(&second).await, "JOB_STATE_QUEUED");

    // Both have run by now, one after the other, although nobody looked.
    world.clock.forward(A_LONG_TIME);
    let (first, second) = (world.job(&first).await, world.job(&second).await);
    assert_eq!([&first["state"], &second["state"]], ["JOB_STATE_SUCCEEDED"; 2]);
    let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(time(&second["startTime"]) > time(&first["endTime"]));
}

#[tokio::test]
async fn cancelling_takes_time_and_ends_once() {
    let world = World::new().await;
    let running = world.create(job()).await;
    let queued = world.create(job()).await;
    world.clock.forward(5);
    for name in [&running, &queued] {
        assert_eq!(world.cancel(name).await, (StatusCode::OK, json!({})));
        assert_eq!(world.state(name).await, "JOB_STATE_CANCELLING");
        // Asking again changes nothing.
        assert_eq!(world.cancel(name).await, (StatusCode::OK, json!({})));
    }
    world.clock.forward(2);
    let cancelled = world.job(&running).await;
    assert_eq!(cancelled["state"], "JOB_STATE_CANCELLED");
    assert_eq!(cancelled["error"], json!({"code": 1, "message": "CANCELED"}));
    assert_eq!(world.job(&queued).await.get("startTime"), None);
    let (status, answer) = world.cancel(&running).await;
    assert_eq!(
        (status, &answer["error"]["status"]),
        (StatusCode::BAD_REQUEST, &json!("FAILED_PRECONDITION"))
    );
}

#[tokio::test]
async fn a_cancel_in_the_last_seconds_does_not_stop_a_job() {
    // The same seed gives the same course, so one world tells the other's end.
    let world = World::new().await;
    let name = world.create(job()).await;
    world.clock.forward(A_LONG_TIME);
    let end = world.job(&name).await["endTime"].as_str().unwrap().parse::<Timestamp>().unwrap();

    let world = World::new().await;
    let name = world.create(job()).await;
    *world.clock.0.lock().unwrap() = end - SignedDuration::from_secs(10);
    assert_eq!(world.cancel(&name).await, (StatusCode::OK, json!({})));
    assert_eq!(world.state(&name).await, "JOB_STATE_CANCELLING");
    world.clock.forward(1);
    assert_eq!(world.state(&name).await, "JOB_STATE_SUCCEEDED");
}

#[tokio::test]
async fn datasets_that_go_wrong() {
    #[rustfmt::skip]
    let table = [
        ("fail", "JOB_STATE_FAILED", Some(3), false),
        ("internal", "JOB_STATE_FAILED", Some(13), false),
        ("fail-with-model", "JOB_STATE_FAILED", Some(13), true),
        ("expire", "JOB_STATE_EXPIRED", None, false),
    ];
    for (fault, state, code, has_model) in table {
        let world = World::new().await;
        let name = world.create(job_on(&format!("gs://retune-samples/faults/{fault}.jsonl"))).await;
        world.clock.forward(A_LONG_TIME);
        let job = world.job(&name).await;
        assert_eq!(job["state"], state, "{fault}");
        assert_eq!(job["error"]["code"].as_i64(), code, "{fault}");
        assert_eq!(job["tunedModel"]["model"].is_string(), has_model, "{fault}");
        assert_eq!(job["tunedModel"].get("endpoint"), None, "{fault}");
    }
}

#[tokio::test]
async fn gemini_3_is_served_from_a_multi_region_and_tuned_on() {
    let world = World::new().await;
    let mut asked = with(job(), "baseModel", json!("gemini-3.5-flash"));
    asked["supervisedTuningSpec"]["exportLastCheckpointOnly"] = json!(true);
    let name = world.create(asked).await;
    world.clock.forward(A_LONG_TIME);
    let first = world.job(&name).await;
    let model = first["tunedModel"]["model"].as_str().unwrap();
    assert!(model.contains("/locations/us/models/"), "{model}");
    assert_eq!(keys(&first["tunedModel"]), ["model", "endpoint"]);

    let mut asked = with(job(), "preTunedModel", json!({"tunedModelName": model}));
    asked.as_object_mut().unwrap().remove("baseModel");
    let name = world.create(asked).await;
    world.clock.forward(A_LONG_TIME);
    let second = world.job(&name).await;
    assert_eq!(
        second["preTunedModel"],
        json!({"tunedModelName": model, "baseModel": "gemini-3.5-flash"})
    );
    assert_eq!(second["tunedModel"]["model"], model.replace("@1", "@2"));
}

#[tokio::test]
async fn pages_stay_stable_and_filters_are_not_guessed() {
    let world = World::new().await;
    let mut names = Vec::new();
    for n in 0..5 {
        let label = json!({"parity": if n % 2 == 0 { "even" } else { "odd" }});
        names.insert(0, world.create(with(job(), "labels", label)).await);
    }
    let listed = |page: &Value| -> Vec<String> {
        let jobs = page["tuningJobs"].as_array().unwrap();
        jobs.iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
    };
    let page = world.get(&format!("{JOBS}?pageSize=2")).await;
    assert_eq!(listed(&page), names[..2]);
    // A job that is created meanwhile neither shifts nor repeats anything.
    world.create(job()).await;
    let token = page["nextPageToken"].as_str().unwrap();
    let page = world.get(&format!("{JOBS}?pageSize=100&pageToken={token}")).await;
    assert_eq!(listed(&page), names[2..]);
    assert_eq!(page.get("nextPageToken"), None);

    let odd = world.get(&format!("{JOBS}?filter=labels.parity=odd")).await;
    assert_eq!(listed(&odd), [names[1].clone(), names[3].clone()]);
    let both =
        world.get(&format!(r#"{JOBS}?filter=labels.parity:* AND state="JOB_STATE_PENDING""#)).await;
    assert_eq!(listed(&both), [names[4].clone()]);
    for query in [
        "pageToken=bogus",
        "pageSize=-1",
        "pageSize=many",
        "pagesize=1",
        "filter=labels",
        "filter=state=NEW",
        "filter=(state=JOB_STATE_FAILED)",
        &format!("pageSize=2&pageToken={token}&filter=labels.parity=odd"),
    ] {
        let (status, answer) = world.ask(Method::GET, &format!("{JOBS}?{query}"), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer:#}");
    }
}

#[tokio::test]
async fn models_go_once_nothing_is_deployed() {
    let world = World::new().await;
    let mut asked = job();
    asked["supervisedTuningSpec"]["exportLastCheckpointOnly"] = json!(true);
    let name = world.create(asked).await;
    world.clock.forward(A_LONG_TIME);
    let done = world.job(&name).await;
    let model = done["tunedModel"]["model"].as_str().unwrap().trim_end_matches("@1");
    let endpoint = done["tunedModel"]["endpoint"].as_str().unwrap();
    assert_eq!(world.delete(&format!("v1/{model}")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.delete(&format!("v1/{endpoint}")).await.0, StatusCode::BAD_REQUEST);

    let deployed = world.get(&format!("v1/{endpoint}")).await["deployedModels"][0]["id"].clone();
    let undeploying = world
        .post(&format!("v1/{endpoint}:undeployModel"), json!({"deployedModelId": deployed}))
        .await;
    assert_eq!(undeploying.get("done"), None);
    // Not yet undeployed, so not yet deletable.
    assert_eq!(world.delete(&format!("v1/{endpoint}")).await.0, StatusCode::BAD_REQUEST);
    world.clock.forward(1);
    let operation = world.get(&format!("v1/{}", undeploying["name"].as_str().unwrap())).await;
    assert_eq!(operation["done"], true);
    let kind = operation["response"]["@type"].as_str().unwrap();
    assert_eq!(kind, "type.googleapis.com/google.cloud.aiplatform.v1.UndeployModelResponse");
    assert_eq!(world.job(&name).await["tunedModel"].get("endpoint"), None);

    for gone in [endpoint, model] {
        let (status, operation) = world.delete(&format!("v1/{gone}")).await;
        assert_eq!(status, StatusCode::OK, "{operation:#}");
        world.clock.forward(1);
        let (status, _) = world.ask(Method::GET, &format!("v1/{gone}"), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_world_outlives_the_emulator() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let world = World::kept_in(dir.path(), clock.clone()).await;
    let first = world.create(job()).await;
    let second = world.create(job()).await;
    let taken = Options { data_dir: Some(dir.path().to_owned()), ..Options::default() };
    let refused = emulator::start(taken.clone(), clock.clone()).await.unwrap_err();
    assert!(matches!(refused, StartError::Busy(_)), "{refused}");
    world.running.stop().await;

    clock.forward(5);
    let world = World::kept_in(dir.path(), clock.clone()).await;
    assert_eq!(world.state(&first).await, "JOB_STATE_RUNNING");
    assert_eq!(world.state(&second).await, "JOB_STATE_QUEUED");
    world.cancel(&second).await;
    // Not stopped in good order: what was answered is kept all the same.
    drop(world);
    let world = World::kept_in(dir.path(), clock.clone()).await;
    assert_eq!(world.state(&second).await, "JOB_STATE_CANCELLING");
    clock.forward(A_LONG_TIME);
    let model = world.job(&first).await["tunedModel"]["model"].clone();
    world.running.stop().await;
    let world = World::kept_in(dir.path(), clock.clone()).await;
    assert_eq!(world.job(&first).await["tunedModel"]["model"], model);
    world.running.stop().await;

    let file = dir.path().join("world.json");
    std::fs::write(&file, "{\"format\": 1, ").unwrap();
    let refused = emulator::start(taken.clone(), clock.clone()).await.unwrap_err();
    assert!(matches!(refused, StartError::Corrupt { .. }), "{refused}");
    assert!(refused.to_string().contains("world.json"), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), b"{\"format\": 1, ");
    std::fs::write(&file, "{\"format\": 99}").unwrap();
    let refused = emulator::start(taken, clock).await.unwrap_err();
    assert!(matches!(refused, StartError::Format { found: 99, .. }), "{refused}");
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let world = World::new().await;
    let url = format!("{}/{JOBS}", world.running.url());
    let port = world.running.url().rsplit(':').next().unwrap().to_owned();
    for (header, value, expected) in [
        ("host", format!("localhost:{port}"), StatusCode::OK),
        ("host", "evil.example".to_owned(), StatusCode::FORBIDDEN),
        ("host", format!("evil.example:{port}"), StatusCode::FORBIDDEN),
        ("host", "127.0.0.1".to_owned(), StatusCode::FORBIDDEN),
        ("origin", "https://evil.example".to_owned(), StatusCode::FORBIDDEN),
        ("origin", "null".to_owned(), StatusCode::FORBIDDEN),
        ("origin", format!("http://127.0.0.1:{port}"), StatusCode::OK),
    ] {
        let response = world.client.get(&url).header(header, &value).send().await.unwrap();
        assert_eq!(response.status(), expected, "{header}: {value}");
    }
    let outside = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    let refused = emulator::start(outside, HandClock::new()).await.unwrap_err();
    assert!(matches!(refused, StartError::NotLoopback(_)), "{refused}");
}

#[tokio::test]
async fn prompts_are_read_strictly_and_streams_come_in_both_forms() {
    let world = World::new().await;
    let base =
        "v1/projects/acme-ml/locations/us-central1/publishers/google/models/gemini-2.5-flash";
    let turn = json!([{"role": "user", "parts": [{"text": "hello"}]}]);
    for wrong in [
        json!({}),
        json!({"contents": {"role": "user", "parts": [{"text": "x"}]}}),
        json!({"contents": [{"role": "user", "parts": {"text": "x"}}]}),
        json!({"contents": [{"role": "USER", "parts": [{"text": "x"}]}]}),
        json!({"contents": [{"role": "user", "parts": [{}]}]}),
        json!({"contents": turn, "generationConfig": {"temperature": 2.5}}),
        json!({"contents": turn, "generationConfig": {"temprature": 1}}),
    ] {
        let (status, answer) =
            world.ask(Method::POST, &format!("{base}:generateContent"), Some(&wrong)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {answer:#}");
    }
    let few = json!({"max_output_tokens": 5});
    let asked = json!({"contents": turn, "generation_config": few});
    let answer = world.post(&format!("{base}:generateContent"), asked).await;
    assert_eq!(answer["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(answer["candidates"][0]["content"], json!({"role": "model"}));
    assert_eq!(answer["usageMetadata"]["thoughtsTokenCount"], 5);
    let few = json!({"max_output_tokens": 5, "thinking_config": {"thinking_budget": 0}});
    let asked = json!({"contents": turn, "generation_config": few});
    let answer = world.post(&format!("{base}:generateContent"), asked).await;
    assert_eq!(answer["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(answer["usageMetadata"]["candidatesTokenCount"], 5);
    assert_eq!(answer["usageMetadata"]["thoughtsTokenCount"], Value::Null);
    assert_eq!(answer["usageMetadata"]["totalTokenCount"], 7);

    let asked = json!({"contents": turn});
    let array = world.post(&format!("{base}:streamGenerateContent"), asked.clone()).await;
    assert!(array.as_array().unwrap().len() > 1, "{array:#}");
    let url = format!("{}/{base}:streamGenerateContent?alt=sse", world.running.url());
    let response = world.client.post(url).json(&asked).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = response.text().await.unwrap();
    let events: Vec<Value> = events
        .split_terminator("\r\n\r\n")
        .map(|event| serde_json::from_str(&event["data: ".len()..]).unwrap())
        .collect();
    assert_eq!(Value::Array(events), array);
    let (status, _) = world
        .ask(
            Method::POST,
            &JOBS.replace("tuningJobs", "endpoints/12:generateContent"),
            Some(&asked),
        )
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn projects_by_id_and_by_number_are_the_same() {
    let world = World::new().await;
    let name = world.create(job()).await;
    let (_, id) = name.rsplit_once('/').unwrap();
    let by_id = world.get(&format!("{JOBS}/{id}")).await;
    assert_eq!(by_id, world.job(&name).await);
    assert_eq!(by_id["name"], name);
    let project = world.get("v1/projects/acme-ml").await;
    assert!(name.starts_with(&format!("projects/{}/", project["projectNumber"].as_str().unwrap())));
    for (missing, status) in [
        (JOBS.replace("acme-ml", "other") + "/" + id, StatusCode::NOT_FOUND),
        (JOBS.replace("us-central1", "us-east1") + "/" + id, StatusCode::NOT_FOUND),
        (JOBS.replace("us-central1", "moon"), StatusCode::BAD_REQUEST),
        ("v2/projects".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let (found, answer) = world.ask(Method::GET, &missing, None).await;
        assert_eq!(found, status, "{missing}: {answer:#}");
        assert!(answer["error"]["message"].is_string(), "{missing}: {answer:#}");
    }
}

#[tokio::test]
async fn enums_are_numbers_for_clients_that_ask() {
    let world = World::new().await;
    let asked =
        with(with_parameters(json!({"adapterSize": 3})), "labels", json!({"state": "adapter"}));
    let created = world.post(&format!("{JOBS}?$alt=json;enum-encoding=int"), asked).await;
    assert_eq!(created["state"], 2);
    assert_eq!(created["supervisedTuningSpec"]["hyperParameters"]["adapterSize"], 3);
    assert_eq!(created["labels"]["state"], "adapter");
}

#[tokio::test]
async fn progress_only_grows() {
    let world = World::new().await;
    let name = world.create(with_parameters(json!({"epochCount": 4}))).await;
    let count = |job: &Value, field: &str| -> u64 {
        job["tuningJobMetadata"][field].as_str().map_or(0, |count| count.parse().unwrap())
    };
    let (mut steps, mut phases) = (0, Vec::new());
    loop {
        world.clock.forward(1);
        let job = world.get(&format!("v1beta1/{name}")).await;
        let done = count(&job, "completedStepCount");
        assert!(done >= steps, "{done} after {steps}");
        steps = done;
        assert_eq!(count(&job, "completedEpochCount"), steps / 40, "at step {steps}");
        if job["state"] == "JOB_STATE_SUCCEEDED" {
            break;
        }
        phases.extend(job["tuningJobState"].as_str().map(str::to_owned));
        phases.dedup();
    }
    // 320 examples in batches of 8, four times over.
    assert_eq!(steps, 160);
    assert_eq!(phases.last().unwrap(), "TUNING_JOB_STATE_POST_PROCESSING");
    assert!(phases.contains(&"TUNING_JOB_STATE_TUNING".to_owned()), "{phases:?}");
}
