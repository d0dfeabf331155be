//! What a manifest goes through: each test is one story.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn a_changed_spec_starts_a_run_and_then_stops_the_older_one() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("2m");
    world.wants(model("faq").epochs(4));
    assert_snapshot!(world.run("plan"), @"
      + faq   create     epochCount 3 -> 4
      x faq   cancel     tuningJobs/[JOB-1]: superseded, once the new run is accepted

    Plan: 1 to create, 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     epochCount 3 -> 4
      x faq   cancel     tuningJobs/[JOB-1]: superseded, once the new run is accepted

    Plan: 1 to create, 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-2]
      faq  cancelled  tuningJobs/[JOB-1]: asked to stop

    Applied: 1 created, 1 cancelled.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan"), @"
      … faq   in flight  tuningJobs/[JOB-2]: pending, 0s

    No changes. 1 in flight.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    world.later("3h");
    assert_snapshot!(world.run("plan --full"), @"
      = faq   in sync    tuningJobs/[JOB-2]: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn going_back_to_a_spec_that_succeeded_costs_nothing() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").epochs(4)).does("apply --yes").later("3h");
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_raised_rerun_trains_again() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").lifecycle("rerun: 1"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     rerun 0 -> 1

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-2]

    Applied: 1 created.
    [exit 0]
    ");
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       tuningJobs/[JOB-2] is of rerun 1, the manifest says 0; take the newer commit, or set lifecycle.rerun to 1

    No changes. 1 held, 1 in sync.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn stopped_cancels_what_runs() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("2m");
    world.wants(model("faq").lifecycle("desired: stopped"));
    assert_snapshot!(world.run("apply --yes"), @"
      x faq   cancel     tuningJobs/[JOB-1]: the manifest says `desired: stopped`

    Plan: 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  cancelled  tuningJobs/[JOB-1]: asked to stop

    Applied: 1 cancelled.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       tuningJobs/[JOB-1] is being cancelled; look again when it has ended

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    world.later("1h");
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS   RUN
    faq   stopped  -

    1 model: 1 in sync.
    [exit 0]
    ");
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run was cancelled (tuningJobs/[JOB-1]: by hand or elsewhere); raise lifecycle.rerun to train again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn suspend_looks_and_changes_nothing() {
    let world = World::new();
    world.wants(model("faq").lifecycle("suspend: true"));
    assert_snapshot!(world.run("apply --yes"), @"
      ! faq   held       the manifest says `suspend: true`; take lifecycle.suspend out to go on

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn an_orphan_is_reported_and_stopped_by_its_name() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes");
    world.wants(model("router")).does("apply --yes").later("2m");
    world.wants_no_more("router");
    assert_snapshot!(world.run("plan"), @"
      … faq      in flight  tuningJobs/[JOB-1]: running, 1m 27s
      ? router   orphaned   tuningJobs/[JOB-2]: running; no manifest; `retune apply --prune router` stops it

    No changes. 1 in flight, 1 orphaned.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS   RUN
    faq   running  tuningJobs/[JOB-1]  1m 27s, processing dataset

    Active runs without a manifest:
      router  tuningJobs/[JOB-2]: running

    1 model: 1 in flight, 1 orphaned.
    [exit 0]
    ");
    assert!(world.stdout("plan --only faq").contains("No changes. 1 in flight"));
    assert_snapshot!(world.run("apply --yes --prune rooter"), @"
    --- stderr
    error: no job of ours is named `rooter`

    hint: did you mean `router`?
    [exit 64]
    ");
    assert_snapshot!(world.run("apply --yes --prune router --only faq"), @"
      x router   cancel     tuningJobs/[JOB-2]: pruned
      … faq      in flight  tuningJobs/[JOB-1]: running, 1m 27s

    Plan: 1 to cancel, 1 in flight.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      router  cancelled  tuningJobs/[JOB-2]: asked to stop

    Applied: 1 cancelled.
    [exit 0]
    ");
    world.later("3h");
    assert_snapshot!(world.run("plan"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1. Left alone: 1 ended without a manifest.
    [exit 0]
    ");
}

#[test]
fn a_rename_trains_nothing_twice_and_adopt_takes_the_run_over() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants_no_more("faq");
    let renamed = model("support-faq").dataset("gs://acme-ml/faq/train.jsonl");
    world.wants(renamed.clone());
    assert_snapshot!(world.run("plan"), @"
      ! support-faq   held       tuningJobs/[JOB-1] has this very spec (owner acme-tuning, name faq); set lifecycle.adopt to take it over, or raise lifecycle.rerun to train anyway

    No changes. 1 held.
    Listed acme-ml/us-central1. Left alone: 1 ended without a manifest.
    [exit 0]
    ");
    let job = world.full_job(1);
    world.wants(renamed.lifecycle(&format!("adopt: {job}")));
    assert_snapshot!(world.run("plan --full"), @"
      = support-faq   in sync    tuningJobs/[JOB-1]: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn what_starts_no_run_is_a_note() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").spec("tunedModelDisplayName: Support FAQ"));
    assert_snapshot!(world.run("plan"), @"
      i faq   note       tunedModelDisplayName differs from the run's; it applies to the next run

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    world.wants(model("faq").no_epochs());
    assert_snapshot!(world.run("plan"), @"
      i faq   note       epochCount is no longer set; the run was trained with it; raise lifecycle.rerun to train without

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
      i faq   note       epochCount is no longer set; the run was trained with it; raise lifecycle.rerun to train without

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_run_carries_the_time_of_the_commit_it_was_made_from() {
    let world = World::new();
    world.wants(model("faq"));
    for arguments in ["init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm faq"] {
        let mut git = std::process::Command::new("git");
        world.clean(&mut git);
        git.args(arguments.split(' ')).env("GIT_COMMITTER_DATE", "2026-02-02T00:00:00Z");
        assert!(git.status().unwrap().success(), "{arguments}");
    }
    world.does("apply --yes");
    assert!(world.stdout("jobs --format json").contains(r#""retune-rev": "1769990400""#));
}

#[test]
fn an_older_revision_changes_nothing() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes --revision 2026-02-02T00:00:00Z");
    world.wants(model("faq").epochs(4));
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       tuningJobs/[JOB-1] was made from revision 1769990400 and these manifests have none; run inside their git work tree, or pass --revision

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --revision 1769990000"), @"
      ! faq   held       tuningJobs/[JOB-1] was made from revision 1769990400, these manifests are of 1769990000; take the newer commit, or pass --revision

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --revision 1769990401"), @"
      + faq   create     epochCount 3 -> 4
      x faq   cancel     tuningJobs/[JOB-1]: superseded, once the new run is accepted

    Plan: 1 to create, 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}
