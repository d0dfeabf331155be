//! `retune status`.

use insta::assert_snapshot;
use serde_json::json;

use crate::model::model;
use crate::server::Server;
use crate::world::World;

#[test]
fn each_model_in_its_state() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("router")).does("apply --yes").later("15m");
    world.wants(model("summaries"));
    world.wants(model("triage").lifecycle("suspend: true"));
    assert_snapshot!(world.run("status"), @"
    NAME       STATUS     RUN
    faq        tuned      tuningJobs/[JOB-1]  endpoints/[ENDPOINT]
    router     running    tuningJobs/[JOB-2]  14m 27s, tuning, 2 epochs done
    summaries  to create  -                               `retune apply` starts a run
    triage     held       -                               the manifest says `suspend: true`; take lifecycle.suspend out to go on

    4 models: 1 to create, 1 held, 1 in flight, 1 in sync.
    [exit 0]
    ");
    assert_snapshot!(world.run("status router"), @"
    NAME    STATUS   RUN
    router  running  tuningJobs/[JOB-2]  14m 27s, tuning, 2 epochs done

    1 model: 1 in flight.
    [exit 0]
    ");
    assert_snapshot!(world.run("status ruoter"), @"
    --- stderr
    error: no manifest is named `ruoter`

    hint: did you mean `router`?
    [exit 64]
    ");
}

#[test]
fn a_model_whose_older_run_goes_on_has_two_lines() {
    let world = World::new();
    world.wants(model("faq").epochs(2).lifecycle("onSupersede: keep"));
    world.does("apply --yes").later("1m");
    world.wants(model("faq").lifecycle("onSupersede: keep")).does("apply --yes").later("1m");
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS   RUN
    faq   running  tuningJobs/[JOB-2]  44s, processing dataset

    1 model: 1 in flight.
    [exit 0]
    ");
    world.wants(model("faq"));
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS     RUN
    faq   running    tuningJobs/[JOB-2]  44s, processing dataset
    faq   to cancel  tuningJobs/[JOB-1]  superseded; `retune apply` stops it

    1 model: 1 to cancel, 1 in flight.
    [exit 0]
    ");
}

#[test]
fn json_has_the_same_values() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("router")).does("apply --yes").later("15m");
    assert_snapshot!(world.run("status --format json"), @r#"
    {
      "formatVersion": 1,
      "summary": {
        "create": 0,
        "cancel": 0,
        "held": 0,
        "inFlight": 1,
        "inSync": 1,
        "orphaned": 0,
        "orphanedEnded": 0
      },
      "models": [
        {
          "name": "faq",
          "project": "acme-ml",
          "location": "us-central1",
          "rerun": 0,
          "status": "tuned",
          "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]",
          "cost": {
            "usd": 0.0,
            "runs": 0,
            "unknownRuns": 1
          },
          "model": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
          "endpoint": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]"
        },
        {
          "name": "router",
          "project": "acme-ml",
          "location": "us-central1",
          "rerun": 0,
          "status": "running",
          "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]",
          "cost": {
            "usd": 0.0,
            "runs": 0,
            "unknownRuns": 1
          },
          "ageSeconds": 867,
          "detail": "tuning",
          "completedEpochs": 2,
          "completedSteps": 163,
          "totalSteps": 237
        }
      ],
      "orphaned": [],
      "diagnostics": []
    }
    [exit 0]
    "#);
}

#[test]
fn what_is_known_of_costs_and_what_is_not() {
    let world = World::new();
    world.workspace(&["prices: {gemini-3.5-flash: 10}"]);
    world.foreign_job();
    world.later("3h");
    world.does("jobs");
    let job = world.full_job(1);
    let theirs = model("theirs").dataset("gs://theirs/train.jsonl").no_epochs();
    world.wants(theirs.lifecycle(&format!("adopt: {job}")));
    world.wants(model("faq")).does("apply --yes").later("1m").does("cancel faq --yes");
    world.wants(model("faq").epochs(4)).does("apply --yes").later("3h");
    let shown = world.stdout("status");
    let costs = shown.lines().take(3).map(|line| {
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        [cells.first(), cells.get(3)].map(|cell| cell.copied().unwrap_or_default())
    });
    let known = [["NAME", "COST"], ["faq", "$15.88 + 1 ?"], ["theirs", "$65.32"]];
    assert_eq!(costs.collect::<Vec<_>>(), known, "{shown}");
}

