//! The bytes of an object, and what is computed from them.

use std::io;
use std::path::PathBuf;

use axum::body::Bytes;
use jiff::Timestamp;

use super::object::{Object, checksums};
use super::{Refusal, Upload};

/// Where the bytes of an object are.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// In memory.
    Memory(Bytes),
    /// In a file that holds one generation and nothing else.
    File(PathBuf),
}

impl Content {
    /// The bytes.
    pub(crate) fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::File(path) => std::fs::read(path).map(Bytes::from),
        }
    }
}

/// The object an upload makes; its generation is given when it is stored.
///
/// Fails when the content is not what the writer computed its checksums from.
pub(super) fn describe(
    upload: &Upload,
    content: &Bytes,
    now: Timestamp,
) -> Result<Object, Refusal> {
    let Upload { bucket, name, settings, conditions: _, crc32c, md5, composed } = upload;
    let (crc, digest) = checksums(content);
    let object = Object {
        bucket: bucket.clone(),
        name: name.clone(),
        generation: 0,
        metageneration: 1,
        size: content.len() as u64,
        crc32c: crc,
        md5: (!composed).then_some(digest),
        time_created: now,
        updated: now,
        settings: settings.clone(),
    };
    agree("CRC32C", crc32c.as_deref(), Some(object.crc32c_base64()))?;
    agree("MD5 hash", md5.as_deref(), object.md5_base64())?;
    Ok(object)
}

fn agree(what: &str, provided: Option<&str>, computed: Option<String>) -> Result<(), Refusal> {
    match (provided, computed) {
        (Some(provided), Some(computed)) if provided != computed => Err(Refusal::Invalid(format!(
            "Provided {what} \"{provided}\" doesn't match calculated {what} \"{computed}\"."
        ))),
        _ => Ok(()),
    }
}
