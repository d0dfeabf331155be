//! retune's own part of a manifest: never sent to Vertex.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{JobName, duration::parse_duration, spec::digits};

/// How retune treats this tuned model. Never sent to Vertex.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lifecycle {
    /// Raise it to train again although nothing else changed. It only ever rises.
    #[serde(deserialize_with = "rerun")]
    #[schemars(schema_with = "rerun_schema")]
    pub rerun: u64,
    /// `tuned`: a run of this spec should exist. `stopped`: cancel active runs, start none.
    pub desired: DesiredState,
    /// Look and report, but change nothing.
    pub suspend: bool,
    /// What happens to active runs of other specs.
    pub on_supersede: OnSupersede,
    /// Cancel an active run that is older than this, counted from its start.
    #[serde(deserialize_with = "maybe_duration")]
    #[schemars(schema_with = "timeout_schema")]
    pub timeout: Option<Duration>,
    /// Whether a run that failed for a passing reason is started again.
    pub retry: Retry,
    /// Take this existing job as the run of this manifest while it was asked for the same.
    #[serde(deserialize_with = "adopt")]
    #[schemars(schema_with = "adopt_schema")]
    pub adopt: Option<JobName>,
}

/// Whether a run should exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DesiredState {
    /// A run of this spec should exist.
    #[default]
    Tuned,
    /// Active runs are cancelled and none is started.
    Stopped,
}

/// What happens to active runs of other specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnSupersede {
    /// They are cancelled once the new run was accepted.
    #[default]
    Cancel,
    /// They go on.
    Keep,
}

/// Whether a run that failed for a passing reason is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retry {
    /// Runs for one spec in all. A retry waits 10 minutes, then 20, then 40, and so on.
    #[serde(deserialize_with = "max_attempts")]
    #[schemars(schema_with = "max_attempts_schema")]
    pub max_attempts: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_attempts: 1 }
    }
}

/// Reruns that fit a label and leave room for a person's mistakes.
const MAX_RERUN: i64 = 1_000_000;

/// Ten attempts already wait 10 min x 2^9, more than three days.
const MAX_ATTEMPTS: i64 = 10;

fn rerun<'de, D: serde::Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
    let n = digits::maybe(d)?.unwrap_or(0);
    u64::try_from(n)
        .ok()
        .filter(|_| n <= MAX_RERUN)
        .ok_or_else(|| serde::de::Error::custom("expected a whole number from 0 to 1000000"))
}

fn max_attempts<'de, D: serde::Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    let n = digits::maybe(d)?.unwrap_or(1);
    u32::try_from(n)
        .ok()
        .filter(|_| (1..=MAX_ATTEMPTS).contains(&n))
        .ok_or_else(|| serde::de::Error::custom("expected a whole number from 1 to 10"))
}

/// Reads a duration that may be left out.
pub(crate) fn maybe_duration<'de, D: serde::Deserializer<'de>>(
    d: D,
) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    text.map(|t| parse_duration(&t).map_err(serde::de::Error::custom)).transpose()
}

fn adopt<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<JobName>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    text.map(|t| t.parse().map_err(serde::de::Error::custom)).transpose()
}

fn rerun_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "string"],
        "minimum": 0,
        "maximum": MAX_RERUN,
        "pattern": "^(0|[1-9][0-9]{0,5}|1000000)$",
        "default": 0,
        "examples": [1],
    })
}

fn max_attempts_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": MAX_ATTEMPTS,
        "pattern": "^([1-9]|10)$",
        "default": 1,
        "examples": [2],
    })
}

fn timeout_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^([0-9]{1,6}[dhms])+$",
        "examples": ["24h"],
    })
}

fn adopt_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^projects/[A-Za-z0-9._:-]+/locations/[A-Za-z0-9._:-]+/tuningJobs/[A-Za-z0-9._:-]+$",
        "examples": ["projects/acme-ml/locations/us-central1/tuningJobs/1234567890"],
    })
}
