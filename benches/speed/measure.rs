//! What a process used.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use crate::Error;

/// What one run used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// Peak resident memory, in bytes.
    pub(crate) memory: u64,
}

/// A run and what it printed.
pub(crate) struct Ran {
    pub(crate) measured: Measured,
    pub(crate) stdout: String,
}

/// Runs to the end. A run that fails is an error: its figures mean nothing.
pub(crate) fn run(mut command: Command) -> Result<Ran, Error> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let mut stdout = String::new();
    child.stdout.take().ok_or("no stdout")?.read_to_string(&mut stdout)?;
    let mut stderr = String::new();
    child.stderr.take().ok_or("no stderr")?.read_to_string(&mut stderr)?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    if !used.status.success() {
        return Err(format!("{command:?} ended with {}: {stdout}{stderr}", used.status).into());
    }
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Ran { measured: Measured { cpu, wall, memory: used.rusage.maxrss }, stdout })
}

impl Ran {
    /// The figures, if the run printed what it must.
    pub(crate) fn said(self, expected: &str) -> Result<Measured, Error> {
        let said = self.stdout.contains(expected);
        if said { Ok(self.measured) } else { Err(format!("unexpected: {}", self.stdout).into()) }
    }

    /// The figures that the run printed of its part that counts.
    pub(crate) fn by_itself(self) -> Result<Measured, Error> {
        let nanoseconds = Duration::from_nanos(self.stdout.trim().parse()?);
        Ok(Measured { cpu: nanoseconds, wall: nanoseconds, ..self.measured })
    }
}

impl Measured {
    /// How many cores were busy on average.
    pub(crate) fn cores(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// The least of each figure, and the most memory.
pub(crate) fn best(runs: impl IntoIterator<Item = Measured>) -> Measured {
    let none = Measured { cpu: Duration::MAX, wall: Duration::MAX, memory: 0 };
    runs.into_iter().fold(none, |best, run| Measured {
        cpu: best.cpu.min(run.cpu),
        wall: best.wall.min(run.wall),
        memory: best.memory.max(run.memory),
    })
}
