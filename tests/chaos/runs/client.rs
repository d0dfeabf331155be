//! A `retune apply` in a process of its own, and the signals it gets.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Trouble;
use super::wait::until;

/// See the module. Dropped, it is killed.
pub struct Client {
    process: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    ended: Option<ExitStatus>,
}

/// How a client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Code(i32),
    Signal(i32),
}

impl Client {
    /// Starts `command`; what it prints goes to files in `directory`, except
    /// where the command already says otherwise.
    pub fn start(
        mut command: Command,
        directory: &Path,
        number: usize,
        keeps: Keeps,
    ) -> Result<Self, Trouble> {
        let stdout = directory.join(format!("stdout-{number}.txt"));
        let stderr = directory.join(format!("stderr-{number}.txt"));
        let (out, err) = (File::create(&stdout)?, File::create(&stderr)?);
        if !matches!(keeps, Keeps::Stdout | Keeps::Both) {
            command.stdout(out);
        }
        if !matches!(keeps, Keeps::Stderr | Keeps::Both) {
            command.stderr(err);
        }
        let process = command.stdin(Stdio::null()).spawn()?;
        Ok(Self { process, stdout, stderr, ended: None })
    }

    pub fn signal(&self, signal: Signal) -> Result<(), Trouble> {
        let pid = i32::try_from(self.process.id())?;
        Ok(kill_process(Pid::from_raw(pid).ok_or("no process id")?, signal)?)
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<(), Trouble> {
        self.process.kill()?;
        self.end().map(drop)
    }

    /// The reading end of its stdout, when that is a pipe.
    pub fn pipe(&mut self) -> Option<std::process::ChildStdout> {
        self.process.stdout.take()
    }

    /// Whether it ended.
    pub fn has_ended(&mut self) -> Result<bool, Trouble> {
        if self.ended.is_none() {
            self.ended = self.process.try_wait()?;
        }
        Ok(self.ended.is_some())
    }

    /// Waits for its end.
    pub fn end(&mut self) -> Result<End, Trouble> {
        until("end of a client", || self.has_ended())?;
        let status = self.ended.ok_or("no status")?;
        match (status.code(), status.signal()) {
            (Some(code), _) => Ok(End::Code(code)),
            (_, Some(signal)) => Ok(End::Signal(signal)),
            _ => Err(format!("neither code nor signal: {status}").into()),
        }
    }

    /// Waits for its end, which must be one of these exit codes.
    pub fn ends(&mut self, codes: &[i32]) -> Result<i32, Trouble> {
        match self.end()? {
            End::Code(code) if codes.contains(&code) => Ok(code),
            end => {
                Err(format!("a client ended with {end:?}, not {codes:?}{}", self.said()?).into())
            }
        }
    }

    /// Waits until it has said this on stderr.
    pub fn says(&mut self, words: &str) -> Result<(), Trouble> {
        until(&format!("word of `{words}`"), || {
            let said = self.stderr()?.contains(words);
            if !said && self.has_ended()? && !self.stderr()?.contains(words) {
                return Err(format!("a client never said `{words}`{}", self.said()?).into());
            }
            Ok(said)
        })
    }

    pub fn stdout(&self) -> Result<String, Trouble> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.stdout)?).into_owned())
    }

    pub fn stderr(&self) -> Result<String, Trouble> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.stderr)?).into_owned())
    }

    /// All that it said, for a failure.
    pub fn said(&self) -> Result<String, Trouble> {
        Ok(format!("\n--- stdout\n{}--- stderr\n{}---", self.stdout()?, self.stderr()?))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Which stream keeps where the command sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    None,
    Stdout,
    Stderr,
    Both,
}
