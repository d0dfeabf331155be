//! `retune import`: manifests for jobs that exist already.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;

use super::Global;
use super::count::count;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use super::write;
use crate::import::{self, Around, Import, Job, NamedError, Passed};
use crate::model::{Observed, Untrusted};
use crate::vertex::Keep;

/// Arguments of `retune import`.
#[derive(Debug, clap::Args)]
#[command(after_help = HOW)]
pub struct Args {
    /// Jobs, by full name, `tuningJobs/ID` or ID
    #[arg(value_name = "JOB")]
    pub jobs: Vec<String>,

    /// Every job of the listed places that no manifest speaks of: of each
    /// name of ours one run, and each job that retune did not make
    #[arg(long, conflicts_with = "jobs")]
    pub all: bool,

    /// With --all, also what failed or was cancelled
    #[arg(long, requires = "all")]
    pub ended: bool,

    /// Write a file for each into this directory, and over none
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,

    /// Manifests or directories that say where to look and what has a manifest
    /// already (repeatable) [default: manifests/, else the current directory];
    /// --project and --location name one place without any manifest
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

const HOW: &str = "\
A manifest sets what the job was asked for, as Vertex echoes it; what Vertex chose itself is a
comment where that can be known. With the manifests added, a plan starts no run and stops none.";

/// How many jobs are read at a time.
const READS_AT_A_TIME: usize = 8;

/// Looks, reads and prints.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    if args.jobs.is_empty() && !args.all {
        return Err(Failure::usage("no job is named")
            .hint("name jobs, or pass --all for every one that no manifest speaks of"));
    }
    let session = Session::for_looking(&args.paths, global, output).await?;
    session.with(async |session| tell(&args, session, global, output).await).await
}

async fn tell(
    args: &Args,
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let policy = session.policy(global)?;
    let seen = session.observe_keeping(&Keep::All).await?;
    let around = Around {
        desired: &session.desired,
        seen: &seen,
        workspace: session.workspace.as_ref(),
        policy: &policy,
        emulator: session.emulator,
    };
    let (jobs, passed) = if args.all {
        let selected = import::all(&around, args.ended);
        (selected.jobs, selected.passed)
    } else {
        let jobs = import::named(&around, &args.jobs).map_err(|error| {
            let hint = error.hint().unwrap_or_else(|| match &error {
                NamedError::Covered { name, .. } => {
                    format!("{} shows it", session.command(&format!("describe {name}")))
                }
                _ => format!("{} lists what there is", session.command("jobs")),
            });
            Failure::new(Exit::Usage, error).hint(hint)
        })?;
        (jobs, Passed::default())
    };
    let jobs = read(&jobs, session).await?;
    let import = import::import(&jobs, &around);
    for left_out in &import.left_out {
        output.complain(&format!("{}: left out: {}\n", left_out.job.short(), left_out.why));
    }
    if !args.all && !import.left_out.is_empty() {
        return Err(Failure::refused(
            "no manifest can stand for every one of these jobs; none was written",
        ));
    }
    for manifest in &import.manifests {
        for remark in &manifest.remarks {
            output.complain(&format!("{} ({}): {remark}\n", manifest.name, manifest.job.short()));
        }
    }
    match &args.write {
        None => output.data(&text(&import)),
        Some(directory) => files(directory, &import, output)?,
    }
    output.say(&summary(&import, passed, session));
    Ok(Exit::Done)
}

/// The jobs as they are, with all that they were asked for.
async fn read(jobs: &[&Observed], session: &Session) -> Result<Vec<Job>, Failure> {
    let reads = jobs.iter().map(async |job| {
        let whole = session.client.get_asked(&job.name).await;
        let whole = whole.map_err(|e| session.unreachable(session.hint(&e), e));
        // The place is written as the user does.
        whole.map(|(observed, rest)| Job { observed: observed.in_place(&job.place), rest })
    });
    let mut reads = futures_util::stream::iter(reads).buffered(READS_AT_A_TIME);
    let mut all = Vec::with_capacity(jobs.len());
    while let Some(read) = reads.next().await {
        all.push(read?);
    }
    Ok(all)
}

fn text(import: &Import) -> String {
    let texts: Vec<&str> = import.manifests.iter().map(|m| m.text.as_str()).collect();
    texts.join("---\n")
}

/// Writes a file for each manifest: all of them, or none where one is there.
fn files(directory: &Path, import: &Import, output: &Output) -> Result<(), Failure> {
    let path = |name: &crate::model::Name| directory.join(format!("{name}.yaml"));
    let shown = |path: &Path| Untrusted::new(path.to_string_lossy()).shown().to_string();
    let there = import.manifests.iter().map(|manifest| path(&manifest.name));
    // A link to nothing counts as there: writing through it would surprise.
    if let Some(there) = there.into_iter().find(|path| std::fs::symlink_metadata(path).is_ok()) {
        return Err(Failure::refused(format!(
            "`{}` exists already; nothing was written",
            shown(&there)
        ))
        .hint("name another directory"));
    }
    std::fs::create_dir_all(directory).map_err(|source| {
        let hint = match directory.exists() {
            true => "that is a file; name a directory",
            false => "name a directory that you may write to",
        };
        let text = format!("could not make the directory `{}`", shown(directory));
        Failure::caused(Exit::Unexpected, text, source).hint(hint)
    })?;
    for manifest in &import.manifests {
        let path = path(&manifest.name);
        write::create(&path, &manifest.text).map_err(|error| {
            let hint = "name a directory that you may write to";
            Failure::new(Exit::Unexpected, error).hint(hint)
        })?;
        output.data(&format!("{}\n", shown(&path)));
    }
    Ok(())
}

fn summary(import: &Import, passed: Passed, session: &Session) -> String {
    let Passed { covered, others, ended, same_name } = passed;
    let plan = session.command("plan");
    let mut out = match import.manifests.len() {
        0 => "\nNothing to import.".to_owned(),
        1 => format!("\n1 manifest. With it {plan} starts and stops nothing more."),
        number => format!("\n{number} manifests. With them {plan} starts and stops nothing more."),
    };
    let facts = [
        (covered, "with a manifest already"),
        (same_name, "of a name for which another run speaks"),
        (others, "of other owners; name a job to take it over"),
        (ended, "that ended badly; --ended takes them too"),
    ];
    for (number, what) in facts.into_iter().filter(|(number, _)| *number > 0) {
        out.push_str(&format!("\nPassed over: {} {what}.", count(number, "job")));
    }
    out + "\n"
}
