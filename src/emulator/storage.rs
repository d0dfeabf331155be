//! A small Cloud Storage: buckets and objects over its JSON API.
//!
//! As much of the service as tuning needs (datasets, claims, results), and as
//! strict as the service where a client could come to rely on less: names are
//! escaped, preconditions hold, checksums are verified, chunks have their
//! granularity.
//!
//! # Invariants
//!
//! 1. An overwrite has a greater generation than what it replaces, whatever
//!    the clock does and across restarts.
//! 2. With a directory, a write that was answered survives a crash: content
//!    and metadata are in place before the answer, each by an atomic rename,
//!    the metadata last.
//! 3. The sample buckets are read-only and the same for the same seed.
//!
//! What the service has and this has not: versioning, ACLs, retention,
//! encryption, `gzip` transcoding, notifications, the XML API and batches.

mod conditions;
mod content;
mod copies;
mod disk;
mod fields;
mod listing;
mod multipart;
mod names;
mod object;
pub(crate) mod params;
mod range;
mod refusal;
mod routes;
mod samples;
mod sessions;
mod uploads;

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::body::Bytes;
use jiff::Timestamp;

use self::conditions::Conditions;
use self::content::Content;
use self::disk::Disk;
use self::listing::{Listing, Page};
use self::names::{check_object_name, is_bucket_name};
pub(crate) use self::object::{Object, Settings};
pub(crate) use self::refusal::Refusal;
pub(crate) use self::samples::Draw;
use self::samples::Samples;
use self::sessions::Sessions;

/// Buckets and objects, shared between requests.
#[derive(Debug)]
pub(crate) struct ObjectStore {
    state: RwLock<State>,
    sessions: Sessions,
    samples: Option<Samples>,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, Bucket>,
    last_generation: u64,
    disk: Option<Disk>,
}

#[derive(Debug, Clone)]
struct Bucket {
    created: Timestamp,
    objects: BTreeMap<String, (Object, Content)>,
}

/// What a writer brings.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// Where it goes.
    pub(crate) bucket: String,
    /// What it is called there.
    pub(crate) name: String,
    /// Media type and the like.
    pub(crate) settings: Settings,
    /// What must hold for the write to happen.
    pub(crate) conditions: Conditions,
    /// CRC the writer computed, in base64.
    pub(crate) crc32c: Option<String>,
    /// MD5 the writer computed, in base64.
    pub(crate) md5: Option<String>,
    /// Composed objects have no MD5.
    pub(crate) composed: bool,
}

