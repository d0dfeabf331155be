//! Deciding by itself: what planning costs once everything is in memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use retune::clock::{SystemClock, SystemEntropy};
use retune::manifest::{self, Settings};
use retune::observe;
use retune::plan::{Policy, plan};
use retune::vertex::{Client, ClientOptions};

use crate::Error;
use crate::corpus::REVISION;
use crate::floor::cpu;

/// Loads the manifests and lists the jobs as `plan` does, and prints how long
/// the decision alone took this thread.
pub(crate) fn run(manifests: &Path, url: &str) -> Result<(), Error> {
    let paths = [PathBuf::from(manifests)];
    let manifests = manifest::load(&paths, &Settings::default()).into_result();
    let manifests = manifests.map_err(|_| "the corpus is not valid")?;
    let workspace = manifests.workspace.as_ref();
    let places = observe::places(&manifests.desired, workspace);
    let options = ClientOptions { endpoint: Some(url.to_owned()), ..ClientOptions::default() };
    let client = Client::new(options, SystemClock::new(), SystemEntropy)?;
    let keep = observe::keep(&manifests.desired);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let observed = runtime.block_on(observe::observe(&client, &places, &keep))?;
    let mut policy = Policy::new(workspace.ok_or("the corpus has no Workspace")?.owner.clone());
    policy.revision = Some(REVISION);
    std::thread::sleep(Duration::from_millis(1));
    let before = cpu()?;
    let plan = plan(&manifests.desired, &observed, &policy);
    std::thread::sleep(Duration::from_millis(1));
    let after = cpu()?;
    if plan.in_sync.len() != manifests.desired.len() {
        return Err(format!("{} of {} in sync", plan.in_sync.len(), manifests.desired.len()).into());
    }
    println!("{}", after - before);
    Ok(())
}
