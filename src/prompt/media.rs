//! Files in Cloud Storage that go along with a prompt.

use std::str::FromStr;

use serde_json::{Value, json};

/// A file and what kind of file it is: Vertex reads it by itself and wants to
/// be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    uri: String,
    mime_type: String,
}

/// A text that names no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Not in Cloud Storage.
    #[error(
        "`{0}` is not in Cloud Storage: expected gs://BUCKET/OBJECT; TEXT takes what is in a file here"
    )]
    NotStorage(String),
    /// A bucket and nothing in it.
    #[error("`{0}` names a bucket and no object")]
    NoObject(String),
    /// A type that is none.
    #[error("`{0}` is no type of a file: expected one such as `image/png`")]
    Type(String),
    /// No type given, and none known for the ending.
    #[error(
        "what kind of file `{0}` is does not show in its ending; write it behind: `{0}=image/png`"
    )]
    UnknownEnding(String),
}

/// What Gemini reads (Google's pages on image, audio, video and document
/// understanding), by the endings that such files have.
const TYPES: [(&str, &str); 29] = [
    ("aac", "audio/aac"),
    ("avi", "video/x-msvideo"),
    ("csv", "text/csv"),
    ("flac", "audio/flac"),
    ("flv", "video/x-flv"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("wmv", "video/x-ms-wmv"),
];

impl Media {
    /// The part of a prompt that is this file.
    pub fn part(&self) -> Value {
        json!({"fileData": {"mimeType": self.mime_type, "fileUri": self.uri}})
    }
}

impl FromStr for Media {
    type Err = MediaError;

    /// `gs://BUCKET/OBJECT`, or with a type behind it: `gs://BUCKET/OBJECT=image/png`.
    fn from_str(text: &str) -> Result<Self, MediaError> {
        // An object may have `=` in its name; a type has a slash and no dot
        // segment of a path that an object's name would go on with.
        let (uri, given) = match text.rsplit_once('=') {
            Some((uri, kind)) if is_type(kind) => (uri, Some(kind)),
            Some((_, kind)) if !kind.contains(['/', '.']) => {
                return Err(MediaError::Type(kind.to_owned()));
            }
            _ => (text, None),
        };
        let path = uri.strip_prefix("gs://").ok_or(MediaError::NotStorage(uri.to_owned()))?;
        let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() || object.is_empty() {
            return Err(MediaError::NoObject(uri.to_owned()));
        }
        let ending = || {
            let (_, ending) = object.rsplit_once('.')?;
            let ending = ending.to_ascii_lowercase();
            TYPES.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
        };
        let mime_type = given.or_else(ending).ok_or(MediaError::UnknownEnding(uri.to_owned()))?;
        Ok(Self { uri: uri.to_owned(), mime_type: mime_type.to_owned() })
    }
}

fn is_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+._".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, form)| {
        token(form) && ["application", "audio", "image", "text", "video"].contains(&kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_is_by_its_ending_or_is_told() {
        for (text, uri, kind) in [
            ("gs://b/a.PNG", "gs://b/a.PNG", "image/png"),
            ("gs://b/x/y.tar.pdf", "gs://b/x/y.tar.pdf", "application/pdf"),
            ("gs://b/a=audio/wav", "gs://b/a", "audio/wav"),
            ("gs://b/a.bin=image/svg+xml", "gs://b/a.bin", "image/svg+xml"),
            ("gs://b/day=1/a.jpg", "gs://b/day=1/a.jpg", "image/jpeg"),
        ] {
            let media: Media = text.parse().unwrap();
            assert_eq!(media, Media { uri: uri.into(), mime_type: kind.into() }, "{text}");
        }
        for (text, why) in [
            ("a.png", "not in Cloud Storage"),
            ("https://x/a.png", "not in Cloud Storage"),
            ("gs://b", "names a bucket"),
            ("gs://b/", "names a bucket"),
            ("gs:///a.png", "names a bucket"),
            ("gs://b/a", "does not show in its ending"),
            ("gs://b/a.xyz", "does not show in its ending"),
            ("gs://b/a=png", "no type of a file"),
        ] {
            let error = text.parse::<Media>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
