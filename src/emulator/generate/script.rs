//! What a prompt may ask of the emulator itself: there is no model that would
//! ever refuse one.
//!
//! | in the last turn | the answer |
//! |---|---|
//! | `emulator:blocked` | none: `promptFeedback` with `blockReason` `PROHIBITED_CONTENT` |
//! | `emulator:safety` | its beginning, then `finishReason` `SAFETY` |
//! | `emulator:recitation` | no text, `finishReason` `RECITATION` |
//! | `emulator:empty` | no text, `finishReason` `STOP` |
//! | `emulator:hostile` | text that would steer a terminal or a workflow |
//! | `emulator:call` | a `functionCall` and no text |

/// How an answer differs from an ordinary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Blocked,
    Safety,
    Recitation,
    Empty,
    Hostile,
    Call,
}

/// What a terminal or a workflow runner would obey, in a text that goes on.
pub(super) const HOSTILE: &str = "plain \u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m then\r\n\
    ::error::pwned\n##[group]pwned\ttab \u{202e}reordered\u{2066} \u{200b}hidden ❤\u{fe0f} end";

const SCRIPTS: [(&str, Script); 6] = [
    ("blocked", Script::Blocked),
    ("safety", Script::Safety),
    ("recitation", Script::Recitation),
    ("empty", Script::Empty),
    ("hostile", Script::Hostile),
    ("call", Script::Call),
];

/// What the text asks for; the first of several.
pub(super) fn asked(text: &str) -> Option<Script> {
    let (_, after) = text.split_once("emulator:")?;
    SCRIPTS.iter().find(|(word, _)| after.starts_with(word)).map(|(_, script)| *script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_in_the_text_decides() {
        assert_eq!(asked("please emulator:blocked."), Some(Script::Blocked));
        assert_eq!(asked("emulator:emptyhanded"), Some(Script::Empty));
        for ordinary in ["", "the emulator: blocked", "emulator:other"] {
            assert_eq!(asked(ordinary), None, "{ordinary}");
        }
    }
}
