//! The table of decisions: every state at every age.

use jiff::SignedDuration;

use super::*;

const WRITTEN: &str = "2026-11-22T12:00:00.250Z";

fn held(state: ClaimState, age: SignedDuration) -> Held {
    let updated: Timestamp = WRITTEN.parse().unwrap();
    let claim = Claim::pending(7, "ci-1", 1).with(state);
    Held { claim, generation: 9, updated, date: updated + age }
}

/// Seconds from long before the writing to long after it.
const AGES: [i64; 9] = [-315_360_000, -60, -1, 0, 1, 150, 299, 300, 315_360_000];

#[test]
fn what_a_claim_allows() {
    let take = Next::Take(Expect::Generation(9));
    for age in AGES {
        let after = |state| next(Some(&held(state, SignedDuration::from_secs(age))), TAKEOVER);
        assert_eq!(after(ClaimState::Done { job: job() }), Next::Done { job: job() });
        assert_eq!(after(ClaimState::Released), take);
        let pending = after(ClaimState::Pending);
        if age >= 300 {
            assert_eq!(pending, take, "{age}");
        } else {
            // From the future is new: a clock that went back takes nothing over.
            let remaining = Duration::from_secs(300 - age.max(0).unsigned_abs());
            let holder = Untrusted::new("ci-1");
            assert_eq!(pending, Next::WaitElsewhere { remaining, holder, run: 7 }, "{age}");
        }
    }
    assert_eq!(next(None, TAKEOVER), Next::Take(Expect::Absent));
}

#[test]
fn a_part_of_a_second_too_early_is_too_early() {
    let almost = SignedDuration::from_secs(300) - SignedDuration::from_nanos(1);
    let pending = next(Some(&held(ClaimState::Pending, almost)), TAKEOVER);
    assert!(matches!(pending, Next::WaitElsewhere { .. }));
}

#[test]
fn the_window_is_the_sum_of_what_it_is_made_of() {
    assert_eq!(TAKEOVER, Duration::from_secs(300));
    assert!(FRESH < TAKEOVER);
}

#[test]
fn a_write_is_ours_by_its_nonce_alone() {
    let new = SignedDuration::ZERO;
    let ours = held(ClaimState::Pending, new);
    assert_eq!(settle_put(Some(&ours), 7), Settled::Ours { generation: 9 });
    assert_eq!(settle_put(Some(&ours), 8), Settled::NotOurs);
    assert_eq!(settle_put(Some(&held(ClaimState::Released, new)), 7), Settled::NotOurs);
    assert_eq!(settle_put(None, 7), Settled::NotOurs);
}
