//! The words everything shares: plain data, no I/O, no async, no clock.
//!
//! [`Desired`] is what the manifests ask for, [`Observed`] is what a listing
//! said. [`identity`] tells whether two specs are the same training run.

mod belonging;
mod bucket;
pub mod catalog;
mod data_stats;
mod desired;
mod duration;
mod emulated;
mod grouped;
pub mod identity;
mod job;
mod job_name;
mod key;
mod label_set;
pub mod labels;
mod lifecycle;
mod prices;
mod request;
mod resource;
mod shard;
mod spec;
mod text;
mod untrusted;

pub(crate) use spec::digits;

pub use belonging::Belonging;
pub use bucket::{Bucket, BucketError};
pub use data_stats::{Bar, DataStats, Distribution, DroppedRow, Measure, Share};
pub use desired::{Desired, Limits, Source, Wanted, Workspace};
pub use duration::{DurationError, Pretty, parse_duration};
pub use emulated::emulated;
pub use grouped::Grouped;
pub use job::{
    Checkpoint, Facts, FoundModel, Glimpse, JobError, JobState, Listing, Observation, Observed,
    Phase, Progress, TunedModel,
};
pub use job_name::{GivenJob, JobName, JobNameError};
pub use key::{Key, Name, NameError, Place};
pub use label_set::Labels;
pub use labels::Stamp;
pub(crate) use lifecycle::maybe_duration;
pub use lifecycle::{DesiredState, Lifecycle, OnSupersede, Retry};
pub use prices::{Cost, Costs, Price, PriceSource, Prices, Spent, Usd};
pub use request::CreateRequest;
pub use resource::{ResourceName, ResourceNameError};
pub use shard::{Shard, ShardError};
pub use spec::{
    AdapterSize, DATASET_PATTERN, EncryptionSpec, HyperParameters, PreTunedModel,
    PreferenceHyperParameters, PreferenceOptimizationSpec, SupervisedTuningSpec, TuningSpec,
};
pub use text::{Text, Texts};
pub(crate) use untrusted::is_hazard;
pub use untrusted::{Untrusted, inert_json};
