//! Server-sent events, as far as an answer in pieces needs them: their data.
//!
//! The rules are those of the HTML standard ("interpreting an event stream"):
//! lines end with CR, LF or both, the data of several `data` lines are joined by
//! line breaks, comments and other fields are passed over. Of it a stream of
//! answers uses no names, ids or reconnection, so that what is left is less than
//! a library and its adapter.
//!
//! # Invariant
//!
//! How a stream was cut into pieces on its way changes nothing that is read from
//! it.

/// Most bytes of one event; an answer as a whole has no more.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// Reads events from bytes that come in any pieces.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The data of the event so far; `None` before its first line of data.
    data: Option<Vec<u8>>,
    /// The last byte ended a line as CR: an LF belongs to the same end.
    after_cr: bool,
    /// Whether a line has ended; a byte order mark stands before the first.
    begun: bool,
}

/// An event that does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {} MiB", MAX_EVENT / (1024 * 1024))]
pub struct TooLong;

impl Decoder {
    /// Takes what came next; the events that it completes are added to `events`.
    ///
    /// # Errors
    /// An event beyond any sense.
    pub(crate) fn feed(&mut self, bytes: &[u8], events: &mut Vec<Vec<u8>>) -> Result<(), TooLong> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let (before, from) = rest.split_at(at);
            let (end, after) = from.split_at(1);
            let halves = std::mem::take(&mut self.after_cr) && before.is_empty() && end == b"\n";
            self.after_cr = end == b"\r";
            rest = after;
            if halves {
                continue;
            }
            self.line.extend_from_slice(before);
            let line = std::mem::take(&mut self.line);
            self.line_ends(&line, events);
        }
        if !rest.is_empty() {
            self.after_cr = false;
            self.line.extend_from_slice(rest);
        }
        let held = self.line.len() + self.data.as_ref().map_or(0, Vec::len);
        if held > MAX_EVENT { Err(TooLong) } else { Ok(()) }
    }

    /// The stream has ended: what it did not end itself. The standard drops
    /// that; whether an answer is whole is in the answer, so nothing is lost
    /// by handing it on.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let mut events = Vec::new();
        if !line.is_empty() {
            self.line_ends(&line, &mut events);
        }
        self.data
    }

    fn line_ends(&mut self, line: &[u8], events: &mut Vec<Vec<u8>>) {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| first).unwrap_or(line);
        if line.is_empty() {
            events.extend(self.data.take());
            return;
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let (field, value) = line.split_at(colon);
                let value = value.strip_prefix(b":").unwrap_or(value);
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        if field != b"data" {
            return;
        }
        match &mut self.data {
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            None => self.data = Some(value.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(bytes: &[u8]) -> (Vec<String>, Option<String>) {
        pieces([bytes])
    }

    fn pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<String>) {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.feed(piece, &mut events).unwrap();
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (events.into_iter().map(text).collect(), decoder.finish().map(text))
    }

    #[test]
    fn an_event_is_its_data() {
        for (stream, events, left) in [
            ("data: a\n\ndata: b\n\n", vec!["a", "b"], None),
            ("data: a\r\n\r\ndata: b\r\n\r\n", vec!["a", "b"], None),
            ("data: a\r\rdata: b\r\r", vec!["a", "b"], None),
            ("data: a\r\n\rdata: b\n\r\n", vec!["a", "b"], None),
            ("data: {\ndata: }\n\n", vec!["{\n}"], None),
            ("data: {\r\ndata: }\r\n\r\n", vec!["{\n}"], None),
            ("data: {\rdata: }\r\r", vec!["{\n}"], None),
            (": hello\n\ndata:a\n: in between\n\n", vec!["a"], None),
            ("event: x\nid: 7\nretry: 1\ndata:  a\n\n", vec![" a"], None),
            ("event: x\n\n", vec![], None),
            ("data\n\n", vec![""], None),
            ("data: a: b\n\n", vec!["a: b"], None),
            ("\u{feff}data: a\n\n\u{feff}data: b\n\n", vec!["a"], None),
            ("data: a\n\ndata: b", vec!["a"], Some("b")),
            ("data: a\n\ndata: b\n", vec!["a"], Some("b")),
            ("dat", vec![], None),
            ("", vec![], None),
        ] {
            let expected: Vec<String> = events.into_iter().map(str::to_owned).collect();
            assert_eq!(whole(stream.as_bytes()), (expected, left.map(str::to_owned)), "{stream:?}");
        }
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        let piece = vec![b'x'; 1024 * 1024];
        let fed = (0..17).try_for_each(|_| decoder.feed(&piece, &mut events));
        assert_eq!(fed, Err(TooLong));
    }

    /// Streams of what matters to the decoder, letters of several bytes among it.
    fn stream() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just("data: ".to_owned()),
            "data: ?[aé日😀:\"]{0,6}",
            ":[a ]{0,3}",
            "event: x",
            Just(String::new()),
            Just("\u{feff}".to_owned()),
        ];
        let end = prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", ""]);
        let lines = prop::collection::vec((line, end), 0..12);
        lines.prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
    }

    proptest! {
        #[test]
        fn where_a_stream_is_cut_changes_nothing(
            stream in stream(),
            cuts in prop::collection::vec(0_usize..80, 0..10),
        ) {
            let bytes = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let cut = pieces(cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]));
            prop_assert_eq!(&cut, &whole(bytes));
            prop_assert_eq!(&pieces(bytes.chunks(1)), &whole(bytes));
        }
    }
}
