//! The protocol over a store in memory, and every way two runs can meet.

mod deciding;
mod interleavings;
mod memory;
mod taking;

use super::*;
use crate::model::{JobName, Key, Place};

fn path() -> ClaimPath {
    let place = Place::new("acme-ml", "us-central1");
    let (owner, name) = ("acme".parse().unwrap(), "faq".parse().unwrap());
    ClaimPath::new(&Key { place, owner, name, rerun: 0 }, "h1-abc", None, 1)
}

fn job() -> JobName {
    "projects/42/locations/us-central1/tuningJobs/7".parse().unwrap()
}