/// What the listing has said is not asked again.
#[test]
fn a_thousand_models_take_the_listing_and_nothing_else() {
    const MODELS: usize = 1000;
    let job = |n: usize| {
        let of = |rest: &str| format!("projects/4/locations/us-central1/{rest}/{n}");
        json!({
            "name": of("tuningJobs"),
            "state": "JOB_STATE_SUCCEEDED",
            "createTime": "2026-03-01T12:00:00Z",
            "baseModel": "gemini-3.5-flash",
            "supervisedTuningSpec": {"trainingDatasetUri": format!("gs://acme-ml/m{n}.jsonl")},
            "tunedModel": {"model": of("models"), "endpoint": of("endpoints")},
        })
    };
    let jobs: Vec<_> = (0..MODELS).map(job).collect();
    let listing = json!({"tuningJobs": jobs}).to_string();
    let server = Server::new(move |_| ("200 OK", "application/json", listing.clone()));
    let world = World::alone();
    let manifest = |n: usize| {
        format!(
            "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {{name: m{n}}}\nspec:\n  \
             baseModel: gemini-3.5-flash\n  supervisedTuningSpec: {{trainingDatasetUri: \
             \"gs://acme-ml/m{n}.jsonl\"}}\n  lifecycle: {{adopt: \
             projects/4/locations/us-central1/tuningJobs/{n}}}\n"
        )
    };
    let manifests: Vec<String> = (0..MODELS).map(manifest).collect();
    world.write("manifests/all.yaml", &manifests.join("---\n"));
    let mut command = world.command(&["status"]);
    let output = command.env("GOOGLE_VERTEX_BASE_URL", server.url()).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.ends_with("1000 models: 1000 in sync.\n"), "{shown}");
    assert!(shown.contains("endpoints/999\n"), "{shown}");
    assert_eq!(server.asked().len(), 1, "{:?}", server.asked());
}

/// The parts of a page that tell what it is about.
#[track_caller]
fn assert_page(page: &str, parts: &[&str]) {
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert!(page.ends_with("</html>"), "{page}");
    for part in parts {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn a_page_to_look_at() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("router")).does("apply --yes").later("15m");
    world.wants(model("triage").lifecycle("suspend: true"));
    assert_snapshot!(world.run("status --html page.html"), @"
    --- stderr
    wrote page.html
    [exit 0]
    ");
    let page = String::from_utf8(std::fs::read(world.path("page.html")).unwrap()).unwrap();
    let (faq, router) = ("#model/acme-ml/us-central1/faq", "#model/acme-ml/us-central1/router");
    let shown = [
        "<title>acme-tuning · retune</title>",
        &format!("href=\"{faq}\""),
        &format!("href=\"{router}\""),
        "tuned",
        "running",
        "epoch 2 of 3",
        "the manifest says <code>suspend: true</code>",
        "<code>retune metrics faq</code> shows them.",
        "There is no run yet.",
    ];
    assert_page(&page, &shown);
    // The own view has what the listing says.
    let view = page.split("id=\"model/acme-ml/us-central1/faq\"").nth(1).unwrap();
    let view = view.split("</main>").next().unwrap();
    assert!(view.contains("Billable tokens") && view.contains("/endpoints/"), "{view}");

    // Models that are named, with their curves, and to standard output.
    let page = world.stdout("status faq --html -");
    assert_page(page.trim_end(), &["class=\"rc-chart\"", "training loss", &format!("\"{faq}\"")]);
    assert!(!page.contains(router), "{page}");
    assert_snapshot!(world.run("status ruoter --html page.html"), @"
    --- stderr
    error: no manifest is named `ruoter`

    hint: did you mean `router`?
    [exit 64]
    ");
}

#[test]
fn a_page_that_cannot_be_written_leaves_what_was_there() {
    let world = World::new();
    world.wants(model("faq"));
    world.write("page.html", "older");
    world.fault("list-jobs:status=403");
    assert!(world.run("status --html page.html").ends_with("[exit 4]"));
    world.heal();
    let older = std::fs::read(world.path("page.html")).unwrap();
    assert_eq!(older, b"older");
    assert_snapshot!(world.run("status --html nowhere/page.html"), @"
    --- stderr
    error: could not write `nowhere/page.html`
      caused by: No such file or directory (os error 2)

    hint: make the directory `nowhere` first
    [exit 1]
    ");
    assert_snapshot!(world.run("status --html manifests"), @"
    --- stderr
    error: could not write `manifests`
      caused by: it is no regular file

    hint: name a file in a directory that you may write to
    [exit 1]
    ");
    assert!(world.run("status --html page.html --format json").ends_with("[exit 64]"));
}
