//! A day at the keyboard: who edits the manifests, what, and when.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use retune::model::{
    Desired, DesiredState, Key, Lifecycle, OnSupersede, Retry, Source, SupervisedTuningSpec,
    TuningSpec, Wanted, identity,
};

use crate::manifests::{Manifests, OWNER, place};
use crate::random::Random;
use crate::runtime::{Millis, Shared};
use crate::watching::{Files, Found, WINDOW};

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;

/// What one save does.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// Another spec; specs are told apart by a number.
    Spec(u64),
    Rerun,
    Suspend(bool),
    Stopped(bool),
    Keep(bool),
    Timeout(bool),
    Gone(bool),
    /// A file that is no manifest, and its end.
    Invalid(bool),
}

/// A save, of which manifest.
#[derive(Debug, Clone, Copy)]
struct Save {
    at: Millis,
    of: usize,
    edit: Edit,
}

/// Everything that is saved on a day.
#[derive(Debug)]
pub struct Edits {
    saves: Vec<Save>,
    first: Vec<Desired>,
    max_creates: u32,
    revisions: bool,
}

impl Edits {
    /// A day of this length.
    pub fn draw(random: &mut Random, day: Millis, names: u64, limit: u32) -> Self {
        let first = (0..names).map(|name| manifest(random, name)).collect();
        let mut saves = Vec::new();
        // Spec numbers that were typed before, to go back to.
        let mut numbers: Vec<u64> = vec![0; names as usize];
        while saves.len() < 2_000 {
            let (of, at) = (random.below(names) as usize, random.below(day));
            let mut save = |at: Millis, edit| saves.push(Save { at, of, edit });
            let later = |random: &mut Random, most| at + 1 + random.below(most * MINUTE);
            match random.below(100) {
                0..50 => numbers[of] = burst(random, at, numbers[of], &mut save),
                50..70 => save(at, Edit::Spec(random.below(900))),
                70..80 => save(at, Edit::Rerun),
                80..85 => {
                    save(at, Edit::Suspend(true));
                    save(later(random, 40), Edit::Suspend(false));
                }
                85..90 => {
                    save(at, Edit::Stopped(true));
                    save(later(random, 40), Edit::Stopped(false));
                }
                90..93 => save(at, Edit::Keep(random.permille(500))),
                93..95 => save(at, Edit::Timeout(random.permille(500))),
                95..97 => {
                    save(at, Edit::Gone(true));
                    save(later(random, 20), Edit::Gone(false));
                }
                _ => {
                    save(at, Edit::Invalid(true));
                    save(later(random, 10), Edit::Invalid(false));
                }
            }
        }
        // The sort is stable: what is saved in one instant stays in order.
        saves.sort_by_key(|save| save.at);
        Self { saves, first, max_creates: limit, revisions: random.permille(500) }
    }

    pub fn count(&self) -> u64 {
        self.saves.len() as u64
    }

    /// When the last one is.
    pub fn end(&self) -> Millis {
        self.saves.last().map_or(0, |save| save.at)
    }
}

/// An editor that saves by itself: a number typed digit by digit every second
/// or two, some of it taken back, now and then all of it. What it comes to.
fn burst(
    random: &mut Random,
    mut at: Millis,
    before: u64,
    save: &mut impl FnMut(Millis, Edit),
) -> u64 {
    let mut number = 0;
    for _ in 0..1 + random.below(4) {
        let digits = 1 + random.below(5);
        number = 0;
        for _ in 0..digits {
            number = number * 10 + random.below(10);
            save(at, Edit::Spec(number));
            // Now and then somebody thinks.
            at += if random.permille(60) {
                random.below(30 * SECOND)
            } else {
                800 + random.below(1_400)
            };
        }
        if random.permille(200) {
            number = before;
            save(at, Edit::Spec(number));
            at += 800 + random.below(1_400);
        }
    }
    number
}

fn manifest(random: &mut Random, name: u64) -> Desired {
    let name = format!("model-{name}");
    let spec = TuningSpec {
        base_model: Some(base_model(&name, 0).into()),
        supervised_tuning_spec: Some(SupervisedTuningSpec {
            training_dataset_uri: "gs://acme/train.jsonl".into(),
            ..SupervisedTuningSpec::default()
        }),
        ..TuningSpec::default()
    };
    let retry = Retry { max_attempts: 1 + u32::try_from(random.below(3)).unwrap() };
    let key = Key {
        place: place(),
        owner: OWNER.parse().unwrap(),
        name: name.parse().unwrap(),
        rerun: 0,
    };
    let lifecycle = Lifecycle { retry, ..Lifecycle::default() };
    let source = Source { file: PathBuf::new(), line: 1 };
    Wanted { key, spec, lifecycle, source }.into()
}

