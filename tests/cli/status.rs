//! `retune status`.

use insta::assert_snapshot;

use crate::model::model;
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
    triage     held       -                               the manifest says `suspend: true`; take it out to go on

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
