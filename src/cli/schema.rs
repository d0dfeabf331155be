//! `retune schema`: the JSON Schema of manifests.

use super::exit::Exit;
use super::said::Said;
use crate::manifest::schema;

/// Arguments of `retune schema`: none.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The schema, for an editor or a checker.
pub fn run(_: &Args) -> Said {
    Said { data: schema::render(), narration: String::new(), code: Exit::Done }
}
