//! What systemd is told: `Type=notify`, reload, stop, status, watchdog.
//!
//! The protocol is `sd-notify`'s, which reads `NOTIFY_SOCKET`, `WATCHDOG_USEC`
//! and `WATCHDOG_PID` itself and offers no other way: besides
//! `cli/environment.rs` it is the only reader of environment variables. Where
//! systemd did not start us, everything here does nothing.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::model::Untrusted;

/// Pings per time-out of the watchdog. The manual asks for two; the third is
/// for a machine that was asleep or starved.
const PINGS: u32 = 3;

/// Most characters of a status. `systemctl status` shows one line of it.
const STATUS: usize = 400;

/// Talks to the service manager. What it does not hear is no failure of ours.
#[derive(Debug, Clone, Copy)]
pub struct Systemd {
    watchdog: Option<Duration>,
}

impl Systemd {
    /// Asks what systemd wants of this process.
    pub fn from_environment() -> Self {
        let timeout = sd_notify::watchdog_enabled().filter(|timeout| !timeout.is_zero());
        Self { watchdog: timeout.map(|timeout| timeout / PINGS) }
    }

    /// The start is over, or the reload.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// Looks again because of SIGHUP; [`Systemd::ready`] ends it.
    pub fn reloading(&self) {
        // `Type=notify-reload` (systemd 253) wants the time with it.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// Has begun to stop.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// One line for `systemctl status`.
    pub fn status(&self, text: &str) {
        // A line break would begin another message: `READY=1`, `MAINPID=1`.
        let line = Untrusted::new(text).shown().to_string();
        let line: String = line.chars().take(STATUS).collect();
        tell(&[NotifyState::Status(&line)]);
    }

    /// How often [`Systemd::ping`] is wanted; `None` without a watchdog.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Says that the loop lives. Only the loop may say it.
    pub fn ping(&self) {
        if self.watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;

    use super::*;

    /// What a process with this environment tells a service manager.
    fn told(watchdog: Option<&str>) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "watch::systemd::tests::a_life", "--ignored"]);
        child.env("NOTIFY_SOCKET", &path).env_remove("WATCHDOG_PID").env_remove("WATCHDOG_USEC");
        child.envs(watchdog.map(|timeout| ("WATCHDOG_USEC", timeout)));
        assert!(child.output().unwrap().status.success());
        // The child has ended: what it told is here.
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 4096];
        let heard =
            std::iter::from_fn(|| socket.recv(&mut buffer).ok().map(|n| buffer[..n].to_vec()));
        heard.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    #[ignore = "the tests below start it, with a socket"]
    fn a_life() {
        let systemd = Systemd::from_environment();
        systemd.ready();
        systemd.status("14 in sync\nMAINPID=1\u{1b}");
        systemd.ping();
        systemd.reloading();
        systemd.ready();
        systemd.status(&"x".repeat(10_000));
        systemd.stopping();
        if let Some(every) = systemd.watchdog() {
            systemd.status(&format!("{every:?}"));
        }
    }

    #[test]
    fn a_life_is_told_line_by_line() {
        let told = told(Some("120000000"));
        let time = told[3].strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().trim_end();
        assert!(time.parse::<u64>().unwrap() > 0);
        let status = format!("STATUS={}\n", "x".repeat(STATUS));
        assert_eq!(
            [&told[..3], &told[4..]].concat(),
            [
                "READY=1\n",
                "STATUS=14 in sync MAINPID=1\\u{1b}\n",
                "WATCHDOG=1\n",
                "READY=1\n",
                &status,
                "STOPPING=1\n",
                "STATUS=40s\n",
            ]
        );
    }

    #[test]
    fn without_a_watchdog_nothing_is_pinged() {
        for timeout in [None, Some("0"), Some("soon")] {
            let told = told(timeout);
            assert_eq!(told.len(), 6, "{told:?}");
            assert!(told.iter().all(|line| !line.contains("WATCHDOG")), "{told:?}");
        }
    }

    #[test]
    fn without_systemd_nothing_happens() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "watch::systemd::tests::a_life", "--ignored"]);
        child.env_remove("NOTIFY_SOCKET").env("WATCHDOG_USEC", "1000000");
        let output = child.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
