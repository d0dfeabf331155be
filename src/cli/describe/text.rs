//! A tuned model for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::count::count;
use super::super::table::table;
use super::data;
use crate::detail::{Detail, Run, Standing};
use crate::model::{
    Checkpoint, JobName, Place, Pretty, Prices, ResourceName, TunedModel, Untrusted,
};
use crate::plan::{Plan, show};
use crate::vertex::{Made, Presence};

/// What is shown, and where.
pub(super) struct Shown<'a> {
    pub(super) detail: &'a Detail<'a>,
    pub(super) plan: &'a Plan,
    pub(super) made: &'a BTreeMap<JobName, Made>,
    pub(super) options: show::TextOptions<'a>,
}

impl Shown<'_> {
    /// All of it.
    pub(super) fn text(&self, prices: &Prices) -> String {
        let runs = &self.detail.runs;
        let mut out = self.head();
        out.push_str(&self.spec());
        out.push_str(&self.history());
        // What counts of the data is what the newest count says.
        let counted = runs.iter().find(|run| run.job.billable_tokens.is_some());
        out.extend(counted.map(|run| data::data(run, prices)));
        for run in runs {
            let made = self.made.get(&run.job.name);
            out.extend(run.job.tuned_model.as_ref().map(|tuned| from(run, tuned, made)));
        }
        out
    }

    fn head(&self) -> String {
        let on = if self.options.emulator { " (emulator)" } else { "" };
        let Detail { key, source, spec, .. } = self.detail;
        let mut out = format!("{}{on}\n", key.name);
        let file = Untrusted::new(source.file.to_string_lossy());
        let facts = [
            ("place", key.place.to_string()),
            ("owner", key.owner.to_string()),
            ("rerun", key.rerun.to_string()),
            ("manifest", format!("{}:{}", file.shown(), source.line)),
            ("spec", spec.clone()),
            ("cost", self.detail.spent().to_string()),
        ];
        for (what, value) in facts {
            let _ = writeln!(out, "  {what:<9} {value}");
        }
        let shown = show::text(self.plan, self.options);
        // The rows; the summary below them speaks of all models.
        let rows = shown.split("\n\n").next().unwrap_or_default();
        let _ = writeln!(out, "\n{rows}");
        out
    }

    /// Every field that the manifest sets or the newest run echoes, as a tree:
    /// the paths are long, and so are the values.
    fn spec(&self) -> String {
        let mut out = "\nSpec\n".to_owned();
        let mut above: Vec<&str> = Vec::new();
        let shown = |text: &Option<String>| match text {
            Some(text) => Untrusted::new(text).shown().to_string(),
            None => "unset".to_owned(),
        };
        for field in &self.detail.fields {
            let mut parts: Vec<&str> = field.path.split('.').collect();
            let Some(name) = parts.pop() else { continue };
            let shared = above.iter().zip(&parts).take_while(|(a, b)| a == b).count();
            for (depth, part) in parts.iter().enumerate().skip(shared) {
                let _ = writeln!(out, "  {:depth$}{part}", "", depth = depth * 2);
            }
            let indent = 2 + parts.len() * 2;
            let value = match field.standing {
                Standing::Asked | Standing::Same => shown(&field.set),
                Standing::Differs => {
                    format!("{} (newest run: {})", shown(&field.set), shown(&field.echoed))
                }
                Standing::Left => {
                    format!("left to Vertex (newest run: {})", shown(&field.echoed))
                }
            };
            let _ = writeln!(out, "{:indent$}{name}: {value}", "");
            above = parts;
        }
        out
    }

    fn history(&self) -> String {
        let runs = &self.detail.runs;
        if runs.is_empty() {
            return "\nNo runs.\n".to_owned();
        }
        let took = |took: Option<std::time::Duration>| {
            took.map(|took| Pretty(took).to_string()).unwrap_or_default()
        };
        let rows: Vec<[String; 5]> = runs
            .iter()
            .map(|run| {
                let created = run.job.create_time;
                [
                    run.job.name.short(),
                    run.job.state.word().to_owned(),
                    created.map(|t| t.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default(),
                    took(run.waited),
                    took(run.ran),
                ]
            })
            .collect();
        let heading = ["RUN", "STATE", "CREATED (UTC)", "WAITED", "RAN"];
        let table = table(heading, &rows, None);
        let mut lines = table.lines();
        let mut out = format!("\n{}\n", lines.next().unwrap_or_default());
        for (run, line) in runs.iter().zip(lines) {
            let _ = writeln!(out, "{line}");
            about(&mut out, run, self.options.width);
        }
        out
    }
}

