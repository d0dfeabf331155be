//! `retune cancel`.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn asks_first() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("2m");
    assert_snapshot!(world.run("cancel faq"), @"
    --- stderr
      x projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]  running  gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2
    error: nothing was done: there is no terminal to ask at

    hint: pass --yes if it is meant
    [exit 5]
    ");
}

#[test]
fn stops_a_model_by_name_and_the_plan_holds_it() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("2m");
    assert_snapshot!(world.run("cancel faq --yes"), @"
    tuningJobs/[JOB-1]: asked to stop
    --- stderr
      x projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]  running  gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2
    [exit 0]
    ");
    assert_snapshot!(world.run("cancel faq --yes"), @"
    tuningJobs/[JOB-1]: cancelling; nothing to cancel
    [exit 0]
    ");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       tuningJobs/[JOB-1] is being cancelled; look again when it has ended

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    world.later("10m");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run was cancelled (tuningJobs/[JOB-1]: by hand or elsewhere); raise lifecycle.rerun to train again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn stops_a_job_by_its_id_and_a_foreign_one_only_on_request() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("1s").foreign_job();
    world.later("2m").does("jobs");
    let (foreign, ours) = (world.job(2), world.job(1).replace("tuningJobs/", ""));
    assert_snapshot!(world.run(&format!("cancel {ours} --yes")), @"
    tuningJobs/[JOB-1]: asked to stop
    --- stderr
      x projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]  running  gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2
    [exit 0]
    ");
    assert_snapshot!(world.run(&format!("cancel {foreign} --yes")), @"
    --- stderr
    error: tuningJobs/[JOB-2] is not ours

    hint: pass --foreign to stop it all the same
    [exit 5]
    ");
    assert_snapshot!(world.run(&format!("cancel {foreign} --yes --foreign")), @"
    tuningJobs/[JOB-2]: asked to stop
    --- stderr
      x projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]  running  theirs
    [exit 0]
    ");
}

#[test]
fn a_name_or_job_that_is_not_there() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("cancel faq --yes"), @"
    faq: no run; nothing to cancel
    [exit 0]
    ");
    assert_snapshot!(world.run("cancel router --yes"), @"
    --- stderr
    error: no tuned model or job is named `router`

    hint: `retune jobs` lists the names
    [exit 64]
    ");
    assert_snapshot!(world.run("cancel 123 --yes"), @"
    --- stderr
    error: there is no job `123`

    hint: `retune jobs` lists what there is
    [exit 64]
    ");
}
