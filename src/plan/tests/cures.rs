//! What unblocks a hold, in words and ready to be typed.

use std::time::Duration;

use super::world::{World, job_name, name, place};
use crate::model::{JobState, Key, Untrusted, identity};
use crate::plan::show::{self, cure};
use crate::plan::{CancelledBy, ClaimedBy, Held, HoldReason, Known, Newer, Settling};

const JOB: &str = "projects/42/locations/us-central1/tuningJobs/7";

/// Each hold, and what a page says of it: what to do with what.
fn holds() -> Vec<(HoldReason, Option<(&'static str, &'static str)>)> {
    const JOBS: &str = "retune jobs --project acme-ml --location us-central1 --emulator";
    let job = || job_name(7);
    let world = World::new().wants("faq", 3);
    let (plan, known) = (world.plan(), identity::digest(&world.desired[0].spec));
    let create = || Box::new(plan.creates().next().unwrap().clone());
    let failed = |retry_in, adopted, has_model| {
        let (job, error) = (job(), None);
        HoldReason::LastRunFailed { job, error, has_model, retry_in, adopted }
    };
    let (by, remaining) = (CancelledBy::Elsewhere, Duration::ZERO);
    let pending = ClaimedBy::Pending { holder: Untrusted::new("ci"), run: "a".into(), remaining };
    let settling = |why| HoldReason::Settling { why, remaining, deferred: create() };
    let stale = |newer| HoldReason::StaleRevision { job: job(), newer };
    let state = |state| HoldReason::UnknownState { job: job(), state };
    let dialect = |label: Option<&str>| {
        let label = label.map(Into::into);
        HoldReason::UnknownDialect { job: job(), label }
    };
    let set = |what| Some(("Set in the manifest", what));
    let take_out = |what| Some(("Take out of the manifest", what));
    let run = |what| Some(("Run", what));
    let upgrade = Some(("Upgrade", "retune"));
    vec![
        (failed(Some(Duration::ZERO), false, false), None),
        (failed(None, false, false), set("lifecycle.rerun: 5")),
        (failed(None, false, true), set("lifecycle.rerun: 5")),
        (failed(None, true, false), take_out("lifecycle.adopt: JOB")),
        (
            HoldReason::LastRunCancelled { job: job(), by: by.clone(), adopted: false },
            set("lifecycle.rerun: 5"),
        ),
        (
            HoldReason::LastRunCancelled { job: job(), by, adopted: true },
            take_out("lifecycle.adopt: JOB"),
        ),
        (HoldReason::Cancelling { job: job() }, None),
        (HoldReason::Suspended, take_out("lifecycle.suspend: true")),
        (
            HoldReason::CreateLimit { wanted: 12, recent: 0, limit: 10 },
            run("retune apply --max-creates 12 --emulator"),
        ),
        (
            HoldReason::CreateLimit { wanted: 2, recent: 9, limit: 10 },
            run("retune watch --max-creates 11 --emulator"),
        ),
        (
            HoldReason::CancelLimit { wanted: 6, limit: 5 },
            run("retune apply --max-cancels 6 --emulator"),
        ),
        (
            HoldReason::ConcurrencyLimit { running: 1, limit: 1, deferred: create() },
            run("retune apply --wait --emulator"),
        ),
        (settling(Settling::Unlisted), None),
        (settling(Settling::Changing), None),
        (settling(Settling::Unclaimed), None),
        (HoldReason::AmbiguousCreate { age: remaining, run: "a".into(), wait: remaining }, None),
        (HoldReason::ClaimedElsewhere { claim: pending, deferred: create() }, None),
        (
            HoldReason::ClaimedElsewhere {
                claim: ClaimedBy::Done { job: job() },
                deferred: create(),
            },
            set("lifecycle.rerun: 5"),
        ),
        (HoldReason::ImplausibleListing { listed: 1, known: Known::Before(3) }, run(JOBS)),
        (HoldReason::ImplausibleListing { listed: 0, known: Known::Claimed(job()) }, run(JOBS)),
        (HoldReason::ListIncomplete { why: Untrusted::new("503") }, run(JOBS)),
        (dialect(Some("h9-abc")), upgrade),
        (dialect(Some(&known)), run(JOBS)),
        (dialect(None), run(JOBS)),
        (state(None), run(JOBS)),
        (state(Some(JobState::Unknown(Untrusted::new("FROZEN")))), upgrade),
        (state(Some(JobState::Paused)), run("retune describe faq --emulator")),
        (stale(Newer::Rerun { theirs: 9, ours: 4 }), set("lifecycle.rerun: 9")),
        (stale(Newer::Revision { theirs: 9, ours: Some(4) }), run("git pull")),
        (
            stale(Newer::Revision { theirs: 9, ours: None }),
            Some(("Run inside the manifests' git work tree, or with", "--revision")),
        ),
        (
            HoldReason::SameSpecElsewhere { job: job(), owner: name("b"), name: name("c") },
            set("lifecycle.adopt: JOB"),
        ),
    ]
}

#[test]
fn the_words_of_a_hold_and_what_is_typed_are_one_cure() {
    let mut codes: Vec<&str> = Vec::new();
    for (reason, wanted) in holds() {
        codes.push(reason.code());
        let key = Key { place: place(), owner: name("acme"), name: name("faq"), rerun: 4 };
        let held = Held { key, reason };
        let (cure, words) = (cure(&held, " --emulator"), show::hold(&held, " --emulator"));
        let wanted = wanted.map(|(how, what)| (how, what.replace("JOB", JOB)));
        assert_eq!(cure.as_ref().map(show::Cure::steps), wanted, "{words}");
        match cure {
            Some(cure) => assert!(words.contains(&cure.to_string()), "{cure} is not in: {words}"),
            None => assert!(!words.contains("lifecycle.") && !words.contains('`'), "{words}"),
        }
        // No word of a command that leads elsewhere.
        let commands = words.split('`').filter(|part| part.starts_with("retune "));
        commands.for_each(|command| assert!(command.ends_with(" --emulator"), "{command}"));
    }
    codes.dedup();
    // Every reason there is, once.
    assert_eq!(codes.len(), 16, "{codes:?}");
}

#[test]
fn no_flag_is_typed_twice() {
    let key = Key { place: place(), owner: name("acme"), name: name("faq"), rerun: 4 };
    let held = Held { key, reason: HoldReason::ListIncomplete { why: Untrusted::new("503") } };
    for given in [" --project acme-ml", " --location us-central1 --project acme-ml"] {
        let command = cure(&held, given).unwrap().to_string();
        let flags = ["--project acme-ml", "--location us-central1"];
        assert_eq!(flags.map(|flag| command.matches(flag).count()), [1, 1], "{command}");
    }
}
