//! From chosen runs to their curves.

use futures_util::{StreamExt, TryStreamExt};

use super::Chosen;
use crate::cli::charts::{Unread, Why, read};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::curves::{Missing, Run};
use crate::vertex::Reach;

/// Runs that are read at a time.
const RUNS_AT_A_TIME: usize = 4;

/// Reads all of them, in their order.
pub(super) async fn read_all(
    session: &Session,
    chosen: &[Chosen],
    reach: Reach,
) -> Result<Vec<Run>, Failure> {
    let reads = chosen.iter().map(async |chosen| match &chosen.job {
        Some(job) => read(&session.client, &chosen.label, chosen.name.as_deref(), job, reach).await,
        None => Ok(chosen.described(Err(Missing::NoRun))),
    });
    let reads = futures_util::stream::iter(reads).buffered(RUNS_AT_A_TIME);
    reads.try_collect().await.map_err(|unread: Unread| failure(unread, session))
}

/// The end of the command.
pub(super) fn failure(unread: Unread, session: &Session) -> Failure {
    let hint = match &unread.source {
        Why::Read(error) => session.hint(error),
        Why::Name(_) => Some("leave this run out to see the others".to_owned()),
    };
    session.unreachable(hint, unread)
}
