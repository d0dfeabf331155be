//! A whole process: started, and two requests later at its end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Error;
use crate::serve::ENDPOINT;

const MANIFEST: &str = "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {name: faq}\nspec:\n  \
    project: acme-ml\n  location: us-central1\n  baseModel: gemini-3.5-flash\n  \
    supervisedTuningSpec: {trainingDatasetUri: gs://acme-ml/faq/train.jsonl}\n";

/// A program that only makes the requests.
pub(crate) async fn bare(url: &str) -> Result<(), Error> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let jobs = format!("{url}/v1/projects/acme-ml/locations/us-central1/tuningJobs");
    client.get(jobs).send().await?.bytes().await?;
    let question = r#"{"contents":[{"role":"user","parts":[{"text":"Which queue?"}]}]}"#;
    let post = client.post(format!("{url}/v1/{ENDPOINT}:generateContent"));
    post.header("content-type", "application/json").body(question).send().await?.bytes().await?;
    Ok(())
}

/// Runs both by turns; the times of the bare one and of retune.
pub(crate) fn measure(url: &str, count: usize) -> Result<(Vec<Duration>, Vec<Duration>), Error> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("faq.yaml"), MANIFEST)?;
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut bare = Command::new(std::env::current_exe()?);
        bares.push(took(bare.args(["bare", url]), directory.path(), "")?);
        let mut retune = Command::new(env!("CARGO_BIN_EXE_retune"));
        let arguments = ["prompt", "faq", "Which queue?", "--endpoint", url];
        ours.push(took(retune.args(arguments), directory.path(), "web-frontend\n")?);
    }
    Ok((bares, ours))
}

/// How long the command takes; one that fails means nothing.
fn took(command: &mut Command, directory: &Path, said: &str) -> Result<Duration, Error> {
    command.current_dir(directory).env_clear().env("HOME", directory);
    let begun = Instant::now();
    let output = command.output()?;
    let took = begun.elapsed();
    if !output.status.success() || output.stdout != said.as_bytes() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(took)
}
