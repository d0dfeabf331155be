//! An object as Cloud Storage describes it, and its JSON.
//!
//! The JSON is both what the API answers and what is kept on disk, so that a
//! kept world can be read with the API's own documentation.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

/// What is known of one generation of an object, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// The bucket it is in.
    pub(crate) bucket: String,
    /// Its name, slashes and all.
    pub(crate) name: String,
    /// Which content this is: grows with every overwrite.
    pub(crate) generation: u64,
    /// Which metadata this is: counts from 1 within a generation.
    pub(crate) metageneration: u64,
    /// Length of the content in bytes.
    pub(crate) size: u64,
    /// Castagnoli CRC of the content.
    pub(crate) crc32c: u32,
    /// MD5 of the content. Composed objects have none.
    pub(crate) md5: Option<[u8; 16]>,
    /// When this generation was written.
    pub(crate) time_created: Timestamp,
    /// When the metadata last changed.
    pub(crate) updated: Timestamp,
    /// What the writer may choose.
    pub(crate) settings: Settings,
}

/// The part of an object's metadata that its writer chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Media type of the content.
    pub(crate) content_type: Option<String>,
    /// How the content is encoded, `gzip` for example.
    pub(crate) content_encoding: Option<String>,
    /// How long caches may keep it.
    pub(crate) cache_control: Option<String>,
    /// What a browser should do with it.
    pub(crate) content_disposition: Option<String>,
    /// Language of the content.
    pub(crate) content_language: Option<String>,
    /// Free-form pairs.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Settings {
    /// The settings in an object resource; other fields are not looked at.
    pub(crate) fn from_resource(resource: &Value) -> Self {
        let text = |key: &str| resource.get(key).and_then(Value::as_str).map(str::to_owned);
        let pairs = resource.get("metadata").and_then(Value::as_object);
        Self {
            content_type: text("contentType"),
            content_encoding: text("contentEncoding"),
            cache_control: text("cacheControl"),
            content_disposition: text("contentDisposition"),
            content_language: text("contentLanguage"),
            metadata: pairs
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect(),
        }
    }

    /// Applies a merge patch: absent keys stay, `null` removes.
    pub(crate) fn patch(&mut self, patch: &Value) {
        let Self {
            content_type,
            content_encoding,
            cache_control,
            content_disposition,
            content_language,
            metadata,
        } = self;
        for (field, key) in [
            (content_type, "contentType"),
            (content_encoding, "contentEncoding"),
            (cache_control, "cacheControl"),
            (content_disposition, "contentDisposition"),
            (content_language, "contentLanguage"),
        ] {
            if let Some(value) = patch.get(key) {
                *field = value.as_str().map(str::to_owned);
            }
        }
        match patch.get("metadata") {
            Some(Value::Object(pairs)) => {
                for (key, value) in pairs {
                    match value.as_str() {
                        Some(value) => metadata.insert(key.clone(), value.to_owned()),
                        None => metadata.remove(key),
                    };
                }
            }
            Some(Value::Null) => metadata.clear(),
            Some(_) | None => {}
        }
    }
}

impl Object {
    /// The CRC as the API writes it: base64 of four bytes, big end first.
    pub(crate) fn crc32c_base64(&self) -> String {
        crc32c_base64(self.crc32c)
    }

    /// The MD5 as the API writes it.
    pub(crate) fn md5_base64(&self) -> Option<String> {
        self.md5.map(|digest| STANDARD.encode(digest))
    }

    /// Opaque to clients; the service's own is a serialised generation pair.
    pub(crate) fn etag(&self) -> String {
        STANDARD.encode(format!("{}/{}", self.generation, self.metageneration))
    }

    /// Media type to answer downloads with.
    pub(crate) fn media_type(&self) -> &str {
        self.settings.content_type.as_deref().unwrap_or("application/octet-stream")
    }

