//! What is known of base models, as a dated table shipped as data.
//!
//! The list of tunable models changed five times in two years, so the table
//! gives advice: a model it does not know is a warning and no error. Its
//! sources are Google's tuning pages; `asOf` says when they were read.

use std::sync::OnceLock;

use serde::Deserialize;

use super::AdapterSize;

/// The table.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Catalog {
    /// The day the sources were read, `YYYY-MM-DD`.
    pub as_of: String,
    /// Where it comes from, in words.
    pub source: String,
    /// The models, newest first.
    pub models: Vec<BaseModel>,
}

/// One base model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseModel {
    /// The short id that `baseModel` takes.
    pub id: String,
    /// Whether it can be tuned.
    pub status: Status,
    /// Why it has that status, where there is something to say.
    #[serde(default)]
    pub note: Option<String>,
    /// What to tune instead; the nearest first.
    #[serde(default)]
    pub successors: Vec<String>,
    /// US dollars for a million training tokens (tokens of the data times
    /// epochs), where a price is known.
    #[serde(default)]
    pub usd_per_million_tokens: Option<f64>,
    /// The adapter sizes it takes.
    pub adapter_sizes: Vec<u32>,
    /// The regions Google lists for tuning it; none listed when empty.
    #[serde(default)]
    pub tuning_regions: Vec<String>,
    /// Whether customer-managed keys work with it, where that is known.
    #[serde(default)]
    pub customer_keys: Option<bool>,
    /// Whether Google lists it for preference tuning, where that is known.
    #[serde(default)]
    pub preference_tuning: Option<bool>,
}

/// Whether a base model can be tuned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Listed for tuning.
    Tunable,
    /// Others report that it was retired; no page of Google's that was read says so.
    ReportedRetired,
    /// No longer listed for tuning.
    Unlisted,
    /// Retired.
    Retired,
}

impl BaseModel {
    /// Whether the model takes an adapter of that size.
    pub fn takes(&self, size: AdapterSize) -> bool {
        self.adapter_sizes.contains(&size.size())
    }
}

/// The table, read on first use.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    // A test reads the table; without it there would be no advice, no more.
    CATALOG.get_or_init(|| serde_json::from_str(include_str!("catalog.json")).unwrap_or_default())
}

/// The model of that id, when the table knows it.
pub fn lookup(id: &str) -> Option<&'static BaseModel> {
    catalog().models.iter().find(|model| model.id == id)
}

/// The models that can be tuned, newest first.
pub fn tunable() -> impl Iterator<Item = &'static BaseModel> {
    catalog().models.iter().filter(|model| model.status == Status::Tunable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_every_successor_can_be_tuned() {
        let table: Catalog = serde_json::from_str(include_str!("catalog.json")).unwrap();
        assert!(table.models.len() >= 10);
        assert!(tunable().count() >= 2);
        for model in &table.models {
            assert!(!model.adapter_sizes.is_empty(), "{}", model.id);
            assert_eq!(model.successors.is_empty(), model.status == Status::Tunable);
            for successor in &model.successors {
                let status = lookup(successor).map(|m| m.status);
                assert_eq!(status, Some(Status::Tunable), "{successor}");
            }
            let known = AdapterSize::ALL.map(AdapterSize::size);
            assert!(model.adapter_sizes.iter().all(|size| known.contains(size)), "{}", model.id);
        }
    }

    #[test]
    fn no_gemini_model_takes_32_and_a_retired_one_is_known() {
        assert!(catalog().models.iter().all(|m| !m.takes(AdapterSize::ThirtyTwo)));
        let old = lookup("gemini-1.0-pro-002").unwrap();
        assert_eq!(old.status, Status::Retired);
        assert!(lookup("gemini-9-ultra").is_none());
    }
}
