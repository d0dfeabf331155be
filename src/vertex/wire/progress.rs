//! How far a run is (v1beta1: `tuningJobState`, `tuningJobMetadata`). Shown,
//! never decided upon.

use serde::Deserialize;

use super::lenient::{self, Int};
use super::{WireError, object};
use crate::model::Progress;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    #[serde(default, deserialize_with = "lenient::field")]
    tuning_job_state: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    tuning_job_metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "lenient::field")]
    tuning_data_stats: Option<Stats>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default, deserialize_with = "lenient::field")]
    completed_epoch_count: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    completed_step_count: Option<Int>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    #[serde(default, deserialize_with = "lenient::field")]
    supervised_tuning_data_stats: Option<Steps>,
    #[serde(default, deserialize_with = "lenient::field")]
    preference_optimization_data_stats: Option<Steps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Steps {
    #[serde(default, deserialize_with = "lenient::field")]
    tuning_step_count: Option<Int>,
}

/// Reads progress from a v1beta1 job.
pub(crate) fn progress(body: &[u8]) -> Result<Progress, WireError> {
    let Job { tuning_job_state, tuning_job_metadata, tuning_data_stats } = object(body)?;
    let (epochs, steps) = match tuning_job_metadata {
        Some(Metadata { completed_epoch_count, completed_step_count }) => {
            (completed_epoch_count, completed_step_count)
        }
        None => (None, None),
    };
    let total = tuning_data_stats.and_then(
        |Stats { supervised_tuning_data_stats, preference_optimization_data_stats }| {
            supervised_tuning_data_stats
                .or(preference_optimization_data_stats)
                .and_then(|Steps { tuning_step_count }| tuning_step_count)
        },
    );
    Ok(Progress {
        detail: tuning_job_state.as_deref().and_then(detail),
        completed_epochs: epochs.map(|n| n.0),
        completed_steps: steps.map(|n| n.0),
        total_steps: total.map(|n| n.0),
    })
}

/// Reads what little of it a v1 job tells: the number of steps.
pub(crate) fn progress_v1(body: &[u8]) -> Result<Progress, WireError> {
    let Progress { detail: _, completed_epochs: _, completed_steps: _, total_steps } =
        progress(body)?;
    Ok(Progress { total_steps, ..Progress::default() })
}

/// `TUNING_JOB_STATE_WAITING_FOR_QUOTA` as `waiting for quota`. A state this
/// version does not know reads the same way, since nothing depends on it; what
/// is not in the form of an enum's name is left out.
fn detail(name: &str) -> Option<String> {
    let word = name.strip_prefix("TUNING_JOB_STATE_")?;
    let plain = word.len() <= 40 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let known = !word.is_empty() && word != "UNSPECIFIED";
    (plain && known).then(|| word.to_ascii_lowercase().replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_as_words_or_not_at_all() {
        assert_eq!(detail("TUNING_JOB_STATE_TUNING").as_deref(), Some("tuning"));
        assert_eq!(detail("TUNING_JOB_STATE_POST_PROCESSING").as_deref(), Some("post processing"));
        for odd in ["TUNING_JOB_STATE_UNSPECIFIED", "TUNING", "TUNING_JOB_STATE_\u{1b}[31m", ""] {
            assert_eq!(detail(odd), None, "{odd}");
        }
    }
}
