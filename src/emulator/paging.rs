//! Pages that stay stable while things are created: a page token names the
//! last item shown, by its serial number, and lists run from new to old.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::error::Refusal;

const LARGEST_PAGE: usize = 100;

/// What a list request asks for.
pub(crate) struct Page {
    size: usize,
    /// Show items with smaller serials only.
    before: Option<u64>,
    /// Ties a token to the query it belongs to.
    query: String,
    /// A fault: the page after this one is shown in its place.
    lost: bool,
    /// A fault: the token leads to this page again.
    repeats: bool,
}

impl Page {
    /// `query` is everything that must stay the same from page to page.
    pub(crate) fn parse(
        size: Option<&str>,
        token: Option<&str>,
        query: &str,
    ) -> Result<Self, Refusal> {
        let digest: Vec<u8> = Sha256::digest(query.as_bytes()).into_iter().take(6).collect();
        let query = BASE64URL_NOPAD.encode(&digest);
        let size = match size.unwrap_or("0").parse::<i32>() {
            Ok(0) => LARGEST_PAGE,
            Ok(size) => usize::try_from(size)
                .map_err(|_| Refusal::invalid("page_size must not be negative."))?
                .min(LARGEST_PAGE),
            Err(_) => {
                return Err(Refusal::invalid("Invalid value at 'page_size' (TYPE_INT32)."));
            }
        };
        let before = match token.unwrap_or_default() {
            "" => None,
            token => Some(
                read_token(token, &query)
                    .ok_or_else(|| Refusal::invalid("The page token is invalid."))?,
            ),
        };
        Ok(Self { size, before, query, lost: false, repeats: false })
    }

    pub(crate) fn twisted(self, lost: bool, repeats: bool) -> Self {
        Self { lost, repeats, ..self }
    }

    /// `{<key>: […], nextPageToken}` of items sorted from new to old; an empty
    /// list and an absent token are left out, as in all proto JSON.
    pub(crate) fn cut<T>(
        &self,
        key: &str,
        items: impl Iterator<Item = T>,
        serial: impl Fn(&T) -> u64,
        show: impl Fn(&T) -> Value,
    ) -> Value {
        let lost = if self.lost { self.size } else { 0 };
        let mut items = items
            .filter(|item| self.before.is_none_or(|before| serial(item) < before))
            .skip(lost)
            .peekable();
        let mut shown = Vec::new();
        let mut last = None;
        while shown.len() < self.size
            && let Some(item) = items.next()
        {
            last = Some(serial(&item));
            shown.push(show(&item));
        }
        let mut answer = Map::new();
        if !shown.is_empty() {
            answer.insert(key.to_owned(), Value::Array(shown));
        }
        let next = match (last, items.peek()) {
            _ if self.repeats => Some(self.before.unwrap_or(u64::MAX)),
            (Some(last), Some(_)) => Some(last),
            _ => None,
        };
        if let Some(next) = next {
            let token = format!("{}/{next}", self.query);
            answer.insert(
                "nextPageToken".to_owned(),
                Value::from(BASE64URL_NOPAD.encode(token.as_bytes())),
            );
        }
        Value::Object(answer)
    }
}

fn read_token(token: &str, query: &str) -> Option<u64> {
    let token = String::from_utf8(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?).ok()?;
    let (of, serial) = token.split_once('/')?;
    (of == query).then_some(())?;
    serial.parse().ok()
}
