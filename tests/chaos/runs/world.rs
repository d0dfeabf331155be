//! What one run has to itself: a directory with manifests, an emulator, and
//! the clients that work on both.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Trouble;
use super::boundary::Boundary;
use super::client::{Client, Keeps};
use super::emulator::Emulator;
use super::random::Random;
use super::wait::until;

/// What all clients of a run are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// `claims.settle`, in seconds.
    pub settle: u64,
    /// Whether there is a bucket for claims; then nothing settles.
    pub claims: bool,
    /// After how long a claim is taken over, in seconds.
    pub takeover: u64,
}

/// See the module.
pub struct World {
    pub emulator: Emulator,
    pub random: Random,
    pub mode: Mode,
    /// The manifests' names.
    pub models: Vec<String>,
    /// What they ask for at this moment.
    pub epochs: u32,
    /// How many jobs of one spec may exist beyond the first.
    pub allowed: u64,
    /// Jobs that were copied by [`World::copy`], by the manifest's name.
    pub copies: BTreeMap<String, u64>,
    pub kills: u64,
    clients: usize,
    directory: TempDir,
}

impl World {
    pub fn new(seed: u64, mode: Mode) -> Result<Self, Trouble> {
        let mut random = Random::new(seed);
        // Cancelled at once, or some half a minute later.
        let speed = if random.permille(500) { 20 } else { 1 };
        let names = ["support-faq", "router", "summariser"];
        let models = names.iter().take(1 + random.below(3) as usize);
        let world = Self {
            emulator: Emulator::start(seed, speed)?,
            mode,
            models: models.map(|name| (*name).to_owned()).collect(),
            epochs: 3,
            allowed: 0,
            copies: BTreeMap::new(),
            kills: 0,
            clients: 0,
            directory: TempDir::new()?,
            random,
        };
        let Mode { settle, claims, .. } = mode;
        let bucket = if claims { "bucket: gs://chaos-claims, " } else { "" };
        world.write(
            "workspace",
            &format!(
                "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {{name: acme-tuning}}\n\
                 spec:\n  project: acme-ml\n  location: us-central1\n  \
                 claims: {{{bucket}settle: {settle}s}}\n  limits: {{maxCancels: 50}}\n"
            ),
        )?;
        if claims {
            let bucket = json!({"name": "chaos-claims"});
            world.emulator.ask("POST", "/storage/v1/b?project=acme-ml", &bucket)?;
        }
        world.write_models()?;
        world.foreign_jobs()?;
        Ok(world)
    }

    /// Asks for another number of epochs: every run is superseded.
    pub fn change(&mut self) -> Result<(), Trouble> {
        self.epochs += 1;
        self.write_models()
    }

    /// Leaves the first model only: then a client that is stopped at a boundary
    /// is nowhere else at the same time.
    pub fn only_one(&mut self) -> Result<(), Trouble> {
        for name in self.models.drain(1..) {
            std::fs::remove_file(self.directory.path().join(format!("manifests/{name}.yaml")))?;
        }
        Ok(())
    }

