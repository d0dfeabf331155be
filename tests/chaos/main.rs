//! Chaos of real processes: the built program against an emulator in a process
//! of its own, stopped at every effect boundary, raced, signalled, starved of
//! its streams and lied to. The emulator counts the jobs that are paid for.
//!
//! ```console
//! cargo test --test chaos                                # a few
//! cargo test --test chaos -- --runs 300 --seed 7         # as CI does
//! cargo test --test chaos -- --only kill --runs 50
//! ```
//!
//! A run that fails prints the command that plays it again. What a seed fixes
//! is the scenario and where its clients are stopped: requests are held by the
//! emulator until the harness has seen them there, so nothing depends on how
//! fast the machine is. In a control the same blows meet clients without a
//! settle window; if that costs nothing extra, the test is blind and fails.

#![allow(missing_docs, unreachable_pub, reason = "a test")]

#[cfg(target_os = "linux")]
mod runs;

// Signals and `/dev/full` are Linux's.
fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    return runs::main();
    #[cfg(not(target_os = "linux"))]
    return std::process::ExitCode::SUCCESS;
}
