//! YAML with comments, which no library writes.
//!
//! Only lines and indentation are made here. A text is quoted by one of two
//! libraries: as YAML where it stands on one line and holds nothing that a
//! terminal would obey, else as JSON, whose strings are YAML's too.

use crate::model::{Untrusted, inert_json};

/// One line of a manifest, or a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// `key: value`.
    Set(String, Scalar),
    /// The same as a comment, with the reason.
    Unset(String, Scalar, &'static str),
    /// A mapping. One with nothing set in it is a comment as a whole.
    Map(&'static str, Vec<Node>),
    /// A comment on what follows.
    Remark(String),
}

/// A value on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar(String);

impl Scalar {
    /// A text, whatever it holds.
    pub(super) fn text(text: &str) -> Self {
        let tame = inert_json(text) == text && !text.contains('\n');
        let plain = tame.then(|| serde_yaml::to_string(text).ok()).flatten();
        let plain = plain.map(|text| text.trim_end_matches('\n').to_owned());
        match plain.filter(|text| !text.contains('\n')) {
            Some(text) => Self(text),
            None => Self(quoted(text)),
        }
    }

    /// A number or a truth value.
    pub(super) fn of(value: impl serde::Serialize) -> Self {
        let text = serde_yaml::to_string(&value).unwrap_or_default();
        Self(text.trim_end().to_owned())
    }
}

/// A JSON string with an escape for every character that steers.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    json.chars()
        .map(|c| match inert_json(c.encode_utf8(&mut [0; 4])) {
            // JSON writes two halves there, which YAML does not put together.
            escape if escape.starts_with('\\') && u32::from(c) > 0xffff => {
                format!("\\U{:08x}", u32::from(c))
            }
            inert => inert,
        })
        .collect()
}

/// The lines of a document.
pub(super) fn render(nodes: &[Node]) -> String {
    let mut out = String::new();
    lines(nodes, Indent::default(), &mut out);
    out
}

/// Where a line begins: spaces, and after the mark of a comment more of them.
#[derive(Clone, Copy, Default)]
struct Indent {
    outside: usize,
    comment: Option<usize>,
}

impl Indent {
    fn deeper(self) -> Self {
        match self.comment {
            None => Self { outside: self.outside + 2, comment: None },
            Some(inside) => Self { comment: Some(inside + 2), ..self },
        }
    }

    fn commented(self) -> Self {
        Self { comment: Some(self.comment.unwrap_or(0)), ..self }
    }

    fn line(self, text: &str, out: &mut String) {
        out.extend(std::iter::repeat_n(' ', self.outside));
        if let Some(inside) = self.comment {
            out.push_str("# ");
            out.extend(std::iter::repeat_n(' ', inside));
        }
        out.push_str(text);
        out.push('\n');
    }
}

fn lines(nodes: &[Node], indent: Indent, out: &mut String) {
    for node in nodes {
        match node {
            Node::Set(key, Scalar(value)) => {
                indent.line(&format!("{}: {value}", Scalar::text(key).0), out);
            }
            Node::Unset(key, Scalar(value), why) => {
                let line = format!("{}: {value}  # {why}", Scalar::text(key).0);
                indent.commented().line(&line, out);
            }
            Node::Map(_, children) if children.is_empty() => {}
            Node::Map(key, children) => {
                let own = if is_set(node) { indent } else { indent.commented() };
                own.line(&format!("{key}:"), out);
                lines(children, own.deeper(), out);
            }
            Node::Remark(text) => {
                indent.commented().line(&Untrusted::new(text.as_str()).shown().to_string(), out);
            }
        }
    }
}

/// Whether anything of it is more than a comment.
fn is_set(node: &Node) -> bool {
    match node {
        Node::Set(..) => true,
        Node::Map(_, children) => children.iter().any(is_set),
        Node::Unset(..) | Node::Remark(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that mean something to a YAML parser, a terminal, or both.
    fn hostile() -> impl Strategy<Value = String> {
        let words = prop::sample::select(vec![
            "---",
            "...",
            "# no comment",
            "a: b",
            "- a",
            "&a",
            "*a",
            "!!str",
            "|",
            ">",
            "%YAML",
            "null",
            "~",
            "true",
            "1",
            "1e3",
            "0x1",
            ".nan",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "'",
            "\\",
            "\n",
            "\r\n",
            "\t",
            " ",
            "\u{1b}[2J",
            "\u{85}",
            "\u{2028}",
            "\u{202e}",
            "\u{feff}",
            "\u{e0101}",
            "\u{7f}",
            "\u{0}",
            "é",
            "日本",
            "\u{1f600}",
            "<<",
            "=",
            "@",
            "`",
            "?",
            ",",
        ]);
        let any = prop_oneof![words.prop_map(str::to_owned), any::<char>().prop_map(String::from)];
        prop::collection::vec(any, 0..6).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was_and_stays_on_its_line(a in hostile(), b in hostile()) {
            let nodes = [
                Node::Remark(a.clone()),
                Node::Map("map", vec![
                    Node::Unset(b.clone(), Scalar::text(&a), "why"),
                    Node::Set("a".to_owned(), Scalar::text(&a)),
                    Node::Remark(b.clone()),
                    Node::Set("b".to_owned(), Scalar::text(&b)),
                ]),
                Node::Map("gone", vec![Node::Unset(a.clone(), Scalar::text(&b), "why")]),
            ];
            let text = render(&nodes);
            prop_assert_eq!(text.lines().count(), 8, "{}", &text);
            prop_assert_eq!(inert_json(&text), text.clone(), "a terminal would obey it");
            // Both the reader of manifests and the library that others use.
            let wanted = serde_json::json!({"map": {"a": a, "b": b}});
            // No manifest holds it: its reader refuses the file.
            let nul = a.contains('\0') || b.contains('\0');
            if !nul {
                let values = crate::manifest::values(&text);
                let read = values.map(|values| serde_json::to_value(values).unwrap());
                prop_assert_eq!(read, Some(serde_json::json!([wanted])), "{}", &text);
            }
            let theirs: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            prop_assert_eq!(theirs, wanted);
        }
    }

    #[test]
    fn a_mapping_of_comments_is_one() {
        let chosen = Node::Unset("epochCount".to_owned(), Scalar::of(4), "chosen by Vertex");
        let nodes = [Node::Map(
            "spec",
            vec![
                Node::Set("n".to_owned(), Scalar::of(1.0)),
                Node::Map("hyperParameters", vec![chosen]),
                Node::Map("none", vec![]),
            ],
        )];
        assert_eq!(
            render(&nodes),
            "spec:\n  n: 1.0\n  # hyperParameters:\n  #   epochCount: 4  # chosen by Vertex\n"
        );
    }
}
