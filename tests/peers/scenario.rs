//! What a scenario file may say; anything else in it is an error.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A bug of a peer and the same situation here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// The tool it happened to.
    pub peer: String,
    /// Where it is written.
    pub link: String,
    /// What happened there.
    pub happened: String,
    /// What happens here instead, and why.
    pub here: String,
    #[serde(default)]
    pub given: Given,
    pub steps: Vec<Step>,
}

/// What there is before the first step.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Given {
    /// The settle window. Without one there is none, and the listing of the
    /// emulator is taken to be never behind.
    pub settle: Option<String>,
    /// More lines of the Workspace's `spec`.
    #[serde(default)]
    pub workspace: Vec<String>,
    #[serde(default)]
    pub manifests: BTreeMap<String, Manifest>,
    /// Jobs that somebody else made.
    #[serde(default)]
    pub jobs: Vec<Job>,
    /// In the grammar of `retune emulator --fault`.
    #[serde(default)]
    pub faults: Vec<String>,
}

/// A TunedModel; what is left out is the same in every scenario.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    pub epochs: Option<u32>,
    #[serde(default)]
    pub no_epochs: bool,
    pub dataset: Option<String>,
    #[serde(default)]
    pub spec: Vec<String>,
    #[serde(default)]
    pub lifecycle: Vec<String>,
}

/// A job that was not made by this program: the body of a create, asked of the
/// emulator as it stands.
pub type Job = serde_json::Value;

/// What changes, then what is run, then what must be the case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Writes manifests, over those there may be.
    #[serde(default)]
    pub manifests: BTreeMap<String, Manifest>,
    /// Removes manifests.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Writes files as they stand.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Ends all faults.
    #[serde(default)]
    pub heal: bool,
    /// More faults.
    #[serde(default)]
    pub faults: Vec<String>,
    /// Time goes by.
    pub later: Option<String>,
    /// Somebody stops this model's runs by other means.
    pub stopped_by_hand: Option<String>,
    /// A command line; `{digest}` is the digest that was last printed.
    pub run: Option<String>,
    /// How many of it at the same moment.
    #[serde(default = "one")]
    pub at_once: usize,
    /// What happens while the emulator holds requests up.
    pub held: Option<Held>,
    pub then: Option<Then>,
}

/// While so many requests are held up by a fault that delays them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Held {
    pub requests: usize,
    /// `KILL` ends it on the spot; after `TERM` or `INT` it is waited for
    /// until it says that it heard.
    pub signal: Option<String>,
    /// Lets that much time go by, so that the requests go on.
    pub release: Option<String>,
    /// How often that happens, one time after the other.
    #[serde(default = "one")]
    pub times: usize,
}

/// What must be the case then.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Then {
    /// How each of the processes ended; `killed` when it was.
    pub exit: Option<Exit>,
    /// Every row of the plan: `+ faq create`.
    pub plan: Option<Vec<String>>,
    /// The reason of each model in `--format json`: `faq: held lastRunFailed`.
    pub reasons: Option<BTreeMap<String, String>>,
    /// Words that stand on stdout or stderr.
    #[serde(default)]
    pub says: Vec<String>,
    /// Words that must not.
    #[serde(default)]
    pub says_not: Vec<String>,
    /// Requests of this step that reached the emulator.
    pub asked: Option<usize>,
    /// Jobs that this program made since the beginning, as the emulator saw it.
    pub creates: usize,
    /// Cancels that the emulator accepted from this program since then.
    pub cancels: usize,
    /// Jobs of this program that wait, run or stop at this moment.
    pub active: usize,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Exit {
    Code(i32),
    Word(String),
}

fn one() -> usize {
    1
}

impl Scenario {
    /// Reads a file's text.
    pub fn read(text: &str) -> Result<Self, String> {
        let scenario: Self = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let Self { peer, link, happened, here, given: _, steps } = &scenario;
        for (field, text) in [("peer", peer), ("happened", happened), ("here", here)] {
            if text.trim().is_empty() {
                return Err(format!("`{field}` says nothing"));
            }
        }
        let thread = link.strip_prefix("https://github.com/").unwrap_or_default();
        let parts: Vec<&str> = thread.split('/').collect();
        let is_thread = match parts.as_slice() {
            [owner, repository, "issues" | "pull", number] => {
                !owner.is_empty() && !repository.is_empty() && number.parse::<u32>().is_ok()
            }
            [_, _, "blob", _, _, ..] => true,
            _ => false,
        };
        if !is_thread {
            return Err(format!("`{link}` is no thread and no file on GitHub"));
        }
        if !steps.iter().any(|step| step.run.is_some()) {
            return Err("nothing is run".to_owned());
        }
        for step in steps {
            match (&step.run, &step.then) {
                (Some(run), None) => return Err(format!("`{run}` has no `then`")),
                (None, Some(_)) => return Err("a `then` without a `run`".to_owned()),
                (Some(run), Some(then)) if then.exit.is_none() => {
                    return Err(format!("`{run}` has no `exit`"));
                }
                _ => {}
            }
        }
        Ok(scenario)
    }
}