    /// The object resource. Links start with `origin`, `http://host:port`.
    pub(crate) fn resource(&self, origin: &str) -> Value {
        let Self {
            bucket,
            name,
            generation,
            metageneration,
            size,
            crc32c: _,
            md5: _,
            time_created,
            updated,
            settings,
        } = self;
        let escaped = escape(name);
        let mut resource = json!({
            "kind": "storage#object",
            "id": format!("{bucket}/{name}/{generation}"),
            "selfLink": format!("{origin}/storage/v1/b/{bucket}/o/{escaped}"),
            "mediaLink": format!(
                "{origin}/download/storage/v1/b/{bucket}/o/{escaped}?generation={generation}&alt=media"
            ),
            "name": name,
            "bucket": bucket,
            "generation": generation.to_string(),
            "metageneration": metageneration.to_string(),
            "storageClass": "STANDARD",
            "size": size.to_string(),
            "crc32c": self.crc32c_base64(),
            "etag": self.etag(),
            "timeCreated": rfc3339(*time_created),
            "updated": rfc3339(*updated),
            "timeStorageClassUpdated": rfc3339(*time_created),
            "timeFinalized": rfc3339(*time_created),
        });
        let Settings {
            content_type,
            content_encoding,
            cache_control,
            content_disposition,
            content_language,
            metadata,
        } = settings;
        if let Some(fields) = resource.as_object_mut() {
            let mut optional = |key: &str, value: Option<String>| {
                if let Some(value) = value {
                    fields.insert(key.to_owned(), Value::String(value));
                }
            };
            optional("md5Hash", self.md5_base64());
            optional("contentType", content_type.clone());
            optional("contentEncoding", content_encoding.clone());
            optional("cacheControl", cache_control.clone());
            optional("contentDisposition", content_disposition.clone());
            optional("contentLanguage", content_language.clone());
            if !metadata.is_empty() {
                let pairs: Map<_, _> =
                    metadata.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
                fields.insert("metadata".to_owned(), Value::Object(pairs));
            }
        }
        resource
    }

    /// Reads back what [`Object::resource`] wrote.
    pub(crate) fn from_resource(resource: &Value) -> Option<Self> {
        let text = |key: &str| resource.get(key).and_then(Value::as_str);
        let number = |key: &str| text(key)?.parse().ok();
        let time = |key: &str| text(key)?.parse().ok();
        let crc32c = STANDARD.decode(text("crc32c")?).ok()?;
        let md5 = match text("md5Hash") {
            Some(digest) => Some(STANDARD.decode(digest).ok()?.try_into().ok()?),
            None => None,
        };
        Some(Self {
            bucket: text("bucket")?.to_owned(),
            name: text("name")?.to_owned(),
            generation: number("generation")?,
            metageneration: number("metageneration")?,
            size: number("size")?,
            crc32c: u32::from_be_bytes(crc32c.try_into().ok()?),
            md5,
            time_created: time("timeCreated")?,
            updated: time("updated")?,
            settings: Settings::from_resource(resource),
        })
    }
}

/// A CRC as the API writes it.
pub(crate) fn crc32c_base64(crc: u32) -> String {
    STANDARD.encode(crc.to_be_bytes())
}

/// CRC and MD5 of `content`.
pub(crate) fn checksums(content: &[u8]) -> (u32, [u8; 16]) {
    (crc32c::crc32c(content), Md5::digest(content).into())
}

/// A time with the three fraction digits the service shows.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// `name` as one path segment: everything but unreserved characters escaped.
fn escape(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const SEGMENT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(name, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Object {
        Object {
            bucket: "acme".to_owned(),
            name: "faq/train set.jsonl".to_owned(),
            generation: 1_763_629_987_734_001,
            metageneration: 2,
            size: 9,
            crc32c: crc32c::crc32c(b"123456789"),
            md5: Some(checksums(b"123456789").1),
            time_created: "2026-11-20T09:13:07.734Z".parse().unwrap(),
            updated: "2026-11-20T09:14:07Z".parse().unwrap(),
            settings: Settings {
                content_type: Some("application/jsonl".to_owned()),
                metadata: BTreeMap::from([("owner".to_owned(), "faq".to_owned())]),
                ..Settings::default()
            },
        }
    }

    #[test]
    fn checksums_are_base64_of_big_endian_bytes() {
        let resource = sample().resource("http://h");
        // The check value of CRC-32C is 0xE3069283.
        assert_eq!(resource["crc32c"], "4waSgw==");
        assert_eq!(resource["md5Hash"], "JfnnlDI7RTiF9RgfG2JNCw==");
    }

    #[test]
    fn numbers_are_strings_and_links_are_escaped() {
        let resource = sample().resource("http://h");
        assert_eq!(resource["generation"], "1763629987734001");
        assert_eq!(resource["size"], "9");
        assert_eq!(resource["timeCreated"], "2026-11-20T09:13:07.734Z");
        assert_eq!(resource["selfLink"], "http://h/storage/v1/b/acme/o/faq%2Ftrain%20set.jsonl");
    }

    #[test]
    fn resource_reads_back() {
        let object = sample();
        assert_eq!(Object::from_resource(&object.resource("")), Some(object));
    }

    #[test]
    fn patch_sets_keeps_and_removes() {
        let mut settings = sample().settings;
        settings.patch(&json!({"contentType": null, "metadata": {"owner": null, "team": "x"}}));
        assert_eq!(settings.content_type, None);
        assert_eq!(settings.metadata, BTreeMap::from([("team".to_owned(), "x".to_owned())]));
    }
}
