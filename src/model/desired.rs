//! What the manifests ask for.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::identity::Digests;
use super::{Bucket, Key, Labels, Lifecycle, Name, Place, Prices, Text, TuningSpec};

/// One tuned model that should exist. A copy takes no memory until it is
/// changed: of ten thousand, a daemon holds each in two states of the files.
#[derive(Debug, Clone)]
pub struct Desired(Arc<Shared>);

#[derive(Debug, Clone)]
struct Shared {
    wanted: Wanted,
    /// Of the spec, once somebody asked.
    digests: OnceLock<Digests>,
}

impl Desired {
    /// Whether both are one and the same, without a look at what they say.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What its spec is known by; hashed once, however often it is decided about.
    pub fn digests(&self) -> &Digests {
        self.0.digests.get_or_init(|| Digests::of(&self.0.wanted.spec))
    }
}

impl PartialEq for Desired {
    fn eq(&self, other: &Self) -> bool {
        self.0.wanted == other.0.wanted
    }
}

impl From<Wanted> for Desired {
    fn from(wanted: Wanted) -> Self {
        Self(Arc::new(Shared { wanted, digests: OnceLock::new() }))
    }
}

impl Deref for Desired {
    type Target = Wanted;

    fn deref(&self) -> &Wanted {
        &self.0.wanted
    }
}

impl DerefMut for Desired {
    fn deref_mut(&mut self) -> &mut Wanted {
        let shared = Arc::make_mut(&mut self.0);
        shared.digests = OnceLock::new();
        &mut shared.wanted
    }
}

/// Everything that a plan needs to know of a [`Desired`].
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Which tuned model this is.
    pub key: Key,
    /// What to ask Vertex for: user-set fields only, labels merged.
    pub spec: TuningSpec,
    /// How retune treats it.
    pub lifecycle: Lifecycle,
    /// Where it was written.
    pub source: Source,
}

/// A place in a manifest file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The file as the user named it.
    pub file: PathBuf,
    /// The line on which the document starts, from 1.
    pub line: u32,
}

/// What all manifests of a directory share.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// The owner, written on every job.
    pub owner: Name,
    /// The project of manifests that name none.
    pub project: Option<Text>,
    /// The location of manifests that name none.
    pub location: Option<Text>,
    /// Places with no manifest any more that are still listed.
    pub also_list: Vec<Place>,
    /// Labels of every job; a manifest's own win.
    pub labels: Labels,
    /// How much one plan may change.
    pub limits: Limits,
    /// US dollars for a million training tokens, by base model: they win over
    /// the table that comes with retune.
    pub prices: Prices,
    /// How long a create must have been due before it is sent; the default of
    /// 20 s when absent.
    pub settle: Option<std::time::Duration>,
    /// Where creates are claimed before they are sent; without it they wait for
    /// a settle window.
    pub claims: Option<Bucket>,
    /// Where it was written.
    pub source: Source,
}

/// How much one plan may change. Limits trip, they do not ration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most creates of one plan.
    pub max_creates: u32,
    /// Most cancels of one plan.
    pub max_cancels: u32,
    /// Most runs of this owner at a time in a project; no limit when absent.
    pub max_concurrent: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_creates: 10, max_cancels: 5, max_concurrent: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::identity::digest;

    #[test]
    fn another_spec_has_other_digests() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        let place = Place::new("acme", "us-central1");
        let key = Key { place, owner: name("acme"), name: name("faq"), rerun: 0 };
        let source = Source { file: "faq.yaml".into(), line: 1 };
        let (spec, lifecycle) = Default::default();
        let first = Desired::from(Wanted { key, spec, lifecycle, source });
        assert_eq!(first.digests().newest(), digest(&first.spec));
        let mut second = first.clone();
        second.spec.base_model = Some("gemini-3.5-flash".into());
        assert_eq!(second.digests().newest(), digest(&second.spec));
        assert_ne!(second.digests(), first.digests());
    }
}
