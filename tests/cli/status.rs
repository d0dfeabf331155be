//! `retune status`.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn each_model_in_its_state() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("router")).does("apply --yes").later("25m");
    world.wants(model("summaries"));
    world.wants(model("triage").lifecycle("suspend: true"));
    assert_snapshot!(world.run("status"), @"
    NAME       STATUS     RUN
    faq        tuned      tuningJobs/[JOB-1]  endpoints/[ENDPOINT]
    router     tuned      tuningJobs/[JOB-2]  endpoints/[ENDPOINT]
    summaries  to create  -                               `retune apply` starts a run
    triage     held       -                               the manifest says `suspend: true`; take it out to go on

    4 models: 1 to create, 1 held, 2 in sync.
    [exit 0]
    ");
    assert_snapshot!(world.run("status router"), @"
    NAME    STATUS  RUN
    router  tuned   tuningJobs/[JOB-2]  endpoints/[ENDPOINT]

    1 model: 1 in sync.
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
fn json_has_the_same_values() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("router")).does("apply --yes").later("25m");
    assert_snapshot!(world.run("status --format json"), @r#"
    {
      "formatVersion": 1,
      "summary": {
        "create": 0,
        "cancel": 0,
        "held": 0,
        "inFlight": 0,
        "inSync": 2,
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
          "model": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
          "endpoint": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]"
        },
        {
          "name": "router",
          "project": "acme-ml",
          "location": "us-central1",
          "rerun": 0,
          "status": "tuned",
          "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]",
          "model": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
          "endpoint": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]"
        }
      ],
      "orphaned": [],
      "diagnostics": []
    }
    [exit 0]
    "#);
}
