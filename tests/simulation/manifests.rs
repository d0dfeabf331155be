//! What the manifests of a schedule say, and since which commit.

use std::path::PathBuf;
use std::time::Duration;

use retune::model::identity;
use retune::model::{
    Desired, DesiredState, HyperParameters, Key, Lifecycle, OnSupersede, Place, Retry, Source,
    SupervisedTuningSpec, TuningSpec, Wanted,
};
use retune::plan::Policy;

use crate::random::Random;

/// What Vertex makes of an epoch count that is left out.
pub const DEFAULT_EPOCHS: i64 = 4;

/// The owner of every manifest.
pub const OWNER: &str = "acme";

/// What one commit says.
#[derive(Debug, Clone)]
pub struct Manifests {
    pub desired: Vec<Desired>,
    /// The digest of each one's spec.
    pub labels: Vec<String>,
    pub policy: Policy,
}

impl Default for Manifests {
    fn default() -> Self {
        let policy = Policy::new(OWNER.parse().unwrap());
        Self { desired: Vec::new(), labels: Vec::new(), policy }
    }
}

impl Manifests {
    /// The manifest of a name, with its spec's digest.
    pub fn of(&self, name: &str) -> Option<(&Desired, &str)> {
        let at = self.desired.iter().position(|desired| desired.key.name.as_str() == name)?;
        Some((&self.desired[at], &self.labels[at]))
    }

    pub fn revision(&self) -> Option<i64> {
        self.policy.revision
    }
}

/// What makes two runs the same training, whoever spelled out what.
pub fn model(desired: &Desired) -> &str {
    desired.spec.base_model.as_deref().unwrap_or_default()
}

pub fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

/// How the manifests of a schedule are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    names: u64,
    /// One create or cancel a plan trips the limits.
    small_limits: bool,
    revisions: bool,
    /// Edits that stop, suspend, remove, keep, time out or raise a rerun.
    unusual: u64,
}

impl Style {
    pub fn draw(random: &mut Random) -> Self {
        let small_limits = random.permille(80);
        Self {
            names: match small_limits {
                true => 2 + random.below(2),
                // More than are created at a time.
                false if random.permille(60) => 6,
                false => 1 + random.below(2),
            },
            small_limits,
            revisions: random.permille(650),
            unusual: if random.permille(500) { 120 } else { 0 },
        }
    }

    /// The manifests of the `n`-th commit, from 1. Specs come from so few that
    /// edits go back and forth.
    pub fn manifests(self, random: &mut Random, n: i64, before: Option<&Manifests>) -> Manifests {
        let mut desired = Vec::new();
        for name in 0..self.names {
            let name = format!("model-{name}");
            let rerun = before.and_then(|b| b.of(&name)).map_or(0, |(d, _)| d.key.rerun);
            let manifest = self.manifest(random, &name, rerun);
            if !(before.is_some() && random.permille(self.unusual)) {
                desired.push(manifest);
            }
        }
        let mut policy = Policy::new(OWNER.parse().unwrap());
        // Far below the creation times of jobs, as commits are older than runs.
        policy.revision = self.revisions.then_some(n);
        if self.small_limits {
            policy.limits.max_creates = 1 + u32::try_from(random.below(2)).unwrap();
            policy.limits.max_cancels = 1;
        }
        let labels = desired.iter().map(|d: &Desired| identity::digest(&d.spec)).collect();
        Manifests { desired, labels, policy }
    }

    fn manifest(self, random: &mut Random, name: &str, rerun: u64) -> Desired {
        let mut unusual = || random.permille(self.unusual);
        let (raised, stopped, suspend, keep, timeout) =
            (unusual(), unusual(), unusual(), unusual(), unusual());
        let hyper = HyperParameters {
            // Spelled out or left to Vertex: the same training.
            epoch_count: random.permille(150).then_some(DEFAULT_EPOCHS),
            ..HyperParameters::default()
        };
        let spec = TuningSpec {
            base_model: Some(format!("gemini-{name}-{}", random.below(3)).into()),
            supervised_tuning_spec: Some(SupervisedTuningSpec {
                training_dataset_uri: "gs://acme/train.jsonl".into(),
                hyper_parameters: Some(hyper),
                ..SupervisedTuningSpec::default()
            }),
            ..TuningSpec::default()
        };
        let max_attempts = 1 + u32::from(random.permille(350));
        let lifecycle = Lifecycle {
            rerun: rerun + u64::from(raised),
            desired: if stopped { DesiredState::Stopped } else { DesiredState::Tuned },
            suspend,
            on_supersede: if keep { OnSupersede::Keep } else { OnSupersede::Cancel },
            timeout: timeout.then_some(Duration::from_secs(60)),
            retry: Retry { max_attempts },
            ..Lifecycle::default()
        };
        let key = Key {
            place: place(),
            owner: OWNER.parse().unwrap(),
            name: name.parse().unwrap(),
            rerun: lifecycle.rerun,
        };
        let source = Source { file: PathBuf::new(), line: 1 };
        Wanted { key, spec, lifecycle, source }.into()
    }
}