/// What else there is to say of a run, below its row.
fn about(out: &mut String, run: &Run<'_>, width: Option<usize>) {
    let wrapped = |text: String| show::wrapped(&text, 4, width);
    let mut facts = Vec::new();
    if run.adopted {
        facts.push("adopted".to_owned());
    }
    if let Some(stamp) = &run.job.stamp {
        let rerun = stamp.rerun.map_or_else(|| "unreadable".to_owned(), |rerun| rerun.to_string());
        facts.push(format!("rerun {rerun}"));
        facts.push(format!("attempt {}", stamp.attempt));
        let time = stamp.rev.and_then(|rev| jiff::Timestamp::from_second(rev).ok());
        facts.extend(
            time.map(|t| format!("from the commit of {}", t.strftime("%Y-%m-%d %H:%M:%S"))),
        );
    }
    let _ = writeln!(out, "  {}", facts.join(", "));
    if !run.changes.is_empty() {
        let changes = run.changes.join(", ");
        let text = format!("of another spec: {}", Untrusted::new(changes).shown());
        let _ = writeln!(out, "  {}", wrapped(text));
    }
    if let Some(progress) = run.progress {
        let mut far = vec![progress.detail.clone().unwrap_or_else(|| "under way".to_owned())];
        far.extend(
            progress.completed_epochs.map(|epochs| format!("{} done", count(epochs, "epoch"))),
        );
        let steps = progress.completed_steps.zip(progress.total_steps);
        far.extend(steps.map(|(done, all)| format!("step {done} of {all}")));
        let _ = writeln!(out, "  {}", far.join(", "));
    }
    if let Some(error) = &run.job.error {
        let code = run.failure.as_ref().and_then(|failure| failure.code);
        let code = code.map_or_else(|| error.code.to_string(), str::to_owned);
        let text = format!("said: {} ({code})", error.message.phrase());
        let _ = writeln!(out, "  {}", wrapped(text));
    }
    if let Some(failure) = &run.failure {
        let _ = writeln!(out, "  {}", wrapped(format!("that is: {}", failure.cause)));
        let _ = writeln!(out, "  {}", wrapped(format!("next: {}", failure.next)));
    }
}

/// What came of a run.
fn from(run: &Run<'_>, tuned: &TunedModel, made: Option<&Made>) -> String {
    let safe = |text: &str| Untrusted::new(text).shown().to_string();
    let mut out = format!("\nFrom {}\n", run.job.name.short());
    if let Some(model) = &tuned.model {
        let is = made.and_then(|made| made.model.as_ref());
        let _ = writeln!(out, "  model       {}{}", safe(model), presence(is));
        out.extend(elsewhere(model, &run.job.place));
    }
    let is = |name: &str| presence(made.and_then(|made| made.endpoints.get(name)));
    match &tuned.endpoint {
        Some(endpoint) => {
            let _ = writeln!(out, "  endpoint    {}{}", safe(endpoint), is(endpoint));
        }
        None => out.push_str("  endpoint    none: its default checkpoint is not deployed\n"),
    }
    let default = made.and_then(|made| made.default_checkpoint.as_deref());
    for Checkpoint { id, epoch, step, endpoint } in &tuned.checkpoints {
        let mut facts = Vec::new();
        facts.extend(epoch.map(|epoch| format!("epoch {epoch}")));
        facts.extend(step.map(|step| format!("step {step}")));
        facts.extend((default == Some(id.as_str())).then(|| "the default".to_owned()));
        let facts =
            if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        let endpoint = match endpoint {
            Some(endpoint) => format!("{}{}", safe(endpoint), is(endpoint)),
            None => "not deployed".to_owned(),
        };
        let _ = writeln!(out, "  checkpoint  {}{facts}: {endpoint}", safe(id));
    }
    if let Some(experiment) = &run.job.experiment {
        let _ = writeln!(out, "  experiment  {}", safe(experiment));
    }
    out
}

/// What is wrong with something that a job names; nothing when it is there.
fn presence(is: Option<&Presence>) -> String {
    match is {
        None | Some(Presence::There) => String::new(),
        Some(Presence::Gone) => " (gone: it was deleted)".to_owned(),
        Some(Presence::Empty) => " (nothing is deployed to it)".to_owned(),
        Some(Presence::Other(model)) => format!(" (stale: it serves {})", model.shown()),
        Some(Presence::Unknown(why)) => format!(" (not looked at: {})", why.shown()),
    }
}

/// That a model is in another location than its run, which is so with Gemini 3.
fn elsewhere(model: &str, place: &Place) -> Option<String> {
    let name: ResourceName = model.parse().ok()?;
    let location = &name.place().location;
    (*location != place.location).then(|| {
        format!(
            "              served from `{location}`, where Vertex keeps what is tuned in {}\n",
            place.location
        )
    })
}
