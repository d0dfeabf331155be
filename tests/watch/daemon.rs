//! A `retune watch` in a process of its own: what it logs, what it serves and
//! the signals it gets.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use retune::clock::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::http::ask;
use super::wait::{BETWEEN, DEADLINE, until};

/// See the module. Dropped, it is killed.
pub(crate) struct Daemon {
    process: Child,
    /// What it writes to stderr is here when the write is over, and so before
    /// anything that the daemon does next can be seen.
    stderr: File,
    read: u64,
    said: Vec<Line>,
    /// How many of the lines a test has waited past.
    heard: usize,
    url: String,
}

/// A line of the log.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    json: Value,
}

impl Line {
    fn read(text: &str) -> Self {
        let json = serde_json::from_str(text).unwrap_or_default();
        Self { text: text.to_owned(), json }
    }

    pub(crate) fn is(&self, event: &str) -> bool {
        self.json["event"] == event
    }

    pub(crate) fn is_about(&self, event: &str, name: &str) -> bool {
        self.is(event) && self.json["name"] == name
    }

    /// A value, empty where there is none.
    pub(crate) fn value(&self, key: &str) -> &str {
        self.json[key].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.value("message")
    }
}

impl Daemon {
    /// Starts it and waits for its first line, which has the address where it
    /// listens.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        let stderr = tempfile::tempfile().unwrap();
        command.stdout(Stdio::null()).stderr(stderr.try_clone().unwrap());
        let process = command.spawn().unwrap();
        let (said, url) = (Vec::new(), String::new());
        let mut daemon = Self { process, stderr, read: 0, said, heard: 0, url };
        let started = daemon.hears("started");
        let (_, url) = started.message().split_once("listening on ").unwrap();
        daemon.url = url.to_owned();
        daemon
    }

    /// The status and the body of what it serves.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        ask("GET", &self.url, path, "")
    }

    /// Waits for a line after those that were waited for before.
    #[track_caller]
    pub(crate) fn hears_where(&mut self, what: &str, holds: impl Fn(&Line) -> bool) -> Line {
        let clock = SystemClock::new();
        loop {
            let ended = self.process.try_wait().unwrap().is_some();
            self.said();
            while let Some(line) = self.said.get(self.heard) {
                self.heard += 1;
                if holds(line) {
                    return line.clone();
                }
            }
            if ended || clock.elapsed() > DEADLINE {
                panic!("never heard {what} (ended: {ended}):\n{}", self.told());
            }
            std::thread::sleep(BETWEEN);
        }
    }

    /// Waits for an event.
    #[track_caller]
    pub(crate) fn hears(&mut self, event: &str) -> Line {
        self.hears_where(event, |line| line.is(event))
    }

    /// Waits for an event of one model.
    #[track_caller]
    pub(crate) fn hears_of(&mut self, event: &str, name: &str) -> Line {
        self.hears_where(&format!("{event} of {name}"), |line| line.is_about(event, name))
    }

    /// All that it has said until now.
    pub(crate) fn said(&mut self) -> &[Line] {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = self.stderr.read_at(&mut buffer, self.read).unwrap();
            // A line is written in one go, and a whole one ends here.
            let Some(end) = buffer[..count].iter().rposition(|byte| *byte == b'\n') else { break };
            self.read += end as u64 + 1;
            let text = String::from_utf8(buffer[..end].to_vec()).unwrap();
            self.said.extend(text.lines().map(Line::read));
        }
        &self.said
    }

    /// How often it has told of an event until now.
    pub(crate) fn count(&mut self, event: &str) -> usize {
        self.said().iter().filter(|line| line.is(event)).count()
    }

    /// All that it has said, for a failure.
    fn told(&self) -> String {
        self.said.iter().map(|line| format!("{}\n", line.text)).collect()
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.process.id()).unwrap()
    }

    /// Passes since it began, whatever became of them.
    #[track_caller]
    pub(crate) fn passes(&self) -> u64 {
        let (_, metrics) = self.get("/metrics");
        let passes = metrics.lines().filter(|line| line.starts_with("retune_passes_total{"));
        passes.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    /// Asks it to look, until a pass that began afterwards is over: the first
    /// that ends may have begun before, the second did not.
    #[track_caller]
    pub(crate) fn looks(&self) {
        for _ in 0..2 {
            self.passes_once();
        }
    }

    /// Asks it to look, and waits until a pass is over.
    #[track_caller]
    pub(crate) fn passes_once(&self) {
        let before = self.passes();
        self.signal(Signal::HUP);
        until("pass after SIGHUP", || self.passes() > before);
    }

    /// Waits for its end, and gives its exit code. A signal that was not
    /// handled is no code.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        let mut ended: Option<ExitStatus> = None;
        until("end of the daemon", || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        });
        self.said();
        let status = ended.unwrap();
        status.code().unwrap_or_else(|| panic!("ended with {status}:\n{}", self.told()))
    }

    /// Asks it to stop, and gives the exit code and how long that took.
    #[track_caller]
    pub(crate) fn stops(&mut self, signal: Signal) -> (i32, std::time::Duration) {
        let clock = SystemClock::new();
        self.signal(signal);
        (self.ends(), clock.elapsed())
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
