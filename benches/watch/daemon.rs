//! `retune watch` as a process, and what the kernel counts of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::corpus::REVISION;
use crate::{Error, program};

/// What no wait takes on the slowest machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// The end of a pass in the log.
pub(crate) const PASS: &str = ": pass trigger=";

/// How long a process uses no core before it counts as idle: longer than any
/// wait between two looks of one pass.
const CALM: Duration = Duration::from_millis(600);

/// The kernel's clock tick in `/proc` (`USER_HZ`), the same on every machine.
const TICK: Duration = Duration::from_millis(10);

/// A daemon at work.
pub(crate) struct Daemon {
    child: Child,
    lines: Receiver<(Instant, String)>,
}

/// What the kernel counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// Resident now, in bytes.
    pub(crate) resident: u64,
    /// The most that ever was.
    pub(crate) peak: u64,
    /// Open descriptors.
    pub(crate) descriptors: usize,
}

impl Daemon {
    /// Starts it; it logs what `verbosity` asks for.
    pub(crate) fn start(
        root: &Path,
        directory: &Path,
        url: &str,
        verbosity: &[&str],
    ) -> Result<Self, Error> {
        let mut command = Command::new(program()?);
        command.current_dir(root).env_clear().env("HOME", root);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // As the unit and the Deployment that are shipped start it.
        command.env("MALLOC_ARENA_MAX", "1");
        command.arg("watch").arg(directory).args(["--endpoint", url]);
        command.args(["--revision", &REVISION.to_string(), "--max-creates", "100000"]);
        command.args(verbosity).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stderr = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if send.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// The next log line with this text, and when it came.
    pub(crate) fn says(&self, text: &str) -> Result<(Instant, String), Error> {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((at, line)) if line.contains(text) => return Ok((at, line)),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Err(format!("never said: {text}").into()),
                Err(RecvTimeoutError::Disconnected) => return Err("the daemon ended".into()),
            }
        }
    }

    /// Asks for a pass over everything: all files are read, all jobs listed.
    pub(crate) fn hang_up(&self) -> Result<(), Error> {
        self.signal(Signal::HUP)
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("no process")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits until it is idle.
    pub(crate) fn rests(&self) -> Result<(), Error> {
        let (mut used, mut since) = (self.cpu()?, Instant::now());
        let until = since + DEADLINE;
        while since.elapsed() < CALM {
            std::thread::sleep(CALM / 10);
            let now = self.cpu()?;
            if now != used {
                (used, since) = (now, Instant::now());
            }
            if Instant::now() > until {
                return Err("the daemon never rests".into());
            }
        }
        Ok(())
    }

    /// User and system time so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        cpu_of(&self.child.id().to_string())
    }

    pub(crate) fn counted(&self) -> Result<Counted, Error> {
        let process = format!("/proc/{}", self.child.id());
        let status = fs::read(format!("{process}/status"))?;
        let status = String::from_utf8_lossy(&status);
        let bytes = |name: &str| -> Result<u64, Error> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            Ok(number.ok_or_else(|| format!("no {name}"))?.parse::<u64>()? * 1024)
        };
        let descriptors = fs::read_dir(format!("{process}/fd"))?.count();
        Ok(Counted { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")?, descriptors })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.signal(Signal::TERM);
        let _ = self.child.wait();
    }
}

/// User and system time of a process, to a tick of 10 ms.
pub(crate) fn cpu_of(process: &str) -> Result<Duration, Error> {
    let stat = fs::read(format!("/proc/{process}/stat"))?;
    let stat = String::from_utf8_lossy(&stat);
    // The name in parentheses may hold anything; utime and stime are the 14th
    // and 15th fields, and the first after it is the 3rd.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no name")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
    let ticks = ticks.sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}
