//! Whether what came of a step is what its scenario says.

use std::collections::BTreeMap;

use serde_json::Value;

use super::play::Ended;
use super::scenario::Then;
use super::world::Seen;

/// The symbols that begin a row of a plan.
const SYMBOLS: [&str; 7] = ["+", "x", "!", "…", "?", "i", "="];

/// Says the first thing that is not as it should be.
pub fn check(then: &Then, ended: &[Ended], asked: usize, seen: &Seen) -> Result<(), String> {
    let Then { exit, plan, reasons, says, says_not, asked: to_ask, creates, cancels, active } =
        then;
    for one in ended {
        if let Some(exit) = exit.as_ref().filter(|exit| **exit != one.exit) {
            return Err(format!("it ended with {:?} and not with {exit:?}", one.exit));
        }
        let said = format!("{}\n{}", one.stdout, one.stderr);
        if let Some(word) = says.iter().find(|word| !said.contains(*word)) {
            return Err(format!("it did not say `{word}`"));
        }
        if let Some(word) = says_not.iter().find(|word| said.contains(*word)) {
            return Err(format!("it said `{word}`"));
        }
        if let Some(plan) = plan {
            let found = rows(&one.stdout);
            if found != *plan {
                return Err(format!("the plan has the rows {found:?} and not {plan:?}"));
            }
        }
        if let Some(reasons) = reasons {
            let found = decisions(&one.stdout)?;
            if found != *reasons {
                return Err(format!("it decided {found:?} and not {reasons:?}"));
            }
        }
    }
    if let Some(to_ask) = to_ask.filter(|to_ask| *to_ask != asked) {
        return Err(format!("{asked} requests were sent and not {to_ask}"));
    }
    let wanted = Seen { creates: *creates, cancels: *cancels, active: *active };
    if *seen != wanted {
        return Err(format!("the emulator has seen {seen:?} and not {wanted:?}"));
    }
    Ok(())
}

/// The digest that was printed last, by the first that printed one.
pub fn digest(ended: &[Ended]) -> Option<String> {
    let line = |one: &Ended| {
        let line = one.stdout.lines().rev().find_map(|line| line.strip_prefix("Digest: "))?;
        Some(line.to_owned())
    };
    ended.iter().find_map(line)
}

/// The rows of a plan in text: symbol, name and what is done.
fn rows(stdout: &str) -> Vec<String> {
    let row = |line: &str| {
        let (symbol, rest) = line.strip_prefix("  ")?.split_once(' ')?;
        let (name, rest) = rest.split_once(' ')?;
        let verb = rest.trim_start().split("  ").next()?;
        // The longest is as wide as its column.
        let verb = ["in flight", "in sync"]
            .into_iter()
            .find(|two| verb.starts_with(two))
            .or_else(|| verb.split(' ').next())?;
        SYMBOLS.contains(&symbol).then(|| format!("{symbol} {name} {verb}"))
    };
    stdout.lines().filter_map(row).collect()
}

/// What was decided of each model, from a plan in JSON.
fn decisions(stdout: &str) -> Result<BTreeMap<String, String>, String> {
    let plan: Value = serde_json::from_str(stdout).map_err(|error| format!("no JSON: {error}"))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (list, word) in [
        ("actions", None),
        ("held", Some("held")),
        ("inFlight", Some("inFlight")),
        ("inSync", Some("inSync")),
        ("orphaned", Some("orphaned")),
        ("diagnostics", Some("note")),
    ] {
        for one in plan[list].as_array().into_iter().flatten() {
            let word = word.map_or_else(|| text(&one["action"]), str::to_owned);
            let why = [&one["reason"], &one["code"]].map(text).concat();
            let entry = found.entry(text(&one["name"])).or_default();
            let separator = if entry.is_empty() { "" } else { ", " };
            *entry = format!("{entry}{separator}{}", format!("{word} {why}").trim());
        }
    }
    Ok(found)
}
