//! Exit code 5: refused, and nothing was done.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn nobody_can_be_asked() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: there is no terminal to ask at

    hint: look at the plan, then pass --yes or --expect-plan DIGEST --yes
    [exit 5]
    ");
    assert_snapshot!(world.run("jobs"), @"
    0 jobs.
    [exit 0]
    ");
}

#[test]
fn a_limit_names_the_flag_that_lifts_it() {
    let world = World::new();
    world.workspace(&["limits: {maxCreates: 1}"]);
    world.wants(model("faq")).wants(model("router"));
    assert_snapshot!(world.run("apply --yes"), @"
      ! faq      held       2 creates wanted, limit 1; pass --max-creates 2 if they are meant
      ! router   held       2 creates wanted, limit 1; pass --max-creates 2 if they are meant

    No changes. 2 held.
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: 2 creates wanted, limit 1; pass --max-creates 2 if they are meant
    [exit 5]
    ");
    assert_snapshot!(world.run("apply --yes --max-creates 0 --only faq"), @"
      ! faq   held       1 create wanted, limit 0; pass --max-creates 1 if it is meant

    No changes. 1 held.
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: 1 create wanted, limit 0; pass --max-creates 1 if it is meant
    [exit 5]
    ");
    world.does("apply --yes --max-creates 2").later("2m");
    world.wants(model("faq").lifecycle("desired: stopped"));
    world.wants(model("router").lifecycle("desired: stopped"));
    assert_snapshot!(world.run("apply --yes --max-cancels 1"), @"
      ! faq      held       2 cancels wanted, limit 1; pass --max-cancels 2 if they are meant
      ! router   held       2 cancels wanted, limit 1; pass --max-cancels 2 if they are meant

    No changes. 2 held.
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: 2 cancels wanted, limit 1; pass --max-cancels 2 if they are meant
    [exit 5]
    ");
}

#[test]
fn another_plan_than_expected() {
    let world = World::new();
    world.wants(model("faq"));
    let plan: serde_json::Value =
        serde_json::from_str(&world.stdout("plan --format json")).unwrap();
    let digest = plan["digest"].as_str().unwrap();
    world.wants(model("faq").epochs(4));
    assert_snapshot!(world.run(&format!("apply --yes --expect-plan {digest}")), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: the plan is another one by now (sha256:[DIGEST] instead of sha256:[DIGEST])

    hint: look at it with `retune plan`, then apply that one
    [exit 5]
    ");
    world.wants(model("faq"));
    assert_snapshot!(world.run(&format!("apply --yes --expect-plan {digest}")), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
    [exit 0]
    ");
}

#[test]
fn jsonl_ends_with_the_exit_code_all_the_same() {
    let world = World::new();
    world.workspace(&["limits: {maxCreates: 0}"]);
    world.wants(model("faq"));
    let told = world.stdout("apply --yes --format jsonl");
    let events: Vec<&str> = told.lines().skip(1).collect();
    assert_snapshot!(events.join("\n"), @r#"{"event":"end","exitCode":5}"#);
}
