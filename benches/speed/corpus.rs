//! What is read: manifests, and pages of a listing in which each of them has a
//! good run among nine times as many jobs of others.
//!
//! The jobs are the example answers in `tests/data/examples` with other names,
//! indented as the service sends them; a third of them carry the statistics of
//! their datasets. The own jobs are what retune itself would have created.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use retune::manifest::{self, Settings};
use retune::model::catalog;
use retune::model::{CreateRequest, Desired};
use serde_json::{Map, Value, json};

use crate::Error;

/// The commit that made the jobs, in seconds; `plan` is told the same.
pub(crate) const REVISION: i64 = 1_760_000_000;

const PAGE: usize = 100;
/// One job in ten is our own.
const LISTED_PER_MANIFEST: usize = 10;
const NUMBER: &str = "123456789012";
pub(crate) const PROJECT: &str = "acme-tuning";
/// The project of the directory with one manifest.
pub(crate) const ONE_PROJECT: &str = "acme-single";
/// The path of the large listing.
pub(crate) const JOBS: &str = "/v1/projects/acme-tuning/locations/us-central1/tuningJobs";

/// How many jobs are listed.
pub(crate) fn listed(manifests: usize) -> usize {
    manifests * LISTED_PER_MANIFEST
}

/// How many pages there are, and their bytes.
pub(crate) struct Pages {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// Where everything lies.
pub(crate) struct Corpus {
    root: PathBuf,
}

impl Corpus {
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn manifests(&self) -> PathBuf {
        self.root.join("manifests")
    }

    pub(crate) fn one_manifest(&self) -> PathBuf {
        self.root.join("one")
    }

    pub(crate) fn page(&self, number: usize) -> PathBuf {
        self.root.join("pages").join(format!("{number}.json"))
    }

    pub(crate) fn one_page(&self) -> PathBuf {
        self.root.join("one.json")
    }

    pub(crate) fn pages(&self) -> Result<Pages, Error> {
        let mut pages = Pages { count: 0, bytes: 0 };
        for entry in fs::read_dir(self.root.join("pages"))? {
            pages.count += 1;
            pages.bytes += usize::try_from(entry?.metadata()?.len())?;
        }
        Ok(pages)
    }

    /// The mean size of a manifest.
    pub(crate) fn manifest_bytes(&self, manifests: usize) -> Result<u64, Error> {
        let mut bytes = 0;
        for number in 0..manifests {
            bytes += fs::metadata(self.manifest(number))?.len();
        }
        Ok(bytes / u64::try_from(manifests)?)
    }

    /// A hundred files in a directory, as a team would lay them out.
    fn manifest(&self, number: usize) -> PathBuf {
        let team = format!("team-{:03}", number / 100);
        self.manifests().join(team).join(format!("{}.yaml", name(number)))
    }

