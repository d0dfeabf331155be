//! `retune`: the declarative way to tune Gemini models on Vertex AI.
//!
//! A directory of YAML manifests says which tuned models should exist; the
//! library turns it into tuning jobs. The modules in the order data flows
//! through them:
//!
//! - [`model`]: the words everything shares. Plain data, no I/O, no async.
//! - [`manifest`]: files to desired models, or every finding at once.
//! - [`google`]: HTTP, credentials and retries, for every Google service.
//! - [`vertex`]: Vertex AI: tuning jobs, and what they made.
//! - [`claims`]: who may create, when more than one run of retune could.
//! - [`plan`]: desired and observed to a plan. Decides, and does nothing.
//! - [`detail`]: everything known of one tuned model, for people and programs.
//! - [`observe`]: looks at every place concerned.
//! - [`page`]: a plan, and what is known of its models, as HTML.
//! - [`apply`]: carries a plan out. Does, and decides nothing.
//! - [`prompt`]: what is asked of a tuned model, and what it answered. Pure.
//! - [`watch`]: looks, decides and does, for as long as it runs.
//! - [`curves`]: what a training measured, what it says, and how it is shown. Pure.
//! - [`outputs`]: what tuned models leave for those who call them.
//! - [`import`]: manifests for jobs that exist already.
//! - [`clock`]: the one place that reads the time, waits and draws randomness.
//! - [`emulator`]: a Vertex AI tuning service and a small Cloud Storage on loopback.
//! - [`cli`]: the commands; the only module that prints.
//!
//! `model` and `plan` depend on nothing else here; `vertex` never sees `plan`,
//! and `plan` never sees `vertex`: they meet in `apply`.
#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::string_slice
)]

pub mod apply;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod curves;
pub mod detail;
pub mod emulator;
#[doc(hidden)]
pub mod fuzzing;
pub mod google;
pub mod import;
pub mod manifest;
pub mod model;
#[cfg(feature = "mutants")]
pub mod mutant;
#[cfg(not(feature = "mutants"))]
mod mutant;
pub mod observe;
pub mod outputs;
pub mod page;
pub mod plan;
pub mod prompt;
pub mod vertex;
pub mod watch;
