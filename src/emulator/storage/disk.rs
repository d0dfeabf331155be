//! The directory a store is kept in.
//!
//! ```text
//! <dir>/<bucket>/bucket.json
//! <dir>/<bucket>/<sha256 of the object's name>.json          the object resource
//! <dir>/<bucket>/<sha256 of the object's name>.<generation>  its content
//! ```
//!
//! Names are hashed because an object's name may be longer than a file's, and
//! may differ from another in case only. The metadata is renamed into place
//! after the content it speaks of; a content file no metadata speaks of is
//! what a crash left behind, and goes at the next start.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::content::Content;
use super::object::{Object, rfc3339};
use crate::emulator::fresh_file;

/// Name of the file that makes a directory a bucket.
const BUCKET_FILE: &str = "bucket.json";

/// A directory with one directory for each bucket.
#[derive(Debug)]
pub(super) struct Disk {
    dir: PathBuf,
}

impl Disk {
    /// Opens the directory, making it if need be.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// The buckets and when they were made.
    pub(super) fn buckets(&self) -> io::Result<Vec<(String, Timestamp)>> {
        let mut buckets = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some(bucket) = read_json(&entry.path().join(BUCKET_FILE))? else { continue };
            let created = bucket.get("timeCreated").and_then(Value::as_str);
            let created = created.and_then(|time| time.parse().ok()).unwrap_or_default();
            buckets.push((name, created));
        }
        Ok(buckets)
    }

    /// The objects of a bucket by name. Sweeps up what a crash left.
    pub(super) fn objects(&self, bucket: &str) -> io::Result<BTreeMap<String, (Object, Content)>> {
        let mut objects = BTreeMap::new();
        let mut contents = Vec::new();
        for entry in fs::read_dir(self.dir.join(bucket))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == BUCKET_FILE) {
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "json") {
                contents.push(path);
                continue;
            }
            let object = read_json(&path)?.as_ref().and_then(Object::from_resource);
            let object = object.ok_or_else(|| {
                let text = format!("{} is not the metadata of an object", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?;
            let content = self.content(&object);
            objects.insert(object.name.clone(), (object, Content::File(content)));
        }
        for path in contents {
            let known = objects.values().any(|(_, content)| match content {
                Content::File(file) => *file == path,
                Content::Memory(_) => false,
            });
            if !known {
                fs::remove_file(path)?;
            }
        }
        Ok(objects)
    }

    /// Makes a bucket.
    pub(super) fn put_bucket(&self, bucket: &str, created: Timestamp) -> io::Result<()> {
        let dir = self.dir.join(bucket);
        fs::create_dir_all(&dir)?;
        let resource = json!({"name": bucket, "timeCreated": rfc3339(created)});
        replace(&dir.join(BUCKET_FILE), resource.to_string().as_bytes())
    }

    /// Removes a bucket that has no objects.
    pub(super) fn remove_bucket(&self, bucket: &str) -> io::Result<()> {
        let dir = self.dir.join(bucket);
        fs::remove_file(dir.join(BUCKET_FILE))?;
        fs::remove_dir(dir)
    }

    /// Writes a generation in place of the one before.
    pub(super) fn put(
        &self,
        object: &Object,
        before: Option<&Object>,
        content: &Bytes,
    ) -> io::Result<Content> {
        let path = self.content(object);
        replace(&path, content)?;
        self.put_metadata(object)?;
        if let Some(before) = before {
            // The write has happened; what cannot be removed now is swept up
            // at the next start.
            fs::remove_file(self.content(before)).ok();
        }
        Ok(Content::File(path))
    }

    /// Writes the metadata alone.
    pub(super) fn put_metadata(&self, object: &Object) -> io::Result<()> {
        let resource = serde_json::to_vec_pretty(&object.resource("http://storage"))?;
        replace(&self.metadata(object), &resource)
    }

    /// Removes an object, metadata first.
    pub(super) fn remove(&self, object: &Object) -> io::Result<()> {
        fs::remove_file(self.metadata(object))?;
        fs::remove_file(self.content(object))
    }

    fn metadata(&self, object: &Object) -> PathBuf {
        self.dir.join(&object.bucket).join(format!("{}.json", hash(&object.name)))
    }

    fn content(&self, object: &Object) -> PathBuf {
        let file = format!("{}.{}", hash(&object.name), object.generation);
        self.dir.join(&object.bucket).join(file)
    }
}

fn hash(name: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(name.as_bytes()))
}

/// The JSON in a file, if there is such a file.
fn read_json(path: &Path) -> io::Result<Option<Value>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A plain file where a bucket could be: not ours to judge.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file as a whole or not at all.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let mut file = fresh_file(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(temporary, path)
}
