//! The two headers with byte ranges: `Range` of a read, `Content-Range` of an
//! upload.

/// What a `Range` header asks of content that is `size` bytes long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Everything: no header, or one that is to be ignored.
    All,
    /// These bytes, `start..end`.
    Part(u64, u64),
    /// Nothing that exists.
    Nothing,
}

/// Reads a `Range` header. Headers that are malformed or name several ranges
/// are ignored, as the service does.
pub(super) fn asked(header: Option<&str>, size: u64) -> Asked {
    let range = header.and_then(|header| header.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.trim().split_once('-')) else {
        return Asked::All;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), _) if first >= size && (last.is_empty() || last.parse::<u64>().is_ok()) => {
            Asked::Nothing
        }
        (Ok(first), Ok(last)) if first <= last => {
            Asked::Part(first, last.saturating_add(1).min(size))
        }
        (Ok(first), Err(_)) if last.is_empty() => Asked::Part(first, size),
        // The last so many bytes.
        (Err(_), Ok(0)) if first.is_empty() => Asked::Nothing,
        (Err(_), Ok(_)) if first.is_empty() && size == 0 => Asked::Nothing,
        (Err(_), Ok(count)) if first.is_empty() => Asked::Part(size.saturating_sub(count), size),
        _ => Asked::All,
    }
}

/// What a `Content-Range` header says of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// First and last byte; a status query has neither.
    pub(super) bytes: Option<(u64, u64)>,
    /// Length of the whole, when it is known yet.
    pub(super) total: Option<u64>,
}

impl Chunk {
    /// Reads `bytes 0-99/200`, `bytes 0-99/*`, `bytes */200` and `bytes */*`.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (bytes, total) = header.strip_prefix("bytes ")?.trim().split_once('/')?;
        let bytes = match bytes {
            "*" => None,
            bytes => {
                let (first, last) = bytes.split_once('-')?;
                let (first, last) = (first.parse().ok()?, last.parse().ok()?);
                (first <= last).then_some(Some((first, last)))?
            }
        };
        let total = match total {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        Some(Self { bytes, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        for (header, wanted) in [
            ("bytes=0-3", Asked::Part(0, 4)),
            ("bytes=4-", Asked::Part(4, 10)),
            ("bytes=8-99", Asked::Part(8, 10)),
            ("bytes=-3", Asked::Part(7, 10)),
            ("bytes=-30", Asked::Part(0, 10)),
            ("bytes=-0", Asked::Nothing),
            ("bytes=10-", Asked::Nothing),
            ("bytes=10-12", Asked::Nothing),
            ("bytes=5-2", Asked::All),
            ("bytes=0-1,4-5", Asked::All),
            ("lines=0-1", Asked::All),
        ] {
            assert_eq!(asked(Some(header), 10), wanted, "{header}");
        }
        assert_eq!(asked(None, 10), Asked::All);
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Nothing);
        assert_eq!(asked(Some("bytes=-1"), 0), Asked::Nothing);
    }

    #[test]
    fn content_ranges() {
        let chunk = |bytes, total| Some(Chunk { bytes, total });
        assert_eq!(Chunk::parse("bytes 0-99/200"), chunk(Some((0, 99)), Some(200)));
        assert_eq!(Chunk::parse("bytes 0-99/*"), chunk(Some((0, 99)), None));
        assert_eq!(Chunk::parse("bytes */200"), chunk(None, Some(200)));
        assert_eq!(Chunk::parse("bytes */*"), chunk(None, None));
        for wrong in ["bytes 9-0/20", "0-9/20", "bytes 0-9", "bytes a-b/c"] {
            assert_eq!(Chunk::parse(wrong), None, "{wrong}");
        }
    }
}
