//! With `claims.bucket` every create is claimed in Cloud Storage first.

use insta::assert_snapshot;

use crate::model::model;
use crate::server::{get, post, request};
use crate::world::World;

const BUCKET: &str = "claims: {bucket: gs://acme-claims}";

/// A world whose Workspace names a bucket, which exists.
fn world() -> World {
    let world = without_bucket();
    let made = post(world.url(), "/storage/v1/b?project=acme-ml", r#"{"name": "acme-claims"}"#);
    assert!(made.contains("acme-claims"), "{made}");
    world
}

fn without_bucket() -> World {
    let world = World::new();
    world.workspace_claims(BUCKET);
    world.wants(model("faq"));
    world
}

/// The names and the contents of all claims.
fn claims(world: &World) -> Vec<(String, String)> {
    let listed = get(world.url(), "/storage/v1/b/acme-claims/o?fields=items(name)");
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    let object = |item: &serde_json::Value| {
        let name = item["name"].as_str().unwrap().to_owned();
        let path = name.replace('/', "%2F");
        let content = get(world.url(), &format!("/storage/v1/b/acme-claims/o/{path}?alt=media"));
        (name, content)
    };
    items.iter().map(object).collect()
}

#[test]
fn a_create_is_claimed_and_its_claim_names_the_job() {
    let world = world();
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
    [exit 0]
    ");
    let claims = claims(&world);
    assert_eq!(claims.len(), 1);
    assert!(claims[0].0.starts_with("claims/v1/acme-tuning/acme-ml/us-central1/faq/0/h1-"));
    assert!(claims[0].1.contains("\"state\": \"done\""), "{}", claims[0].1);
    assert!(claims[0].1.contains(&world.job(1)), "{}", claims[0].1);
    world.does("apply --yes");
    assert_snapshot!(world.run("jobs --format json").matches("\"job\":").count(), @"1");
}

/// The methods and paths of what was asked since the log was cleared.
fn asked(world: &World) -> Vec<String> {
    let log = get(world.url(), "/emulator/log");
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let entries = log["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["operation"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn where_nothing_is_to_be_created_the_jobs_are_listed_and_nothing_else() {
    let world = world();
    world.does("apply --yes").later("3h");
    for command in ["plan", "apply --yes", "status"] {
        request("DELETE", world.url(), "/emulator/log", "text/plain", "");
        world.does(command);
        assert_eq!(asked(&world), ["list-jobs"], "{command}");
    }
    // A changed spec is no missing run: no model is asked for.
    world.wants(model("faq").epochs(7));
    request("DELETE", world.url(), "/emulator/log", "text/plain", "");
    world.does("plan");
    assert_eq!(asked(&world), ["list-jobs"]);
    world.wants(model("faq")).wants(model("router"));
    request("DELETE", world.url(), "/emulator/log", "text/plain", "");
    world.does("plan");
    assert_eq!(asked(&world), ["list-jobs", "list-models", "list-models"]);
}

#[test]
fn a_bucket_that_does_not_exist() {
    let world = without_bucket();
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  not begun  the second look failed, and nothing is created without it

    Applied: 0 created, 1 not done.
    --- stderr
    error: could not look whether the create is claimed
      caused by: the bucket of the claims, `gs://acme-claims`, does not exist

    hint: correct `spec.claims.bucket` of the Workspace, or run `gcloud storage buckets create gs://acme-claims --uniform-bucket-level-access`
    [exit 4]
    ");
    assert_snapshot!(world.run("jobs"), @"
    0 jobs.
    [exit 0]
    ");
}

#[test]
fn a_bucket_that_may_not_be_written() {
    let world = world();
    world.fault("storage-put:refuse=403");
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  not begun  it could not be claimed: the claim cannot be read or written: claims in `gs://acme-claims` may not be written: permission denied: The caller does not have permission; check `spec.claims.bucket` of the Workspace; claims take storage.objects.get, list, create and delete: `gcloud storage buckets add-iam-policy-binding gs://acme-claims --member=MEMBER --role=roles/storage.objectUser`

    Applied: 0 created, 1 not done.
    [exit 4]
    ");
    assert_snapshot!(world.run("jobs"), @"
    0 jobs.
    [exit 0]
    ");
}

#[test]
fn a_bucket_that_answers_nothing() {
    let world = world();
    world.fault("storage-put:drop");
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  not begun  it could not be claimed: the claim was sent and is not there: the connection broke: client error (SendRequest): connection closed before message completed; run `retune apply` again; it may have to wait 5m

    Applied: 0 created, 1 not done.
    [exit 4]
    ");
    assert_snapshot!(world.run("jobs"), @"
    0 jobs.
    [exit 0]
    ");
}

#[test]
fn an_object_that_is_no_claim() {
    let world = world();
    world.does("apply --yes");
    let claim = claims(&world).remove(0).0;
    // The same spec trained again, and something else in the place of its claim.
    world.wants(model("faq").lifecycle("rerun: 1"));
    let name = claim.replace("/faq/0/", "/faq/1/");
    let path = format!(
        "/upload/storage/v1/b/acme-claims/o?uploadType=media&name={}",
        name.replace('/', "%2F")
    );
    assert!(post(world.url(), &path, r#"{"todo": "milk"}"#).contains("claims/v1"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     rerun 0 -> 1
      x faq   cancel     tuningJobs/[JOB-1]: superseded, once the new run is accepted

    Plan: 1 to create, 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  not begun  the second look failed, and nothing is created without it
      faq  not begun  tuningJobs/[JOB-1]: the second look failed, and nothing is created without it

    Applied: 0 created, 2 not done.
    --- stderr
    error: could not look whether the create is claimed
      caused by: `gs://acme-claims/claims/v1/acme-tuning/acme-ml/us-central1/faq/1/[SPEC]/none/1.json` is not a claim
      caused by: it is not the JSON of a claim, see line 1, column 7

    hint: look at it with `gcloud storage cat 'gs://acme-claims/claims/v1/acme-tuning/acme-ml/us-central1/faq/1/[SPEC]/none/1.json'`; if it is none of retune's, use a bucket of its own for `spec.claims.bucket`
    [exit 4]
    ");
    assert_snapshot!(world.run("jobs --format json").matches("\"job\":").count(), @"1");
}

#[test]
fn a_claimed_run_that_is_not_listed_is_not_created_again() {
    let world = world();
    world.does("apply --yes");
    world.fault("list:stale=86400");
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  not needed  a newer look no longer asks for it

    Applied: 0 created.
    [exit 0]
    ");
    world.heal();
    assert_snapshot!(world.run("jobs --format json").matches("\"job\":").count(), @"1");
}

#[test]
fn an_empty_listing_is_not_believed_where_claims_name_jobs() {
    let world = world();
    world.does("apply --yes").later("1h");
    world.fault("list:stale=86400");
    world.wants(model("router"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq      create     new manifest
      + router   create     new manifest

    Plan: 2 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  not needed  a newer look no longer asks for it
      router  held  the listing has none of our jobs, and tuningJobs/[JOB-1] exists by its claim; look with `retune jobs --project acme-ml --location us-central1`

    Applied: 0 created, 1 not done.
    [exit 6]
    ");
    world.heal();
    assert_snapshot!(world.run("jobs --format json").matches("\"job\":").count(), @"1");
}

#[test]
fn a_run_that_left_the_listing_is_found_by_its_model() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.fault("list-jobs:stale=86400");
    assert_snapshot!(world.run("plan --full"), @"
      i faq   note       its run is not listed; projects/[NUMBER]/locations/us/models/[MODEL]@1 carries its labels and counts as its model
      = faq   in sync    projects/[NUMBER]/locations/us/models/[MODEL]@1

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS  RUN
    faq   tuned   -    models/[MODEL]@1

    1 model: 1 in sync.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
      i faq   note       its run is not listed; projects/[NUMBER]/locations/us/models/[MODEL]@1 carries its labels and counts as its model

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn claims_on_an_emulator_do_not_guard_real_runs() {
    let world = World::alone();
    world.workspace_claims(BUCKET);
    world.wants(model("faq"));
    let mut command = world.command(&["apply", "--yes"]);
    let output = command.env("STORAGE_EMULATOR_HOST", "127.0.0.1:1").output().unwrap();
    assert_snapshot!(world.shown(&output), @"
    --- stderr
    error: STORAGE_EMULATOR_HOST keeps the claims on an emulator, and the runs would be created for real

    hint: `unset STORAGE_EMULATOR_HOST`, or name an emulator with --endpoint
    [exit 64]
    ");
}

#[test]
fn a_bucket_with_a_path_is_a_finding() {
    let world = World::alone();
    world.workspace_claims("claims: {bucket: gs://acme-claims/retune}");
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply --yes"), @"
    --- stderr
    error[invalid-value]: `bucket` is `gs://acme-claims/retune`; expected a bucket, `gs://NAME` with a name of 3 to 63 of a-z, 0-9, `-` and `_`
     --> manifests/workspace.yaml:7:20
      |
    7 |   claims: {bucket: gs://acme-claims/retune}
      |                    ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write it with `gs://` in front and without a path: claims have their own

    error: the manifests are not valid; nothing was asked of Vertex
    [exit 3]
    ");
}