impl ObjectStore {
    /// Opens a store: in memory, or kept in a directory that need not exist.
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let mut state = State::default();
        if let Some(dir) = dir {
            let disk = Disk::open(dir)?;
            for (name, created) in disk.buckets()? {
                let objects = disk.objects(&name)?;
                let last = objects.values().map(|(object, _)| object.generation).max();
                state.last_generation = state.last_generation.max(last.unwrap_or(0));
                state.buckets.insert(name, Bucket { created, objects });
            }
            state.disk = Some(disk);
        }
        Ok(Self { state: RwLock::new(state), sessions: Sessions::default(), samples: None })
    }

    /// Adds the sample buckets.
    pub(crate) fn with_samples(self, seed: u64) -> Self {
        Self { samples: Some(Samples::new(seed)), ..self }
    }

    /// Whether there is a bucket of this name.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.is_sample(bucket) || self.read().buckets.contains_key(bucket)
    }

    /// The live generation of an object.
    pub(crate) fn object(&self, bucket: &str, name: &str) -> Option<Object> {
        Some(self.find(bucket, name)?.0)
    }

    /// The content of an object's live generation.
    pub(crate) fn bytes(&self, bucket: &str, name: &str) -> Option<Bytes> {
        Some(self.read_object(bucket, name, None, &Conditions::default()).ok()?.1)
    }

    /// Makes a bucket.
    pub(crate) fn create_bucket(&self, bucket: &str, now: Timestamp) -> Result<(), Refusal> {
        if !is_bucket_name(bucket) {
            return Err(Refusal::Invalid(format!("Invalid bucket name: '{bucket}'")));
        }
        let mut state = self.write();
        if self.is_sample(bucket) || state.buckets.contains_key(bucket) {
            return Err(Refusal::BucketExists);
        }
        if let Some(disk) = &state.disk {
            disk.put_bucket(bucket, now)?;
        }
        let empty = Bucket { created: now, objects: BTreeMap::new() };
        state.buckets.insert(bucket.to_owned(), empty);
        Ok(())
    }

    /// Removes an empty bucket.
    pub(crate) fn delete_bucket(&self, bucket: &str) -> Result<(), Refusal> {
        self.refuse_sample(bucket)?;
        let mut state = self.write();
        let found = state.buckets.get(bucket).ok_or(Refusal::NoBucket)?;
        if !found.objects.is_empty() {
            return Err(Refusal::BucketNotEmpty);
        }
        if let Some(disk) = &state.disk {
            disk.remove_bucket(bucket)?;
        }
        state.buckets.remove(bucket);
        Ok(())
    }

    /// Every bucket with the time it was made.
    pub(crate) fn buckets(&self) -> BTreeMap<String, Timestamp> {
        let samples = self.samples.iter().flat_map(Samples::buckets);
        let mut all: BTreeMap<_, _> = samples.map(|(name, made)| (name.to_owned(), made)).collect();
        all.extend(self.read().buckets.iter().map(|(name, bucket)| (name.clone(), bucket.created)));
        all
    }

    /// An object with its content, for a read under conditions.
    pub(crate) fn open_object(
        &self,
        bucket: &str,
        name: &str,
        generation: Option<u64>,
        conditions: &Conditions,
    ) -> Result<(Object, Content), Refusal> {
        if !self.has_bucket(bucket) {
            return Err(Refusal::NoBucket);
        }
        let missing = || Refusal::NoObject(format!("{bucket}/{name}"));
        let (object, content) = self.find(bucket, name).ok_or_else(missing)?;
        if generation.is_some_and(|wanted| wanted != object.generation) {
            return Err(missing());
        }
        conditions.check_read(&object)?;
        Ok((object, content))
    }

    /// An object with its bytes, for a read under conditions.
    pub(crate) fn read_object(
        &self,
        bucket: &str,
        name: &str,
        generation: Option<u64>,
        conditions: &Conditions,
    ) -> Result<(Object, Bytes), Refusal> {
        let mut failed = None;
        loop {
            let (object, content) = self.open_object(bucket, name, generation, conditions)?;
            match content.read() {
                Ok(bytes) => return Ok((object, bytes)),
                // An overwrite removes the file of the generation before, also
                // between the look and the read. Then another look finds the
                // new one; only without a new one the file is really missing.
                Err(_) if failed != Some(object.generation) => failed = Some(object.generation),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether a write could happen now, before its content is sent.
    pub(crate) fn check(&self, upload: &Upload) -> Result<(), Refusal> {
        self.refuse_sample(&upload.bucket)?;
        check_object_name(&upload.name)?;
        let state = self.read();
        let bucket = state.buckets.get(&upload.bucket).ok_or(Refusal::NoBucket)?;
        let live = bucket.objects.get(&upload.name).map(|(object, _)| object);
        upload.conditions.check_write(live)
    }

    /// Writes a new generation.
    pub(crate) fn put(
        &self,
        upload: Upload,
        content: Bytes,
        now: Timestamp,
    ) -> Result<Object, Refusal> {
        self.refuse_sample(&upload.bucket)?;
        check_object_name(&upload.name)?;
        let described = content::describe(&upload, &content, now)?;
        let mut guard = self.write();
        let state = &mut *guard;
        let bucket = state.buckets.get_mut(&upload.bucket).ok_or(Refusal::NoBucket)?;
        let live = bucket.objects.get(&upload.name).map(|(object, _)| object);
        upload.conditions.check_write(live)?;
        // Generations are microseconds, as in the service, unless the clock
        // stood still or went back.
        let micros = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let generation = micros.max(state.last_generation.saturating_add(1));
        let object = Object { generation, ..described };
        let content = match &state.disk {
            Some(disk) => disk.put(&object, live, &content)?,
            None => Content::Memory(content),
        };
        state.last_generation = generation;
        bucket.objects.insert(upload.name, (object.clone(), content));
        Ok(object)
    }

    /// Changes metadata, keeping the content and its generation.
    pub(crate) fn update(
        &self,
        bucket: &str,
        name: &str,
        conditions: &Conditions,
        now: Timestamp,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Object, Refusal> {
        self.refuse_sample(bucket)?;
        let mut guard = self.write();
        let State { buckets, disk, last_generation: _ } = &mut *guard;
        let objects = &mut buckets.get_mut(bucket).ok_or(Refusal::NoBucket)?.objects;
        let missing = || Refusal::NoObject(format!("{bucket}/{name}"));
        let (object, _) = objects.get_mut(name).ok_or_else(missing)?;
        conditions.check_write(Some(object))?;
        let mut changed = object.clone();
        change(&mut changed.settings);
        changed.metageneration = changed.metageneration.saturating_add(1);
        changed.updated = now;
        if let Some(disk) = disk {
            disk.put_metadata(&changed)?;
        }
        object.clone_from(&changed);
        Ok(changed)
    }

    /// Removes an object.
    pub(crate) fn delete(
        &self,
        bucket: &str,
        name: &str,
        generation: Option<u64>,
        conditions: &Conditions,
    ) -> Result<(), Refusal> {
        self.refuse_sample(bucket)?;
        let mut guard = self.write();
        let State { buckets, disk, last_generation: _ } = &mut *guard;
        let objects = &mut buckets.get_mut(bucket).ok_or(Refusal::NoBucket)?.objects;
        let missing = || Refusal::NoObject(format!("{bucket}/{name}"));
        let (object, _) = objects.get(name).ok_or_else(missing)?;
        if generation.is_some_and(|wanted| wanted != object.generation) {
            return Err(missing());
        }
        conditions.check_write(Some(object))?;
        if let Some(disk) = disk {
            disk.remove(object)?;
        }
        objects.remove(name);
        Ok(())
    }

    /// One page of a bucket's objects.
    pub(crate) fn list(&self, bucket: &str, listing: &Listing<'_>) -> Result<Page, Refusal> {
        if let Some(samples) = self.samples.as_ref().filter(|samples| samples.has(bucket)) {
            let names = samples.names(bucket);
            return Ok(
                listing.page(names, |name| samples.get(bucket, name).map(|(object, _)| object))
            );
        }
        let state = self.read();
        let objects = &state.buckets.get(bucket).ok_or(Refusal::NoBucket)?.objects;
        // Nothing before the page needs a look; names sort as the service's do,
        // by their UTF-8 bytes.
        let from = listing.after.unwrap_or("").max(listing.prefix);
        let range = objects.range::<str, _>((Bound::Included(from), Bound::Unbounded));
        Ok(listing.page(range.map(|(name, _)| name.as_str()), |name| {
            objects.get(name).map(|(object, _)| object.clone())
        }))
    }

    /// The resumable uploads in progress.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    fn find(&self, bucket: &str, name: &str) -> Option<(Object, Content)> {
        if let Some(samples) = self.samples.as_ref().filter(|samples| samples.has(bucket)) {
            let (object, content) = samples.get(bucket, name)?;
            return Some((object, Content::Memory(content)));
        }
        self.read().buckets.get(bucket)?.objects.get(name).cloned()
    }

    fn is_sample(&self, bucket: &str) -> bool {
        self.samples.as_ref().is_some_and(|samples| samples.has(bucket))
    }

    fn refuse_sample(&self, bucket: &str) -> Result<(), Refusal> {
        if self.is_sample(bucket) { Err(Refusal::ReadOnly(bucket.to_owned())) } else { Ok(()) }
    }

    // A panic while the lock was held cannot leave half a change behind: each
    // write ends in one insert or remove. So poisoning is not passed on.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of the JSON API, for uploads and downloads too.
pub(crate) fn router<C: crate::clock::Clock + 'static>(
    store: Arc<ObjectStore>,
    clock: Arc<C>,
) -> axum::Router {
    routes::router(store, clock)
}

#[cfg(test)]
pub(super) mod tests;
