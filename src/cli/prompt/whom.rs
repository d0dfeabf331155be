//! Which run's endpoint answers for a name.

use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::runs::runs;
use crate::model::{
    GivenJob, JobName, Observation, Observed, Phase, ResourceName, TunedModel, Untrusted,
};
use crate::observe;
use crate::plan::plan;

use super::Asking;

/// Whom to ask.
pub(super) struct Whom {
    pub(super) name: String,
    pub(super) job: JobName,
    pub(super) endpoint: ResourceName,
    pub(super) checkpoint: Option<String>,
    /// The model that answers, as the run says it.
    pub(super) model: Option<String>,
    /// What it was tuned from, where that is known.
    pub(super) base_model: Option<String>,
}

/// Looks at the runs of the name, in its place alone.
pub(super) async fn find(asking: &Asking<'_>, global: &Global) -> Result<Whom, Failure> {
    let (args, session) = (asking.args, asking.session);
    let only = session.known_names(std::slice::from_ref(&args.name))?;
    let named = |d: &&crate::model::Desired| only.contains(&d.key.name);
    let Some(desired) = session.desired.iter().find(named) else {
        return Err(Failure::usage(format!("no manifest is named `{}`", args.name)));
    };
    let places = [desired.key.place.clone()].into();
    let keep = observe::keep(&session.desired);
    let seen = observe::observe(&session.client, &places, &keep).await;
    let seen = seen.map_err(|error| session.unlisted(error))?;
    let runs = runs(desired, &seen);
    let run = match &args.run {
        Some(wanted) => named_run(&runs, wanted, &args.name)?,
        None => {
            let mut policy = session.policy(global)?;
            policy.only = only;
            let in_sync = in_sync(&session.desired, &seen, &policy);
            choose(asking, &runs, in_sync)?
        }
    };
    let endpoint = endpoint(asking, run, &runs)?;
    Ok(Whom {
        name: args.name.clone(),
        job: run.name.clone(),
        endpoint,
        checkpoint: args.checkpoint.clone(),
        model: run
            .tuned_model
            .as_ref()
            .and_then(|model| model.model.as_ref())
            .map(ToString::to_string),
        base_model: run.base_model().map(str::to_owned),
    })
}

/// The run that makes the manifest true, by the plan.
fn in_sync(
    desired: &[crate::model::Desired],
    seen: &Observation,
    policy: &crate::plan::Policy,
) -> Option<JobName> {
    let plan = plan(desired, seen, policy);
    plan.in_sync.into_iter().find_map(|model| model.job)
}

/// The run that `--run` names, by its full name, its short one or its number.
fn named_run<'a>(runs: &[&'a Observed], wanted: &str, name: &str) -> Result<&'a Observed, Failure> {
    let given = GivenJob::read(wanted);
    let is = |run: &&&Observed| match &given {
        Some(GivenJob::Full(name)) => run.name.same_job(name),
        Some(GivenJob::Id(id)) => run.name.id() == id,
        None => false,
    };
    runs.iter().find(is).copied().ok_or_else(|| {
        let known: Vec<String> = runs.iter().map(|run| run.name.short()).collect();
        let hint = match known.as_slice() {
            [] => format!("`{name}` has no runs"),
            [one] => format!("its only run is {one}"),
            runs => format!("its runs are {}", runs.join(", ")),
        };
        let wanted = Untrusted::new(wanted);
        Failure::usage(format!("`{}` is no run of `{name}`", wanted.shown())).hint(hint)
    })
}

fn choose<'a>(
    asking: &Asking<'_>,
    runs: &[&'a Observed],
    in_sync: Option<JobName>,
) -> Result<&'a Observed, Failure> {
    let (name, session) = (&asking.args.name, asking.session);
    if let Some(run) = runs.iter().find(|run| Some(&run.name) == in_sync.as_ref()) {
        return Ok(run);
    }
    if let Some(run) = runs.iter().find(|run| has_endpoint(run)) {
        let (job, state) = (run.name.short(), run.state.word());
        asking.output.say(&format!(
            "no model of `{name}` is as its manifest says; asking that of {job} ({state}), the \
             newest that has an endpoint{}\n",
            asking.on()
        ));
        return Ok(run);
    }
    let failed = |text: String| Failure::new(Exit::Failed, text);
    Err(match runs.first() {
        None => failed(format!("`{name}` has no run yet, so there is nobody to ask"))
            .hint(format!("{} starts one", session.command("apply"))),
        Some(run) if run.phase() == Phase::Active => {
            let (job, state) = (run.name.short(), run.state.word());
            failed(format!(
                "`{name}` is still being tuned ({job}: {state}); it has no endpoint yet"
            ))
            .hint(format!("{} waits for it", session.command("apply --wait")))
        }
        Some(run) => {
            let (job, state) = (run.name.short(), run.state.word());
            failed(format!("no run of `{name}` has an endpoint; the newest is {job} ({state})"))
                .hint(format!("{} says why", session.command(&format!("describe {name}"))))
        }
    })
}

fn has_endpoint(run: &Observed) -> bool {
    run.tuned_model.as_ref().is_some_and(|model| model.endpoint.is_some())
}

/// The endpoint of the run, or of one of its checkpoints.
fn endpoint(
    asking: &Asking<'_>,
    run: &Observed,
    runs: &[&Observed],
) -> Result<ResourceName, Failure> {
    let (job, none) = (run.name.short(), TunedModel::default());
    let model = run.tuned_model.as_ref().unwrap_or(&none);
    let describe = asking.session.command(&format!("describe {}", asking.args.name));
    let endpoint = match &asking.args.checkpoint {
        None => &model.endpoint,
        Some(wanted) => match model.checkpoints.iter().find(|kept| kept.id == *wanted) {
            Some(kept) => &kept.endpoint,
            None => {
                let ids: Vec<String> = model
                    .checkpoints
                    .iter()
                    .map(|kept| Untrusted::new(kept.id.as_str()).shown().to_string())
                    .collect();
                let hint = match ids.as_slice() {
                    [] => "it kept its last checkpoint alone; leave --checkpoint out".to_owned(),
                    ids => format!("its checkpoints are {}", ids.join(", ")),
                };
                let text = format!("{job} has no checkpoint `{wanted}`");
                return Err(Failure::usage(text).hint(hint));
            }
        },
    };
    let Some(endpoint) = endpoint else {
        let of = asking.args.checkpoint.as_ref().map(|id| format!("checkpoint {id} of "));
        let made = match &model.model {
            Some(model) => format!("it made {}", Untrusted::new(model.as_str()).shown()),
            None => format!("it is {} and made no model", run.state.word()),
        };
        let error = format!("{}{job} has no endpoint: {made}", of.unwrap_or_default());
        let other = runs.iter().find(|other| has_endpoint(other) && other.name != run.name);
        let hint = match other {
            Some(other) => format!("--run {} asks an older run's model", other.name.id()),
            None if model.model.is_some() => {
                format!("deploy the model in the console; {describe} shows the run")
            }
            None => format!("{describe} says why"),
        };
        return Err(Failure::new(Exit::Failed, error).hint(hint));
    };
    endpoint.parse().map_err(|error| {
        Failure::new(Exit::Failed, error).hint(format!("{describe} shows the run"))
    })
}