    fn write_models(&self) -> Result<(), Trouble> {
        let epochs = self.epochs;
        for name in &self.models {
            let text = format!(
                "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {{name: {name}}}\nspec:\n  \
                 baseModel: gemini-3.5-flash\n  supervisedTuningSpec:\n    \
                 trainingDatasetUri: gs://acme-ml/{name}/train.jsonl\n    \
                 hyperParameters: {{epochCount: {epochs}}}\n"
            );
            self.write(name, &text)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Trouble> {
        let manifests = self.directory.path().join("manifests");
        std::fs::create_dir_all(&manifests)?;
        Ok(std::fs::write(manifests.join(format!("{name}.yaml")), text)?)
    }

    /// One job without our labels, and one of another owner that is called
    /// like ours.
    fn foreign_jobs(&self) -> Result<(), Trouble> {
        let job = |labels: Value| {
            json!({"baseModel": "gemini-3.5-flash", "labels": labels,
                "supervisedTuningSpec": {"trainingDatasetUri": "gs://theirs/train.jsonl"}})
        };
        self.emulator.create(&job(json!({"team": "theirs"})))?;
        let labels = json!({"managed-by": "retune", "retune-owner": "other",
            "retune-name": self.models[0], "retune-rerun": "0", "retune-attempt": "1",
            "retune-run": "00000000000000aa", "retune-spec": format!("h1-{}", "a".repeat(52))});
        self.emulator.create(&job(labels))
    }

    /// Creates the first model's job once more, as a request does that comes
    /// late or from a client without manners.
    pub fn copy(&mut self) -> Result<(), Trouble> {
        let name = self.models[0].clone();
        let jobs = self.emulator.jobs()?;
        let ours = |job: &&Value| job["labels"]["retune-owner"] == "acme-tuning";
        let mut jobs = jobs.iter().filter(ours);
        let job = jobs.find(|job| job["labels"]["retune-name"] == name.as_str());
        let job = job.ok_or("there is no job to copy")?;
        let mut labels = job["labels"].clone();
        labels["retune-run"] = json!("00000000000000bb");
        let spec = json!({
            "trainingDatasetUri": job["supervisedTuningSpec"]["trainingDatasetUri"],
            "hyperParameters": {"epochCount": self.epochs.to_string()},
        });
        let display = &job["tunedModelDisplayName"];
        self.emulator.create(&json!({"baseModel": job["baseModel"], "labels": labels,
            "tunedModelDisplayName": display, "supervisedTuningSpec": spec}))?;
        *self.copies.entry(name).or_default() += 1;
        Ok(())
    }

    /// `retune apply --yes` with these arguments besides.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retune"));
        command.args(["apply", "--yes", "--endpoint", self.emulator.url()]);
        if self.mode.settle == 0 {
            command.arg("--accept-duplicates");
        }
        command.args(arguments);
        self.surround(&mut command);
        command
    }

    /// A clean environment, in the run's directory.
    pub fn surround(&self, command: &mut Command) {
        command.current_dir(self.directory.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", self.directory.path());
        if self.mode.claims {
            command.env("STORAGE_EMULATOR_HOST", self.emulator.url());
            command.env("RETUNE_EMULATOR_TAKEOVER", format!("{}s", self.mode.takeover));
        }
    }

    pub fn start(&mut self, command: Command, keeps: Keeps) -> Result<Client, Trouble> {
        self.clients += 1;
        Client::start(command, self.directory.path(), self.clients, keeps)
    }

    /// The boundaries of an apply that creates all models.
    pub fn boundaries_of_creating(&mut self) -> Vec<Boundary> {
        let models = self.models.len() as u64;
        let create = self.random.below(models);
        let write = self.random.below(2 * models);
        Boundary::of_creating(self.mode.claims, create, write)
    }

    /// Starts an ordinary apply.
    pub fn apply(&mut self) -> Result<Client, Trouble> {
        self.start(self.command(&[]), Keeps::None)
    }

    /// Starts an apply that stands still at `boundary`; `None` when it ended
    /// without coming there.
    pub fn apply_until(&mut self, boundary: &Boundary) -> Result<Option<Client>, Trouble> {
        let before = self.emulator.held()?.len();
        if let Some(rule) = boundary.rule() {
            self.emulator.fault(&[&rule])?;
        }
        let mut client = self.apply()?;
        let mut there = false;
        until(&format!("client at {boundary:?}"), || {
            there = match boundary {
                Boundary::Settling => client.stderr()?.contains("looking again"),
                Boundary::Held { .. } => self.emulator.held()?.len() > before,
            };
            Ok(there || client.has_ended()?)
        })?;
        self.emulator.end_faults()?;
        Ok(there.then_some(client))
    }

    /// As [`World::apply_until`], where the client must come there.
    pub fn apply_to(&mut self, boundary: &Boundary) -> Result<Client, Trouble> {
        let client = self.apply_until(boundary)?;
        client.ok_or_else(|| format!("the client ended before {boundary:?}").into())
    }

    pub fn kill(&mut self, client: &mut Client) -> Result<(), Trouble> {
        self.kills += 1;
        client.kill()
    }
}
