//! What every Google service is asked with: HTTP, credentials, retries.
//!
//! `vertex` and `claims` are built on it; neither sends a request past it.
//!
//! # Invariants
//!
//! 1. A Google token goes to `https://*.googleapis.com` and nowhere else, over
//!    no redirect, and is in no error.
//! 2. A read is tried again by one rule and from one budget; a write is written
//!    to the wire at most once.
//! 3. Plain http is for loopback.

mod address;
mod auth;
mod caller;
mod counters;
mod error_body;
mod http;
pub(crate) mod lenient;
mod quota;
mod retry;

/// The server of the tests over HTTP, for what needs to see the inside as well.
#[cfg(test)]
#[path = "../tests/vertex_client/server.rs"]
#[expect(dead_code, reason = "shared with the integration tests")]
pub(crate) mod testing;

pub use address::AddressError;
pub use auth::{CredentialError, Environment, Secret};
pub use counters::{Counters, Counts};
pub use http::TransportError;

#[cfg(test)]
pub(crate) use address::takes_credential;
pub(crate) use address::{Base, is_loopback};
#[cfg(test)]
pub(crate) use auth::Credentials;
pub(crate) use caller::{Caller, Refused, Unanswered, Unread, chain, host, is_layer};
pub(crate) use error_body::{ApiError, api_error};
pub(crate) use http::{Answer, Kind, failure, head, whole};
