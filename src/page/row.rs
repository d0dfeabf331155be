//! One tuned model as a row: what of everything known is worth a glance.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::address::Address;
use super::runs::{Run, Runs};
use crate::model::{Costs, JobName, JobState, Key, Phase, Progress, Spent};
use crate::plan::show::{self, Cure};
use crate::plan::{Action, ClaimedBy, Held, HoldReason, Plan};

/// Where a row stands in the list. In the order of the page: what somebody has
/// to do something about comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Nothing goes on until a person does something.
    Attention,
    /// Something goes on, or is about to.
    UnderWay,
    /// As the manifest says.
    AsAsked,
}

impl Group {
    pub(super) const ALL: [Self; 3] = [Self::Attention, Self::UnderWay, Self::AsAsked];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Attention => "Needs attention",
            Self::UnderWay => "Under way",
            Self::AsAsked => "As the manifests say",
        }
    }

    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::UnderWay => "under-way",
            Self::AsAsked => "as-asked",
        }
    }
}

/// A state in one word, and how it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct State {
    pub(super) group: Group,
    pub(super) tone: Tone,
    pub(super) word: &'static str,
}

/// How a state is coloured; its word says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Bad,
    Warn,
    Busy,
    Good,
    Idle,
}

impl Tone {
    /// Of a badge, and of the edge of a box.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Busy => "busy",
            Self::Good => "good",
            Self::Idle => "idle",
        }
    }
}

/// The state of a run, whatever is decided about it.
pub(super) fn phase(phase: Phase) -> Tone {
    match phase {
        Phase::Active => Tone::Busy,
        Phase::Ending | Phase::Cancelled | Phase::Unclear => Tone::Warn,
        Phase::Good => Tone::Good,
        Phase::Bad => Tone::Bad,
    }
}

const fn state(group: Group, tone: Tone, word: &'static str) -> State {
    State { group, tone, word }
}

/// The word for an active run without a manifest.
const ORPHANED: &str = "orphaned";

/// Something worth saying, and what unblocks it.
#[derive(Debug, PartialEq)]
pub(super) struct Note {
    /// Inert text.
    pub(super) text: String,
    pub(super) cure: Option<Cure>,
}

/// A tuned model in the list.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) at: Address<'a>,
    pub(super) state: State,
    pub(super) job: Option<&'a JobName>,
    /// How long it has been in its state.
    pub(super) age: Option<Duration>,
    pub(super) progress: Option<&'a Progress>,
    /// Epochs in all, where the run is under way.
    pub(super) epochs: Option<i64>,
    /// What its runs cost together.
    pub(super) cost: Option<Spent>,
    pub(super) notes: Vec<Note>,
    /// Whether it has a view of its own: without a manifest there is none.
    pub(super) has_view: bool,
}

/// What a plan says of one model: several things, the weightiest first.
struct Line<'a> {
    state: State,
    job: Option<&'a JobName>,
    age: Option<Duration>,
    note: Option<Note>,
}

/// A row for each model that the plan knows, or for `only` one, in the order of
/// the page.
pub(super) fn rows<'a>(
    plan: &'a Plan,
    progress: &'a BTreeMap<JobName, Progress>,
    runs: &'a Runs,
    costs: &Costs,
    now: Timestamp,
    only: Option<Address<'_>>,
) -> Vec<Row<'a>> {
    let mut models: BTreeMap<Address<'a>, Vec<Line<'a>>> = BTreeMap::new();
    lines(
        plan,
        |key| only.is_none_or(|only| Address::of(key) == only),
        |key, line| {
            models.entry(Address::of(key)).or_default().push(line);
        },
    );
    let mut rows: Vec<Row<'a>> = models
        .into_iter()
        .filter_map(|(at, mut lines)| {
            // A stable sort: what is equal stays in the plan's order.
            lines.sort_by_key(|line| line.state.group);
            let state = lines.first()?.state;
            let job = lines.iter().find_map(|line| line.job);
            let known = runs.get(at.place, at.name);
            let run = job.and_then(|job| known.iter().find(|run| run.job == *job));
            let age = lines.iter().find_map(|line| line.age);
            let since = || Duration::try_from(now.duration_since(run?.since()?)).ok();
            let running = state.tone == Tone::Busy;
            let has_view = lines.iter().any(|line| line.state.word != ORPHANED);
            let mut notes: Vec<Note> = lines.into_iter().filter_map(|line| line.note).collect();
            notes.extend(earlier_failure(state, run, known));
            Some(Row {
                at,
                state,
                job,
                age: age.or_else(since),
                progress: job.and_then(|job| progress.get(job)).filter(|_| running),
                epochs: run.and_then(|run| run.epochs),
                cost: costs.get(at.place, at.name),
                notes,
                has_view,
            })
        })
        .collect();
    rows.sort_by_key(|row| row.state.group);
    rows
}

