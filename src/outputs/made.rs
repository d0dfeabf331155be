//! What came of one run.

use super::Address;
use crate::model::{JobName, Observed, Phase, ResourceName, Untrusted, identity};

/// What came of one run. Every text of it is plain: names that read as such, and
/// words of letters that mean themselves wherever they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// The run; `None` where there is none, or only its model is left.
    pub job: Option<JobName>,
    /// Its state.
    pub state: Option<&'static str>,
    /// Whether it is good.
    pub(super) is_good: bool,
    /// The digest that the run carries; a job that retune did not make has none.
    pub spec: Option<String>,
    /// Whether retune stamped the run with a digest or rerun that this version
    /// does not know: whose run it is cannot be told.
    pub(super) is_unread: bool,
    /// The base model, of one that was tuned further that of the model before.
    pub base_model: Option<String>,
    /// The model with its version.
    pub model: Option<ResourceName>,
    /// Where it is called.
    pub endpoint: Option<Served>,
    /// One for each kept checkpoint.
    pub checkpoints: Vec<Checkpoint>,
    /// The experiment with its curves.
    pub experiment: Option<ResourceName>,
    /// What the service gave and is not handed on, in words for people.
    pub left_out: Vec<String>,
}

/// An endpoint and who serves it: its own location says so, not the run's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its full name.
    pub name: ResourceName,
    /// `https://HOST`.
    address: String,
}

/// A kept checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its id.
    pub id: String,
    /// The epoch it was taken after.
    pub epoch: Option<i64>,
    /// The step it was taken after.
    pub step: Option<i64>,
    /// Where it is called.
    pub endpoint: Option<Served>,
}

impl Served {
    /// The host, with the port where there is one.
    pub fn host(&self) -> &str {
        let host = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        host.split('/').next().unwrap_or(host)
    }

    /// Where it is.
    pub fn location(&self) -> &str {
        &self.name.place().location
    }

    /// The address below which it is called: `:generateContent` follows.
    pub fn url(&self) -> String {
        format!("{}/v1/{}", self.address.trim_end_matches('/'), self.name)
    }
}

/// Longest word: a label has 63 characters, a base model 128.
const MAX_WORD: usize = 256;

/// A text of letters that mean themselves wherever they are written.
pub(super) fn plain(text: &str) -> Option<String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let plain = !text.is_empty() && text.len() <= MAX_WORD && text.bytes().all(good);
    plain.then(|| text.to_owned())
}

impl Made {
    pub(super) fn of_run(run: &Observed, address: Address<'_>) -> Self {
        let mut made = Self {
            job: Some(run.name.clone()),
            state: Some(run.state.word()),
            is_good: run.phase() == Phase::Good,
            spec: run.stamp.as_ref().and_then(|stamp| plain(stamp.spec.as_deref()?)),
            is_unread: run.stamp.as_ref().is_some_and(|stamp| {
                let known = stamp.spec.as_deref().is_some_and(identity::is_known);
                !known || stamp.rerun.is_none()
            }),
            base_model: run
                .echo
                .base_model
                .as_ref()
                .or(run.pre_tuned_base.as_ref())
                .and_then(|base| plain(base)),
            ..Self::default()
        };
        made.experiment = made.name("experiment", run.experiment.as_deref(), "metadataStores");
        let Some(tuned) = &run.tuned_model else { return made };
        made.model = made.name("model", tuned.model.as_deref(), "models");
        made.endpoint = made.served("endpoint", tuned.endpoint.as_deref(), address);
        for checkpoint in &tuned.checkpoints {
            let Some(id) = plain(&checkpoint.id) else {
                made.leave_out("the id of a checkpoint", &checkpoint.id);
                continue;
            };
            let what = format!("the endpoint of checkpoint {id}");
            let endpoint = made.served(&what, checkpoint.endpoint.as_deref(), address);
            let (epoch, step) = (checkpoint.epoch, checkpoint.step);
            made.checkpoints.push(Checkpoint { id, epoch, step, endpoint });
        }
        made
    }

    /// What is left of a run that is no longer listed.
    pub(super) fn of_model(model: &str) -> Self {
        let mut made = Self { is_good: true, ..Self::default() };
        made.model = made.name("model", Some(model), "models");
        made
    }

    /// Each value by its name in a document and in a variable. Checkpoints are
    /// written by each form itself.
    pub(super) fn values(&self) -> [(&'static str, &'static str, Option<String>); 9] {
        let Self {
            job,
            state,
            is_good: _,
            // The manifest's own is there for the run that it asks for.
            spec: _,
            is_unread: _,
            base_model,
            model,
            endpoint,
            checkpoints: _,
            experiment,
            left_out: _,
        } = self;
        let served = |of: fn(&Served) -> String| endpoint.as_ref().map(of);
        let text = |name: &Option<ResourceName>| name.as_ref().map(ToString::to_string);
        [
            ("endpoint", "ENDPOINT", served(|e| e.name.to_string())),
            ("servingHost", "HOST", served(|e| e.host().to_owned())),
            ("servingLocation", "LOCATION", served(|e| e.location().to_owned())),
            ("url", "URL", served(Served::url)),
            ("model", "MODEL", text(model)),
            ("experiment", "EXPERIMENT", text(experiment)),
            ("baseModel", "BASE_MODEL", base_model.clone()),
            ("job", "JOB", job.as_ref().map(ToString::to_string)),
            ("state", "STATE", state.map(str::to_owned)),
        ]
    }

    /// Why a good run has no endpoint.
    pub(super) fn no_endpoint(&self) -> String {
        let model =
            self.model.as_ref().map_or_else(|| "its model".to_owned(), |m| m.within().to_owned());
        match (&self.job, self.left_out.is_empty()) {
            (None, _) => format!(
                "its run is no longer listed, and with it the endpoint: deploy {model} to call it"
            ),
            (Some(_), true) => format!("no endpoint: deploy {model} to call it"),
            (Some(_), false) => "no endpoint that could be handed on".to_owned(),
        }
    }

    /// A full name of something in a collection.
    fn name(&mut self, what: &str, text: Option<&str>, collection: &str) -> Option<ResourceName> {
        let text = text?;
        let name = text.parse::<ResourceName>().ok();
        let is = |name: &ResourceName| name.within().split('/').next() == Some(collection);
        let name = name.filter(is);
        if name.is_none() {
            self.leave_out(what, text);
        }
        name
    }

    fn served(&mut self, what: &str, text: Option<&str>, address: Address<'_>) -> Option<Served> {
        let name = self.name(what, text, "endpoints")?;
        match address(&name.place().location) {
            Some(address) => Some(Served { name, address }),
            None => {
                self.leave_out(what, &name.to_string());
                None
            }
        }
    }

    fn leave_out(&mut self, what: &str, text: &str) {
        let text = Untrusted::new(text);
        let short: String = text.shown().to_string().chars().take(SHOWN).collect();
        self.left_out.push(format!("{what} is `{short}`, which is no name; it is left out"));
    }
}

/// Characters of what is no name that are shown.
const SHOWN: usize = 80;
