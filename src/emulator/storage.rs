//! Stand-in until the small Cloud Storage is here: holds nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;

use crate::clock::Clock;

#[derive(Debug)]
pub(crate) struct ObjectStore;

#[derive(Debug)]
pub(crate) struct Object;

impl ObjectStore {
    pub(crate) fn open(_dir: Option<&Path>) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn with_samples(self, _seed: u64) -> Self {
        self
    }

    pub(crate) fn object(&self, _bucket: &str, _name: &str) -> Option<Object> {
        None
    }

    pub(crate) fn bytes(&self, _bucket: &str, _name: &str) -> Option<Bytes> {
        None
    }

    pub(crate) fn has_bucket(&self, _bucket: &str) -> bool {
        false
    }
}

pub(crate) fn router<C: Clock + 'static>(_store: Arc<ObjectStore>, _clock: Arc<C>) -> Router {
    Router::new()
}
