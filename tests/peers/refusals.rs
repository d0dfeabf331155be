//! A scenario that says less or other than it seems to is refused.

use super::play::play;
use super::scenario::Scenario;

const GOOD: &str = "\
peer: Somebody
link: https://github.com/somebody/something/issues/1
happened: It was made twice.
here: It is made once.
given:
  manifests: {faq: {epochs: 3}}
steps:
- run: apply --yes
  then: {exit: 0, plan: [+ faq create], says: ['1 created'], creates: 1, cancels: 0, active: 1}
";

/// What is wrong with the checks themselves.
pub fn check() -> Vec<String> {
    let mut failed = Vec::new();
    match Scenario::read(GOOD).and_then(|scenario| play(&scenario)) {
        Ok(()) => {}
        Err(why) => failed.push(format!("a good scenario: {why}")),
    }
    for (from, to, why) in [
        ("peer:", "pear:", "unknown field"),
        ("exit: 0", "exits: 0", "unknown field"),
        ("epochs: 3", "epoch: 3", "unknown field"),
        ("- run:", "- runs:", "unknown field"),
        ("link: https://github.com/somebody/something/issues/1\n", "", "missing field `link`"),
        ("issues/1", "issues/one", "is no thread"),
        ("https://github.com", "https://example.com", "is no thread"),
        ("It was made twice.", "''", "`happened` says nothing"),
        ("creates: 1, ", "", "missing field `creates`"),
        ("exit: 0, ", "", "has no `exit`"),
    ] {
        let altered = GOOD.replacen(from, to, 1);
        match Scenario::read(&altered) {
            Err(error) if altered != GOOD && error.contains(why) => {}
            other => failed.push(format!("`{to}` for `{from}` was read as {other:?}")),
        }
    }
    // Each thing that is expected is looked at.
    for (from, to, why) in [
        ("exit: 0", "exit: 6", "and not with Code(6)"),
        ("exit: 0", "exit: killed", "and not with Word"),
        ("+ faq create", "", "the plan has the rows"),
        ("+ faq create", "! faq held", "the plan has the rows"),
        ("says: ['1 created']", "says: ['2 created']", "did not say"),
        ("says: ['1 created']", "says-not: ['1 created']", "it said"),
        ("creates: 1", "creates: 2", "the emulator has seen"),
        ("cancels: 0", "cancels: 1", "the emulator has seen"),
        ("active: 1", "active: 0", "the emulator has seen"),
        ("creates: 1", "creates: 1, asked: 99", "requests were sent"),
        ("creates: 1", "creates: 1, reasons: {faq: create missing}", "no JSON"),
    ] {
        let altered = GOOD.replacen(from, to, 1);
        match Scenario::read(&altered).and_then(|scenario| play(&scenario)) {
            Err(error) if error.contains(why) => {}
            other => failed.push(format!("`{to}` for `{from}` ended as {other:?}")),
        }
    }
    failed
}