    /// Writes everything.
    pub(crate) fn write(&self, manifests: usize) -> Result<(), Error> {
        fs::create_dir_all(self.root.join("pages"))?;
        fs::create_dir_all(self.one_manifest())?;
        fs::create_dir_all(self.manifests())?;
        fs::write(self.manifests().join("workspace.yaml"), workspace(PROJECT))?;
        for number in 0..manifests {
            let path = self.manifest(number);
            fs::create_dir_all(path.parent().ok_or("no directory")?)?;
            fs::write(path, manifest(number))?;
        }
        let desired = load(&self.manifests())?;
        let examples = Examples::read()?;
        let count = listed(manifests).div_ceil(PAGE);
        for page in 0..count {
            let jobs = page * PAGE..((page + 1) * PAGE).min(listed(manifests));
            let jobs = jobs.map(|number| match desired.get(number / LISTED_PER_MANIFEST) {
                Some(desired)
                    if number % LISTED_PER_MANIFEST == number / LISTED_PER_MANIFEST * 3 % 10 =>
                {
                    examples.own(number, desired)
                }
                _ => examples.foreign(number),
            });
            let mut answer = Map::from_iter([("tuningJobs".to_owned(), jobs.collect())]);
            if page + 1 < count {
                let token = format!("AMEw9yOT1c1zX3Yq0QmVhJ2Zs7tKfWb5nRd-{}", page + 1);
                answer.insert("nextPageToken".to_owned(), token.into());
            }
            fs::write(self.page(page), serde_json::to_vec_pretty(&answer)?)?;
        }
        fs::write(self.one_manifest().join("workspace.yaml"), workspace(ONE_PROJECT))?;
        fs::write(self.one_manifest().join("one.yaml"), manifest(1))?;
        let jobs: Value =
            load(&self.one_manifest())?.iter().map(|desired| examples.own(0, desired)).collect();
        fs::write(self.one_page(), serde_json::to_vec_pretty(&json!({ "tuningJobs": jobs }))?)?;
        Ok(())
    }
}

/// What the manifests ask for; they must be without any finding.
pub(crate) fn load(directory: &Path) -> Result<Vec<Desired>, Error> {
    let loaded = manifest::load(&[directory.to_owned()], &Settings::default());
    if let Some(finding) = loaded.report().findings.first() {
        return Err(format!("{}: {}", finding.spot.shown(), finding.message).into());
    }
    Ok(loaded.into_result().map_err(|_| "manifests rejected")?.desired)
}

pub(crate) fn workspace(project: &str) -> String {
    format!(
        "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata:\n  name: acme\nspec:\n  \
         project: {project}\n  location: us-central1\n  labels:\n    cost-center: ml-4711\n  \
         limits:\n    maxCreates: 25\n"
    )
}

const PRODUCTS: [&str; 10] = [
    "checkout",
    "search",
    "billing",
    "support",
    "catalog",
    "fraud",
    "delivery",
    "returns",
    "loyalty",
    "onboarding",
];
const TASKS: [(&str, &str); 4] = [
    ("triage", "classification"),
    ("summary", "summarization"),
    ("extract", "extractiveQa"),
    ("chat", "chat"),
];
const LANGUAGES: [&str; 7] = ["en", "de", "fr", "es", "pt-br", "ja", "nl"];

fn pick<T: Copy>(list: &[T], number: usize) -> Option<T> {
    list.get(number % list.len()).copied()
}

pub(crate) fn name(number: usize) -> String {
    let product = pick(&PRODUCTS, number).unwrap_or_default();
    let (task, _) = pick(&TASKS, number / 10).unwrap_or_default();
    let language = pick(&LANGUAGES, number / 3).unwrap_or_default();
    format!("{product}-{task}-{language}-{number:05}")
}

/// A manifest as people write them: some comments, quotes, and lists of labels.
pub(crate) fn manifest(number: usize) -> String {
    let name = name(number);
    let (_, task) = pick(&TASKS, number / 10).unwrap_or_default();
    let models: Vec<_> = catalog::tunable()
        .filter(|m| m.tuning_regions.iter().any(|r| r == "us-central1"))
        .collect();
    let model = pick(&models, number / 5);
    let id = model.map_or("", |model| &model.id);
    let size = model.and_then(|model| pick(&model.adapter_sizes, number)).unwrap_or(4);
    let revision = number.wrapping_mul(2_654_435_761) % 0xff_ffff;
    let epochs = 2 + number % 3;
    let rate = ["0.5", "1.0", "1.5", "2"].get(number % 4).copied().unwrap_or_default();
    let mut text = format!(
        "# yaml-language-server: $schema=../../schema/retune.schema.json\n\
         apiVersion: retune.dev/v1\n\
         kind: TunedModel\n\
         metadata:\n  name: {name}\n  labels:\n    team: team-{:03}\n    env: prod\n    tier: \"{}\"\n\
         spec:\n  baseModel: {id}\n  tunedModelDisplayName: {name} v{}\n",
        number / 100,
        number % 4,
        number % 9 + 1,
    );
    if number.is_multiple_of(3) {
        text.push_str(
            "  description: >-\n    Tuned on a quarter of real conversations, reviewed by two people,\n    \
             and refreshed when the evaluation set moves by more than a point.\n",
        );
    }
    text.push_str(&format!(
        "  task: {task}\n  supervisedTuningSpec:\n    \
         trainingDatasetUri: gs://acme-tuning/{name}/train-{revision:06x}.jsonl\n    \
         validationDatasetUri: gs://acme-tuning/{name}/validation-{revision:06x}.jsonl\n"
    ));
    if number.is_multiple_of(2) {
        text.push_str("    # One endpoint is enough.\n    exportLastCheckpointOnly: true\n");
    }
    text.push_str(&format!(
        "    hyperParameters:\n      epochCount: {epochs}\n      adapterSize: {size}\n      \
         learningRateMultiplier: {rate}\n"
    ));
    if number.is_multiple_of(5) {
        text.push_str("  serviceAccount: tuner@acme-tuning.iam.gserviceaccount.com\n");
    }
    if number.is_multiple_of(4) {
        text.push_str("  lifecycle:\n    timeout: 24h\n    retry:\n      maxAttempts: 2\n");
    }
    text
}

/// The example answers.
pub(crate) struct Examples {
    succeeded: Value,
    others: Vec<Value>,
}

/// Examples in the proportion in which they are listed: a project that has
/// been at it for years has mostly ended runs.
const OTHERS: [&str; 12] = [
    "succeeded",
    "succeeded",
    "succeeded",
    "succeeded_gemini3_multiregion",
    "succeeded_continuous",
    "failed_dataset",
    "failed_dataset",
    "failed_endpoint_model_exists",
    "cancelled",
    "cancelled",
    "expired",
    "running",
];

impl Examples {
    pub(crate) fn read() -> Result<Self, Error> {
        let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/examples"));
        let read = |name: &str| -> Result<Value, Error> {
            Ok(serde_json::from_slice(&fs::read(
                directory.join(format!("tuning_job.{name}.json")),
            )?)?)
        };
        let others = OTHERS.iter().map(|name| read(name)).collect::<Result<_, _>>()?;
        Ok(Self { succeeded: read("succeeded")?, others })
    }