/// The error of the run before the one that is under way.
fn earlier_failure(state: State, run: Option<&Run>, known: &[Run]) -> Option<Note> {
    if state.group != Group::UnderWay {
        return None;
    }
    let before = known.iter().find(|other| run.is_none_or(|run| run.job != other.job))?;
    let error = before.error.as_ref()?;
    let text =
        format!("the run before ({}) failed: {}", before.job.short(), error.message.phrase());
    Some(Note { text, cure: None })
}

/// What the plan says of the models that are wanted.
fn lines<'a>(
    plan: &'a Plan,
    wanted: impl Fn(&Key) -> bool,
    mut put: impl FnMut(&'a Key, Line<'a>),
) {
    let bare = |state, job| Line { state, job, age: None, note: None };
    let said = |text| Some(Note { text, cure: None });
    for held in plan.held.iter().filter(|held| wanted(&held.key)) {
        let note = Some(Note { text: show::hold(held), cure: show::cure(held) });
        put(&held.key, Line { note, ..bare(hold(held), held.reason.job()) });
    }
    for run in plan.in_flight.iter().filter(|run| wanted(&run.key)) {
        let line = bare(running(&run.state), Some(&run.job));
        put(&run.key, Line { age: run.age, ..line });
    }
    for action in plan.actions.iter().filter(|action| wanted(action.key())) {
        let to = |word| state(Group::UnderWay, Tone::Warn, word);
        let why = show::why(action);
        match action {
            Action::Create(create) => {
                put(&create.key, Line { note: said(why), ..bare(to("to create"), None) });
            }
            Action::Cancel(cancel) => {
                let line = bare(to("to cancel"), Some(&cancel.job));
                put(&cancel.key, Line { note: said(why), ..line });
            }
        }
    }
    for orphan in plan.orphaned.iter().filter(|orphan| wanted(&orphan.key)) {
        let state = state(Group::Attention, Tone::Warn, ORPHANED);
        let cure = Cure::Run(format!("retune apply --prune {}", orphan.key.name));
        let note = Some(Note { text: show::orphan(orphan), cure: Some(cure) });
        put(&orphan.key, Line { note, ..bare(state, Some(&orphan.job)) });
    }
    for model in plan.in_sync.iter().filter(|model| wanted(&model.key)) {
        let good = model.job.is_some() || model.tuned_model.is_some();
        let state = match good {
            true => state(Group::AsAsked, Tone::Good, "tuned"),
            false => state(Group::AsAsked, Tone::Idle, "stopped"),
        };
        put(&model.key, bare(state, model.job.as_ref()));
    }
    // Remarks speak of models that have a line already; none moves a model.
    for remark in plan.diagnostics.iter().filter(|remark| wanted(&remark.key)) {
        let state = state(Group::AsAsked, Tone::Idle, "noted");
        let note = said(show::remark(&remark.remark));
        put(&remark.key, Line { note, ..bare(state, None) });
    }
}

fn running(job: &JobState) -> State {
    state(Group::UnderWay, Tone::Busy, job.word())
}

/// A hold by its weight: what passes by itself needs nobody.
fn hold(held: &Held) -> State {
    use Group::{AsAsked, Attention, UnderWay};
    match &held.reason {
        HoldReason::LastRunFailed { retry_in: None, .. } => state(Attention, Tone::Bad, "failed"),
        HoldReason::LastRunFailed { retry_in: Some(_), .. } => {
            state(UnderWay, Tone::Warn, "failed")
        }
        HoldReason::LastRunCancelled { .. } => state(Attention, Tone::Warn, "cancelled"),
        HoldReason::Suspended => state(AsAsked, Tone::Idle, "suspended"),
        HoldReason::Cancelling { .. } => state(UnderWay, Tone::Warn, "cancelling"),
        HoldReason::ConcurrencyLimit { .. }
        | HoldReason::Settling { .. }
        | HoldReason::AmbiguousCreate { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, .. } => {
            state(UnderWay, Tone::Idle, "waiting")
        }
        HoldReason::CreateLimit { .. }
        | HoldReason::CancelLimit { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Done { .. }, .. }
        | HoldReason::ImplausibleListing { .. }
        | HoldReason::ListIncomplete { .. }
        | HoldReason::UnknownDialect { .. }
        | HoldReason::UnknownState { .. }
        | HoldReason::StaleRevision { .. }
        | HoldReason::SameSpecElsewhere { .. } => state(Attention, Tone::Warn, "held"),
    }
}
