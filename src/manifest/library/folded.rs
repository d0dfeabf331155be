//! A manifest folded into the desired model that was made of it.
//!
//! Most of a manifest is in the [`Desired`] that a snapshot holds anyway, so the
//! two share it. What is not, for it may differ under another Workspace, is
//! packed beside it; and while the Workspace and the settings are the same, the
//! model need not be made again.

use std::path::Path;
use std::sync::Arc;

use crate::manifest::assemble::{Common, Made, bare};
use crate::manifest::document::{
    API_VERSION, Kind, Task, TunedModel, TunedModelMetadata, TunedModelSpec,
};
use crate::manifest::finding::Finding;
use crate::manifest::place::{Excerpt, Spot};
use crate::manifest::read::ReadManifest;
use crate::model::{Desired, Labels, Text, Texts, TuningSpec, Wanted};

/// A manifest, folded.
#[derive(Debug)]
pub(super) struct Folded {
    desired: Desired,
    /// Found when it was made.
    findings: Box<[Finding]>,
    /// What it was made under; none as long as it was made under nothing.
    common: Option<Arc<Common>>,
    /// Which of the model's labels, in their order, are the manifest's own.
    own_labels: u64,
    project: Option<Text>,
    location: Option<Text>,
    task: Option<Task>,
    spots: Spots,
}

impl Folded {
    /// None for what does not fold.
    pub(super) fn new(manifest: ReadManifest) -> Option<Self> {
        let ReadManifest { document, source: _, name, project, location, labels } = &manifest;
        let spots = Spots::new([name, project, location, labels])?;
        let task = document.spec.task;
        let (project, location) = (document.spec.project.clone(), document.spec.location.clone());
        let desired = bare(manifest)?;
        let own_labels = mask(&desired.spec.labels, &desired.spec.labels)?;
        let (findings, common) = (Box::default(), None);
        Some(Self { desired, findings, common, own_labels, project, location, task, spots })
    }

    pub(super) fn name(&self) -> &str {
        self.desired.key.name.as_str()
    }

    pub(super) fn named_at(&self) -> Spot {
        let [name, ..] = self.spots.all(&self.desired.source.file);
        name
    }

    /// What becomes of it, which is known when nothing else applies than before.
    pub(super) fn make(&mut self, common: &Arc<Common>, texts: &mut Texts) -> Made {
        if let Some(before) = &mut self.common
            && (Arc::ptr_eq(before, common) || before == common)
        {
            // The older one can go.
            *before = common.clone();
            let findings = self.findings.to_vec();
            return Made { desired: Some(self.desired.clone()), findings, usage: None };
        }
        let manifest = self.restored();
        let own = manifest.document.metadata.labels.clone();
        let mut made = common.make(manifest, texts);
        if let Made { desired: Some(desired), findings, usage: None } = &mut made
            && let Some(own_labels) = mask(&desired.spec.labels, &own)
        {
            // Where the one before lies, so that ten thousand leave no holes.
            *self.desired = Wanted::clone(desired);
            *desired = self.desired.clone();
            self.own_labels = own_labels;
            self.findings = findings.as_slice().into();
            self.common = Some(common.clone());
        }
        made
    }

    /// The manifest as it was read. Every field of it is named here, so that a
    /// new one cannot be forgotten.
    pub(super) fn restored(&self) -> ReadManifest {
        let TuningSpec {
            base_model,
            pre_tuned_model,
            tuned_model_display_name,
            description,
            labels,
            supervised_tuning_spec,
            preference_optimization_spec,
            encryption_spec,
            service_account,
        } = self.desired.spec.clone();
        let own = |(at, label)| (self.own_labels >> at & 1 == 1).then_some(label);
        let labels = labels.texts().iter().cloned().enumerate().filter_map(own).collect();
        let spec = TunedModelSpec {
            project: self.project.clone(),
            location: self.location.clone(),
            base_model,
            pre_tuned_model,
            tuned_model_display_name,
            description,
            supervised_tuning_spec,
            preference_optimization_spec,
            encryption_spec,
            service_account,
            task: self.task,
            lifecycle: self.desired.lifecycle.clone(),
        };
        let document = TunedModel {
            api_version: API_VERSION.to_owned(),
            kind: Kind::TunedModel,
            metadata: TunedModelMetadata { name: self.name().to_owned(), labels },
            spec,
        };
        let source = self.desired.source.clone();
        let [name, project, location, labels] = self.spots.all(&source.file);
        ReadManifest { document, source, name, project, location, labels }
    }
}

/// Which of `all` labels have their key in `own`, unless there are too many.
fn mask(all: &Labels, own: &Labels) -> Option<u64> {
    let bit = |(at, key)| if own.contains_key(key) { 1u64 << at } else { 0 };
    (all.len() <= 64).then(|| all.iter().map(|(key, _)| key).enumerate().map(bit).sum())
}

/// Four places in one file, their excerpts in one text.
#[derive(Debug)]
struct Spots {
    text: Box<str>,
    places: [Place; 4],
}

#[derive(Debug)]
struct Place {
    line: u32,
    column: u32,
    end_column: u32,
    /// How much of the text its excerpt's three parts take.
    excerpt: Option<[u16; 3]>,
}

impl Spots {
    fn new(spots: [&Spot; 4]) -> Option<Self> {
        let mut text = String::new();
        let mut fits = true;
        let places = spots.map(|spot| {
            let excerpt = spot.excerpt.as_ref().map(|Excerpt { before, here, after }| {
                [before, here, after].map(|part| {
                    text.push_str(part);
                    fits &= part.len() <= usize::from(u16::MAX);
                    part.len() as u16
                })
            });
            let Spot { file: _, line, column, end_column, excerpt: _ } = *spot;
            Place { line, column, end_column, excerpt }
        });
        fits.then(|| Self { text: text.into(), places })
    }

    fn all(&self, file: &Path) -> [Spot; 4] {
        let file: Arc<Path> = Arc::from(file);
        let mut rest = &*self.text;
        let mut take = |length: u16| {
            let (part, after) = rest.split_at_checked(length.into()).unwrap_or((rest, ""));
            rest = after;
            part.to_owned()
        };
        self.places.each_ref().map(|place| {
            let excerpt = place.excerpt.map(|lengths| {
                let [before, here, after] = lengths.map(&mut take);
                Excerpt { before, here, after }
            });
            let Place { line, column, end_column, excerpt: _ } = *place;
            Spot { file: file.clone(), line, column, end_column, excerpt }
        })
    }
}