    /// Somebody else's job.
    fn foreign(&self, number: usize) -> Value {
        let mut job = self.others.get(number % self.others.len()).cloned().unwrap_or_default();
        let labels = match number % 5 {
            0 => json!({}),
            1 => json!({ "managed-by": "terraform", "goog-terraform-provisioned": "true" }),
            2 => json!({ "vertex-ai-pipelines-run-billing-id": format!("{number:019}") }),
            _ => {
                json!({ "team": format!("t{}", number % 40), "env": "dev", "owner": "ml-research" })
            }
        };
        let data = format!("gs://acme-research/{number:06}/train.jsonl");
        let changes = [
            ("name", job_name(number)),
            ("tunedModelDisplayName", format!("experiment-{number:06}").into()),
            ("labels", labels),
        ];
        for (key, value) in changes {
            set(&mut job, key, value);
        }
        if let Some(uri) = job.pointer_mut("/supervisedTuningSpec/trainingDatasetUri") {
            *uri = data.into();
        }
        job
    }

    /// The good run of a manifest.
    pub(crate) fn own(&self, number: usize, desired: &Desired) -> Value {
        let run = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.of_request(number, CreateRequest::new(desired, 1).stamped(run, Some(REVISION)))
    }

    /// The good run that came of a create.
    pub(crate) fn of_request(&self, number: usize, body: Value) -> Value {
        let mut job = self.succeeded.clone();
        let body: BTreeMap<String, Value> = match body {
            Value::Object(body) => body.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        for (key, value) in body {
            set(&mut job, &key, value);
        }
        set(&mut job, "name", job_name(number));
        job
    }
}

fn job_name(number: usize) -> Value {
    let id = 4_303_478_340_632_000_000 + number;
    format!("projects/{NUMBER}/locations/us-central1/tuningJobs/{id}").into()
}

fn set(job: &mut Value, key: &str, value: Value) {
    if let Some(job) = job.as_object_mut() {
        job.insert(key.to_owned(), value);
    }
}
