//! Labels: what reads as ours is what retune writes, all else is foreign, and
//! what is foreign is in no action of a plan.

use jiff::Timestamp;
use retune::fuzzing;
use retune::model::{
    CreateRequest, Desired, Key, Labels, Lifecycle, Listing, Name, Observation, Place, Source,
    Stamp, TuningSpec, Wanted, identity, labels,
};
use retune::plan::{self, Action, Policy};
use serde_json::json;

use super::bytes::Bytes;

/// Checks a map of labels, and the labels of a create.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    written(&mut bytes);
    let map = map(&mut bytes);
    let stamp = Stamp::read(&map);
    assert_eq!(stamp.is_some(), ours(&map), "{map:?}");
    if let Some(stamp) = &stamp {
        encodes_again(stamp, &map);
    }
    planned(&map, stamp.as_ref());
}

/// The labels of a create read back as what was asked, within Vertex's rules.
fn written(bytes: &mut Bytes<'_>) {
    let Some(desired) = desired(bytes) else { return };
    let attempt = bytes.long() as u32;
    let request = CreateRequest::new(&desired, attempt);
    let stamp = Stamp::read(&request.labels).expect("ours");
    let Key { owner, name, rerun, .. } = &desired.key;
    assert_eq!((&stamp.owner, &stamp.name, stamp.rerun), (owner, name, Some(*rerun)));
    assert_eq!(stamp.attempt, attempt);
    assert!(identity::is_known(stamp.spec.as_deref().expect("a digest")));
    let (run, revision) = (bytes.long(), bytes.long() as i64);
    let body = request.stamped(run, Some(revision));
    let sent: Labels = serde_json::from_value(body["labels"].clone()).expect("labels");
    let stamp = Stamp::read(&sent).expect("ours");
    assert_eq!(stamp.run.as_deref(), Some(&*format!("{run:016x}")));
    assert_eq!(stamp.rev, Some(revision).filter(|revision| *revision >= 0));
    for (key, value) in request.labels.iter().filter(|(key, _)| labels::is_reserved(key)) {
        assert!(labels::is_key(key) && labels::is_value(value), "{key}: {value}");
    }
}

fn desired(bytes: &mut Bytes<'_>) -> Option<Desired> {
    let name = |bytes: &mut Bytes<'_>| -> Option<Name> {
        let text = bytes.text();
        let grammar = |text: &str| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            (1..=63).contains(&text.len())
                && text.bytes().all(inner)
                && text.as_bytes()[0].is_ascii_lowercase()
                && !text.ends_with('-')
        };
        let parsed: Result<Name, _> = text.parse();
        assert_eq!(parsed.is_ok(), grammar(&text), "{text:?}");
        parsed.ok()
    };
    let (owner, name, rerun) = (name(bytes)?, name(bytes)?, bytes.long());
    let mut spec = TuningSpec::default();
    for _ in 0..bytes.below(3) {
        // A manifest has no other.
        let (key, value) = (bytes.text(), bytes.text());
        spec.labels.extend((!labels::is_reserved(&key)).then_some((key, value)));
    }
    let key = Key { place: place(), owner, name, rerun };
    let source = Source { file: "a.yaml".into(), line: 1 };
    Some(Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into())
}

fn place() -> Place {
    Place::new("acme", "us-central1")
}

/// Any labels, most of them nearly ours.
fn map(bytes: &mut Bytes<'_>) -> Labels {
    const KEYS: [&str; 9] = [
        labels::MANAGED_BY,
        labels::OWNER,
        labels::NAME,
        labels::RERUN,
        labels::SPEC,
        labels::DATA,
        labels::REV,
        labels::ATTEMPT,
        labels::RUN,
    ];
    const VALUES: [&str; 9] =
        ["retune", "acme", "faq", "0", "h1-", "c1-", "1763800000", "1", "00ff"];
    let mut map = Labels::default();
    for (key, value) in KEYS.iter().zip(VALUES) {
        match bytes.below(8) {
            0..5 => map.insert(*key, value),
            5 => {}
            6 => map.insert(*key, bytes.text()),
            _ => map.insert(format!("{key}{}", bytes.text()), value),
        }
    }
    for _ in 0..bytes.below(4) {
        map.insert(bytes.text(), bytes.text());
    }
    map
}

