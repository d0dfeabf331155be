//! The claim store of a command that creates.

use std::time::Duration;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use crate::claims::{ClaimsOptions, GcsClaims, TAKEOVER};
use crate::clock::{SystemClock, SystemEntropy};
use crate::model::Bucket;
use crate::vertex::Endpoint;

/// A claim store, with what is written into it.
pub(super) struct Store {
    pub(super) claims: GcsClaims<SystemClock, SystemEntropy>,
    /// Who claims: host and process.
    pub(super) holder: String,
    /// After how long a pending claim is taken over.
    pub(super) takeover: Duration,
}

/// The store in a bucket that the Workspace names. The emulator inside the
/// process has nobody beside it and needs none.
pub(super) fn open(bucket: Option<Bucket>, endpoint: &Endpoint) -> Result<Option<Store>, Failure> {
    let Some(bucket) = bucket else { return Ok(None) };
    let Environment { credentials, storage_emulator, takeover, .. } = Environment::read();
    let emulator_host = match (storage_emulator, endpoint.is_loopback()) {
        (Some(_), false) => {
            return Err(Failure::usage(
                "STORAGE_EMULATOR_HOST keeps the claims on an emulator, and the runs would be \
                 created for real",
            )
            .hint("`unset STORAGE_EMULATOR_HOST`, or name an emulator with --endpoint"));
        }
        // Claims in a real bucket to runs that an emulator invents would keep
        // the real runs from being created.
        (None, true) => endpoint.address(),
        (host, _) => host,
    };
    let options = ClaimsOptions { bucket, emulator_host, environment: credentials };
    let claims = GcsClaims::new(options, SystemClock::new(), SystemEntropy)
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    // What shortens tests must not shorten the wait for a real run.
    let takeover = takeover.filter(|_| endpoint.is_loopback()).unwrap_or(TAKEOVER);
    let host = gethostname::gethostname();
    let holder = format!("{} process {}", host.to_string_lossy(), std::process::id());
    Ok(Some(Store { claims, holder, takeover }))
}
