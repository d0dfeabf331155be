//! What the fuzz targets check: one function of bytes for each, which panics
//! when a promise is broken.
//!
//! `targets/` hands them to libFuzzer, and `tests/fuzz_regressions.rs` replays
//! `seeds/` and `regressions/` in the ordinary tests. `run` does the rest.

mod api_json;
mod bytes;
mod labels;
mod markdown;
mod page_tokens;
mod plans;
mod spec_hash;
mod terminal;
mod yaml;

pub use api_json::check as api_json;
pub use labels::check as labels;
pub use markdown::check as markdown;
pub use page_tokens::check as page_tokens;
pub use spec_hash::check as spec_hash;
pub use terminal::check as terminal;
pub use yaml::check as yaml;

/// A check of some bytes.
pub type Check = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Check); 7] = [
    ("yaml", yaml),
    ("spec_hash", spec_hash),
    ("api_json", api_json),
    ("labels", labels),
    ("page_tokens", page_tokens),
    ("terminal", terminal),
    ("markdown", markdown),
];