fn base_model(name: &str, number: u64) -> String {
    format!("gemini-{name}-{number}")
}

/// One machine's copy of the files.
pub struct Copy {
    edits: Arc<Edits>,
    /// How much later it has each save.
    lag: Millis,
    /// The next save.
    next: usize,
    all: Vec<Desired>,
    gone: Vec<bool>,
    since: BTreeMap<String, Millis>,
    invalid: u32,
    /// The last valid ones.
    manifests: Arc<Manifests>,
}

impl Copy {
    pub fn new(edits: Arc<Edits>, lag: Millis) -> Self {
        let (all, count) = (edits.first.clone(), edits.first.len());
        let (gone, since, manifests) = (vec![false; count], BTreeMap::new(), Arc::default());
        let mut copy = Self { edits, lag, next: 0, all, gone, since, invalid: 0, manifests };
        copy.read();
        copy
    }

    fn catch_up(&mut self, now: Millis) {
        let edits = Arc::clone(&self.edits);
        let due = edits.saves.iter().skip(self.next).take_while(|save| save.at + self.lag <= now);
        let due: Vec<&Save> = due.collect();
        for save in &due {
            self.apply(save);
            self.next += 1;
        }
        if !due.is_empty() && self.invalid == 0 {
            self.read();
        }
    }

    fn apply(&mut self, save: &Save) {
        let desired = &mut self.all[save.of];
        let before = (desired.clone(), self.gone[save.of]);
        let name = desired.key.name.to_string();
        let life = &mut desired.lifecycle;
        match save.edit {
            Edit::Spec(number) => desired.spec.base_model = Some(base_model(&name, number).into()),
            Edit::Rerun => {
                life.rerun += 1;
                desired.key.rerun = life.rerun;
            }
            Edit::Suspend(on) => life.suspend = on,
            Edit::Stopped(true) => life.desired = DesiredState::Stopped,
            Edit::Stopped(false) => life.desired = DesiredState::Tuned,
            Edit::Keep(true) => life.on_supersede = OnSupersede::Keep,
            Edit::Keep(false) => life.on_supersede = OnSupersede::Cancel,
            Edit::Timeout(on) => life.timeout = on.then_some(Duration::from_secs(1_800)),
            Edit::Gone(gone) => self.gone[save.of] = gone,
            Edit::Invalid(true) => self.invalid += 1,
            Edit::Invalid(false) => self.invalid -= 1,
        }
        if before != (self.all[save.of].clone(), self.gone[save.of]) {
            self.since.insert(name, save.at + self.lag);
        }
    }

    fn read(&mut self) {
        let there = self.all.iter().zip(&self.gone).filter(|(_, gone)| !**gone);
        let mut manifests = Manifests::default();
        manifests.desired = there.map(|(desired, _)| desired.clone()).collect();
        manifests.labels = manifests.desired.iter().map(|d| identity::digest(&d.spec)).collect();
        manifests.policy.limits.max_creates = self.edits.max_creates;
        manifests.policy.window = Some(WINDOW);
        let revision = 1 + i64::try_from(self.next).unwrap();
        manifests.policy.revision = self.edits.revisions.then_some(revision);
        self.manifests = Arc::new(manifests);
    }

    /// The newest ones, at the end of the day.
    pub fn newest(&mut self, now: Millis) -> Arc<Manifests> {
        self.catch_up(now);
        Arc::clone(&self.manifests)
    }
}

impl Files for Vec<Shared<Copy>> {
    fn at(&self, process: usize, now: Millis) -> Found {
        let mut copy = self[process].lock().unwrap();
        copy.catch_up(now);
        let manifests = Arc::clone(&copy.manifests);
        Found { edit: copy.next, manifests, valid: copy.invalid == 0 }
    }

    fn next(&self, process: usize, now: Millis) -> Option<Millis> {
        let copy = self[process].lock().unwrap();
        let saves = copy.edits.saves.iter().skip(copy.next);
        saves.map(|save| save.at + copy.lag).find(|at| *at > now)
    }

    fn since(&self, process: usize, now: Millis) -> BTreeMap<String, Millis> {
        let mut copy = self[process].lock().unwrap();
        copy.catch_up(now);
        copy.since.clone()
    }
}