/// The rule, from the contract: all three labels, as retune writes them.
fn ours(map: &Labels) -> bool {
    let name = |key: &str| {
        map.get(key).is_some_and(|text| {
            let edge =
                |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            text.len() <= 63
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
                && edge(text.as_bytes().last())
        })
    };
    map.get("managed-by").is_some_and(|v| v == "retune")
        && name("retune-owner")
        && name("retune-name")
}

/// What was read, written again, is what stood there; what was not read is not
/// in the form in which retune writes it.
fn encodes_again(stamp: &Stamp, map: &Labels) {
    let Stamp { owner, name, rerun, spec, data, rev, attempt, run } = stamp;
    let found = |key: &str| map.get(key);
    assert_eq!(found("retune-owner"), Some(owner.as_str()));
    assert_eq!(found("retune-name"), Some(name.as_str()));
    assert_eq!(found("retune-spec"), spec.as_deref());
    assert_eq!(found("retune-data"), data.as_deref());
    assert_eq!(found("retune-run"), run.as_deref());
    let written = |key: &str, most: u64, read: Option<u64>| match (found(key), read) {
        (Some(text), Some(n)) => assert_eq!(text, n.to_string()),
        (Some(text), None) => {
            let again = text.parse::<u64>().ok().filter(|n| *n <= most && n.to_string() == text);
            assert_eq!(again, None, "{key}: {text}");
        }
        (None, read) => assert_eq!(read, None, "{key} from nowhere"),
    };
    written("retune-rerun", u64::MAX, *rerun);
    written("retune-rev", i64::MAX as u64, rev.map(|rev| rev as u64));
    // A first attempt may be unsaid.
    let canonical = |text: &str| text.parse::<u32>().is_ok_and(|n| n.to_string() == text);
    let said = found("retune-attempt").filter(|text| canonical(text));
    assert_eq!(*attempt, said.map_or(1, |text| text.parse().expect("canonical")));
}

/// A job with these labels, on the wire and in a plan.
fn planned(map: &Labels, stamp: Option<&Stamp>) {
    let body = json!({
        "name": "projects/1/locations/us-central1/tuningJobs/1",
        "state": "JOB_STATE_RUNNING",
        "createTime": "2026-11-01T00:00:00Z",
        "labels": map,
        "baseModel": "gemini-3.5-flash",
    });
    let job = fuzzing::job(body.to_string().as_bytes(), &place()).expect("a job");
    assert_eq!(job.stamp.as_ref(), stamp);
    let owner: Name = "acme".parse().expect("a name");
    let name: Name = "faq".parse().expect("a name");
    let wanted = Wanted {
        key: Key { place: place(), owner: owner.clone(), name: name.clone(), rerun: 0 },
        spec: TuningSpec { base_model: Some("x".into()), ..TuningSpec::default() },
        lifecycle: Lifecycle::default(),
        source: Source { file: "a.yaml".into(), line: 1 },
    };
    let jobs = vec![job.clone()];
    let listing = Listing { jobs, date: Some(Timestamp::UNIX_EPOCH), ..Listing::default() };
    let observed: Observation = [(place(), Ok(listing))].into();
    // Everything that a person can allow is allowed.
    let mut policy = Policy::new(owner.clone());
    policy.prune.extend(stamp.map(|stamp| stamp.name.clone()));
    policy.revision = Some(i64::MAX);
    let plan = plan::plan(&[wanted.into()], &observed, &policy);
    let mine = stamp.is_some_and(|stamp| stamp.owner == owner);
    for action in &plan.actions {
        if let Action::Cancel(cancel) = action {
            assert!(mine && cancel.job == job.name, "cancels a foreign job: {map:?}");
        }
    }
    assert_eq!(plan.foreign, u64::from(!mine));
    // Nothing is created over a run that cannot be told from the wanted one.
    let unclear = stamp.is_some_and(|s| {
        let known = s.spec.as_deref().is_some_and(identity::is_known) && s.rerun.is_some();
        mine && s.name == name && !known
    });
    assert!(!unclear || plan.actions.is_empty(), "{map:?}: {:?}", plan.actions);
}
