//! What the page of a single model needs, read from Vertex.

use std::sync::Arc;

use async_trait::async_trait;

use crate::cli::charts::charts;
use crate::cli::connect::VertexClient;
use crate::google::chain;
use crate::model::{JobName, Name, Observed};
use crate::page::Charts;
use crate::watch::serve::Reader;

/// Reads with the daemon's own client, at the daemon's own pace.
pub(super) struct Reading {
    pub(super) client: Arc<VertexClient>,
}

#[async_trait]
impl Reader for Reading {
    async fn job(&self, job: &JobName) -> Result<Observed, String> {
        self.client.get_whole(job).await.map_err(|error| chain(&error))
    }

    async fn curves(&self, name: &Name, run: &Observed) -> Charts {
        charts(&self.client, name, run).await
    }
}
