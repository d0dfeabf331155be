//! Listings: names in order, cut at a delimiter, a page at a time.

use super::object::Object;

/// One page of a listing.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The objects, by name.
    pub(crate) objects: Vec<Object>,
    /// What the delimiter cut short.
    pub(crate) prefixes: Vec<String>,
    /// The last name or prefix, when more follows.
    pub(crate) next: Option<String>,
}

/// What to list.
#[derive(Debug, Default)]
pub(crate) struct Listing<'a> {
    /// Only names that start like this.
    pub(crate) prefix: &'a str,
    /// Cut names after the first of these behind the prefix.
    pub(crate) delimiter: Option<&'a str>,
    /// First name to list.
    pub(crate) start: Option<&'a str>,
    /// First name not to list.
    pub(crate) end: Option<&'a str>,
    /// The last name or prefix of the page before.
    pub(crate) after: Option<&'a str>,
    /// Most objects and prefixes on a page.
    pub(crate) limit: usize,
}

impl Listing<'_> {
    /// Builds a page from names in order, which may begin too early.
    pub(super) fn page<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        object: impl Fn(&str) -> Option<Object>,
    ) -> Page {
        let mut page = Page::default();
        let mut last = None;
        for name in names {
            let Some(rest) = name.strip_prefix(self.prefix) else {
                // Names are sorted, so what starts with the prefix is one run.
                if name > self.prefix { break } else { continue }
            };
            if self.start.is_some_and(|start| name < start)
                || self.end.is_some_and(|end| name >= end)
            {
                continue;
            }
            let cut = self.delimiter.filter(|delimiter| !delimiter.is_empty());
            let prefix = cut
                .and_then(|delimiter| rest.split_once(delimiter).map(|(head, _)| (head, delimiter)))
                .map(|(head, delimiter)| format!("{}{head}{delimiter}", self.prefix));
            let entry = prefix.as_deref().unwrap_or(name);
            let seen = self.after.is_some_and(|after| entry <= after);
            if seen || page.prefixes.last().is_some_and(|last| last == entry) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() >= self.limit {
                page.next = last;
                break;
            }
            last = Some(entry.to_owned());
            match prefix {
                Some(prefix) => page.prefixes.push(prefix),
                None => page.objects.extend(object(name)),
            }
        }
        page
    }
}
