//! Resumable uploads: one session each, from its first request to the object.
//!
//! Sessions live in memory. A restart loses them, as the service loses them
//! after a week, and the client starts over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use jiff::Timestamp;

use super::object::Object;
use super::range::Chunk;
use super::refusal::Refusal;
use super::{ObjectStore, Upload};

/// Every chunk but the last is a multiple of this.
const GRANULE: u64 = 256 * 1024;

/// The uploads in progress, and the finished ones for clients that lost the
/// answer.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    started: u64,
    sessions: HashMap<String, Session>,
}

#[derive(Debug)]
enum Session {
    Open { upload: Box<Upload>, received: Vec<u8>, total: Option<u64> },
    Finished(Box<Object>),
}

/// How far an upload is.
#[derive(Debug)]
pub(super) enum Progress {
    /// So many bytes have arrived, and more are to come.
    Received(u64),
    /// The object is stored.
    Stored(Box<Object>),
}

impl Sessions {
    /// Opens a session for an upload of which nothing has arrived.
    pub(super) fn start(&self, upload: Upload, total: Option<u64>, now: Timestamp) -> String {
        self.with(|table| {
            table.started = table.started.saturating_add(1);
            let id = format!("{}-{}", now.as_microsecond(), table.started);
            let upload = Box::new(upload);
            table
                .sessions
                .insert(id.clone(), Session::Open { upload, received: Vec::new(), total });
            id
        })
    }

    /// Forgets a session.
    pub(super) fn cancel(&self, id: &str) -> Result<(), Refusal> {
        self.with(|table| table.sessions.remove(id)).map(|_| ()).ok_or(Refusal::NoSession)
    }

    /// Takes a chunk in, or answers a status query. `crc32c` is what the
    /// client computed over the whole, sent with the last chunk.
    pub(super) fn receive(
        &self,
        store: &ObjectStore,
        id: &str,
        chunk: Option<Chunk>,
        body: &Bytes,
        crc32c: Option<String>,
        now: Timestamp,
    ) -> Result<Progress, Refusal> {
        // The lock is held until the object is stored, so that two requests
        // with the last chunk cannot both store it.
        self.with(|table| {
            let session = table.sessions.get_mut(id).ok_or(Refusal::NoSession)?;
            let (upload, received, total) = match session {
                Session::Finished(object) => return Ok(Progress::Stored(object.clone())),
                Session::Open { upload, received, total } => (upload, received, total),
            };
            append(received, total, chunk, body)?;
            let length = received.len() as u64;
            if *total != Some(length) {
                return Ok(Progress::Received(length));
            }
            if crc32c.is_some() {
                upload.crc32c = crc32c;
            }
            let content = Bytes::from(std::mem::take(received));
            match store.put(upload.as_ref().clone(), content, now) {
                Ok(object) => {
                    *session = Session::Finished(Box::new(object.clone()));
                    Ok(Progress::Stored(Box::new(object)))
                }
                Err(refusal) => {
                    table.sessions.remove(id);
                    Err(refusal)
                }
            }
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Table) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Adds a chunk to what has arrived.
fn append(
    received: &mut Vec<u8>,
    total: &mut Option<u64>,
    chunk: Option<Chunk>,
    body: &Bytes,
) -> Result<(), Refusal> {
    let invalid = |text: String| Err(Refusal::Invalid(text));
    let length = body.len() as u64;
    // Without a Content-Range the body is all there is.
    let chunk = chunk.unwrap_or(Chunk {
        bytes: length.checked_sub(1).map(|last| (0, last)),
        total: Some(length),
    });
    let agreed = chunk.total.or(*total);
    if total.is_some_and(|before| Some(before) != agreed) {
        return invalid("The total in Content-Range differs from the one given before.".to_owned());
    }
    if let Some((first, last)) = chunk.bytes {
        if last - first != length.saturating_sub(1) || length == 0 {
            return invalid(format!(
                "Content-Range says {first}-{last}, the body has {length} bytes."
            ));
        }
        if agreed.is_some_and(|total| last >= total) {
            return invalid("Content-Range goes beyond the total.".to_owned());
        }
        let end = last.saturating_add(1);
        if agreed != Some(end) && end % GRANULE != 0 {
            return invalid(format!(
                "A chunk that is not the last must end at a multiple of {GRANULE}."
            ));
        }
        // A client that lost an answer may send again what has arrived; it
        // must not leave a gap.
        let have = received.len() as u64;
        let Some(known) = have.checked_sub(first) else {
            return invalid(format!("The chunk starts at {first}, the next byte is {have}."));
        };
        let new = usize::try_from(known).ok().and_then(|known| body.get(known..));
        received.extend_from_slice(new.unwrap_or_default());
    }
    *total = agreed;
    Ok(())
}
