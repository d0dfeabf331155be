//! `multipart/related` bodies: metadata and content in one request (RFC 2387).

use axum::body::Bytes;
use serde_json::Value;

/// The two parts of an upload.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Related {
    /// The object resource.
    pub(super) metadata: Value,
    /// Media type of the content, when its part has one.
    pub(super) content_type: Option<String>,
    /// The content.
    pub(super) content: Bytes,
}

/// Takes a body apart, or says what is wrong with it.
pub(super) fn parse(content_type: &str, body: &Bytes) -> Result<Related, String> {
    let boundary = boundary(content_type).ok_or("Content-Type names no boundary")?;
    let mut parts = Vec::new();
    for part in parts_of(body, &boundary)? {
        parts.push(split_headers(part)?);
    }
    let [(_, metadata), (content_type, content)] = <[_; 2]>::try_from(parts)
        .map_err(|parts| format!("a multipart upload has two parts, not {}", parts.len()))?;
    let metadata = serde_json::from_slice(metadata)
        .map_err(|error| format!("the first part is not JSON: {error}"))?;
    Ok(Related { metadata, content_type, content: body.slice_ref(content) })
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty())
            .then(|| value.to_owned())
    })
}

/// What stands between the delimiters.
///
/// A delimiter is `--boundary` at the start of a line; the line end before it
/// belongs to it and not to the part, so content survives byte for byte.
fn parts_of<'b>(body: &'b [u8], boundary: &str) -> Result<Vec<&'b [u8]>, String> {
    let delimiter = format!("--{boundary}");
    let between = format!("\r\n{delimiter}");
    let mut parts = Vec::new();
    // The first delimiter may stand at the very start, with no line end.
    let mut rest = match body.strip_prefix(delimiter.as_bytes()) {
        Some(rest) => rest,
        None => split_once(body, between.as_bytes()).ok_or("the boundary does not occur")?.1,
    };
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let (_, part) = split_once(rest, b"\r\n").ok_or("the body ends within a delimiter")?;
        let (part, after) =
            split_once(part, between.as_bytes()).ok_or("the closing delimiter is missing")?;
        parts.push(part);
        rest = after;
    }
}

/// A part's media type and its content.
fn split_headers(part: &[u8]) -> Result<(Option<String>, &[u8]), String> {
    // Without headers the part starts with the empty line that ends them.
    if let Some(content) = part.strip_prefix(b"\r\n") {
        return Ok((None, content));
    }
    let (headers, content) = split_once(part, b"\r\n\r\n").ok_or("a part has no empty line")?;
    let headers = String::from_utf8_lossy(headers);
    let content_type = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-type").then(|| value.trim().to_owned())
    });
    Ok((content_type, content))
}

/// `haystack` before and after the first `needle`.
fn split_once<'h>(haystack: &'h [u8], needle: &[u8]) -> Option<(&'h [u8], &'h [u8])> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        // Looking for one byte is fast, and candidates are rare.
        let tail = haystack.get(from..)?;
        let at = from + tail.iter().position(|byte| *byte == first)?;
        let (before, rest) = haystack.split_at_checked(at)?;
        if let Some(after) = rest.strip_prefix(needle) {
            return Some((before, after));
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(text: &str) -> Bytes {
        Bytes::from(text.to_owned())
    }

    #[test]
    fn content_survives_byte_for_byte() {
        let text = "--xyz\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{\"name\":\"a\"}\
                    \r\n--xyz\r\ncontent-type: text/plain\r\n\r\none\r\n\r\n--xy\r\n\r\n--xyz--\r\n";
        let related = parse("multipart/related; boundary=\"xyz\"", &body(text)).unwrap();
        assert_eq!(related.metadata, json!({"name": "a"}));
        assert_eq!(related.content_type.as_deref(), Some("text/plain"));
        assert_eq!(related.content, "one\r\n\r\n--xy\r\n");
    }

    #[test]
    fn empty_content() {
        let text = "--b\r\n\r\n{}\r\n--b\r\n\r\n\r\n--b--";
        let related = parse("multipart/related; boundary=b", &body(text)).unwrap();
        assert_eq!(related.content, "");
        assert_eq!(related.content_type, None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (content_type, text, wanted) in [
            ("multipart/related", "", "no boundary"),
            ("multipart/form-data; boundary=b", "", "no boundary"),
            ("multipart/related; boundary=b", "nothing", "does not occur"),
            ("multipart/related; boundary=b", "--b\r\n\r\n{}", "closing delimiter"),
            ("multipart/related; boundary=b", "--b\r\n\r\n{}\r\n--b--", "two parts, not 1"),
            ("multipart/related; boundary=b", "--b\r\n\r\n{\r\n--b\r\n\r\nx\r\n--b--", "not JSON"),
        ] {
            let error = parse(content_type, &body(text)).unwrap_err();
            assert!(error.contains(wanted), "{error} / {wanted}");
        }
    }
}
