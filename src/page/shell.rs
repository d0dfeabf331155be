//! The document around what is shown: head, style, script, policy.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render as _, html};
use sha2::{Digest, Sha256};

use super::text::Told;
use crate::curves;

/// The style sheet: ours, and that of the curves' pictures.
static CSS: LazyLock<String> =
    LazyLock::new(|| format!("{}\n{}", include_str!("page.css"), curves::STYLE));

/// Filters and refreshes; everything can be read without it.
const JS: &str = include_str!("page.js");

/// A drawing of its own, so that no browser asks for `/favicon.ico`: three bars
/// that rise, in a colour that shows on light and dark.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'\
    %3E%3Cg fill='%233b82f6'%3E%3Crect x='1' y='9' width='4' height='6' rx='1'/%3E%3Crect x='6' \
    y='5' width='4' height='10' rx='1'/%3E%3Crect x='11' y='1' width='4' height='14' rx='1'/%3E\
    %3C/g%3E%3C/svg%3E";

/// How the page reaches its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// From the daemon: it refreshes itself, and each model has an address.
    Served,
    /// As one file with everything in it.
    File,
}

/// Something about the whole, above everything else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Notice {
    /// Whether what is shown may not be relied on.
    pub is_trouble: bool,
    /// Any text.
    pub text: String,
}

/// A page but for what is around it.
pub(super) struct Body {
    pub(super) form: Form,
    /// Any text.
    pub(super) title: String,
    pub(super) content: Markup,
    /// Of the content, but for when it was looked at.
    pub(super) version: Version,
}

/// What a browser may do with a page: nothing but draw it, with the style and
/// the script that are in it. What is served may ask where it came from, and be
/// in nobody's frame, which a file cannot say of itself.
pub fn policy(form: Form) -> &'static str {
    static SERVED: LazyLock<String> =
        LazyLock::new(|| format!("{} connect-src 'self'; frame-ancestors 'none'", common_policy()));
    static FILE: LazyLock<String> = LazyLock::new(common_policy);
    match form {
        Form::Served => &SERVED,
        Form::File => &FILE,
    }
}

fn common_policy() -> String {
    let (css, js) = (hash(&CSS), hash(JS));
    format!(
        "default-src 'none'; style-src '{css}'; script-src '{js}'; img-src data:; \
         base-uri 'none'; form-action 'none';"
    )
}

/// As a policy names an inline style or script (CSP3, 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// A document, and what tells it from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The whole of it.
    pub html: String,
    /// The same for the same content, whenever that was looked at.
    pub version: String,
}

/// The whole document.
pub(super) fn document(body: Body) -> Page {
    let Body { form, title, content, version: content_version } = body;
    let live = form == Form::Served;
    let version = version(&(&title, content_version, &*CSS, JS)).render().0;
    let page = html! {
        (DOCTYPE)
        html lang="en" dir="ltr" data-live=[live.then_some(&version)] {
            head {
                meta charset="utf-8";
                @if !live {
                    meta http-equiv="Content-Security-Policy" content=(policy(form));
                }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (Told(&title)) }
                link rel="icon" href=(PreEscaped(ICON));
                style { (PreEscaped(&*CSS)) }
            }
            body {
                (content)
                script { (PreEscaped(JS)) }
            }
        }
    };
    Page { html: page.into_string(), version }
}

/// What is shown above everything else.
pub(super) fn notices(form: Form, notices: &[Notice]) -> Markup {
    // Many views of a file may not share an id.
    let live = form == Form::Served;
    html! {
        div id=[live.then_some("notices")] data-v=[live.then(|| version(notices))] {
            @for notice in notices {
                p.notice.trouble[notice.is_trouble] { (Told(&notice.text)) }
            }
        }
    }
}

/// What tells two versions of a part of the page apart, so that only what
/// changed is replaced.
pub(super) fn version(content: &(impl std::hash::Hash + ?Sized)) -> Version {
    use std::hash::Hasher as _;
    let mut hasher = std::hash::DefaultHasher::new();
    content.hash(&mut hasher);
    Version(hasher.finish())
}

/// See [`version`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Version(u64);

impl maud::Render for Version {
    fn render_to(&self, out: &mut String) {
        use std::fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = write!(out, "{:x}", self.0);
    }
}
