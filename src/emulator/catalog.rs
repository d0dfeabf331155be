//! The base models the emulator knows, from Google's supervised tuning page
//! (footer 2026-09-25) and its preference tuning page.

/// A model that can be tuned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BaseModel {
    pub(crate) id: &'static str,
    adapter_sizes: &'static [&'static str],
    /// Whether preference tuning is offered.
    pub(crate) preference: bool,
    /// Gemini 3: fewer regions, tuned models in a multi-region, no CMEK.
    pub(crate) multi_region: bool,
}

const UP_TO_EIGHT: &[&str] =
    &["ADAPTER_SIZE_ONE", "ADAPTER_SIZE_TWO", "ADAPTER_SIZE_FOUR", "ADAPTER_SIZE_EIGHT"];
const UP_TO_SIXTEEN: &[&str] = &[
    "ADAPTER_SIZE_ONE",
    "ADAPTER_SIZE_TWO",
    "ADAPTER_SIZE_FOUR",
    "ADAPTER_SIZE_EIGHT",
    "ADAPTER_SIZE_SIXTEEN",
];

const fn model(id: &'static str) -> BaseModel {
    BaseModel { id, adapter_sizes: UP_TO_SIXTEEN, preference: false, multi_region: false }
}

const TUNABLE: &[BaseModel] = &[
    BaseModel { multi_region: true, ..model("gemini-3.5-flash") },
    BaseModel { multi_region: true, ..model("gemini-3.5-flash-lite") },
    BaseModel { multi_region: true, ..model("gemini-3.1-flash-lite") },
    BaseModel { adapter_sizes: UP_TO_EIGHT, ..model("gemini-2.5-pro") },
    BaseModel { preference: true, ..model("gemini-2.5-flash") },
    BaseModel { preference: true, ..model("gemini-2.5-flash-lite") },
];

const RETIRED: &[&str] = &[
    "gemini-2.0-flash-001",
    "gemini-2.0-flash",
    "gemini-2.0-flash-lite-001",
    "gemini-2.0-flash-lite",
    "gemini-1.5-pro-002",
    "gemini-1.5-flash-002",
    "gemini-1.0-pro-002",
];

/// Where Gemini 3 models are tuned (Google's supervised tuning page).
pub(crate) const GEMINI_3_REGIONS: &[&str] = &["us-central1", "europe-west4"];

pub(crate) fn find(id: &str) -> Option<&'static BaseModel> {
    TUNABLE.iter().find(|model| model.id == id)
}

pub(crate) fn all() -> impl Iterator<Item = &'static BaseModel> {
    TUNABLE.iter()
}

pub(crate) fn is_retired(id: &str) -> bool {
    RETIRED.contains(&id)
}

impl BaseModel {
    pub(crate) fn takes_adapter(&self, size: &str) -> bool {
        self.adapter_sizes.contains(&size)
    }

    /// Where the tuned model and its endpoints are found.
    pub(crate) fn serving_location(&self, job_location: &str) -> String {
        match (self.multi_region, job_location.starts_with("europe-")) {
            (false, _) => job_location.to_owned(),
            (true, false) => "us".to_owned(),
            (true, true) => "eu".to_owned(),
        }
    }
}
