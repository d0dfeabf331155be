//! The page to look at: every tuned model, and each one's own view.
//!
//! Values in, HTML out: no clock, no I/O, no request. The daemon serves it and
//! `retune status --html` writes it; both render the same way, so that a file
//! in a pull request looks like what runs.
//!
//! It is made with `maud`: markup is checked by the compiler, text is escaped
//! unless somebody writes `PreEscaped`, and nothing is parsed at run time.
//!
//! # Invariants
//!
//! 1. Text from the API or a file is inert: escaped by the library, and without
//!    a character that hides or reorders text (`Untrusted::shown`). What is
//!    not escaped is the style sheet and the script that stand beside this
//!    file, and drawings made of numbers; see `text`.
//! 2. A page names nothing outside itself. Its Content-Security-Policy allows
//!    that style sheet and that script by their hashes, and no attribute with
//!    either: progress and charts are elements, not styles.
//! 3. Everything can be read without the script, which only filters and
//!    refreshes.
//! 4. No meaning by colour alone: every state is a word.

mod address;
mod list;
mod row;
mod runs;
mod shell;
mod text;
mod view;

pub use address::Address;
pub use list::{Overview, missing, waiting};
pub use runs::{Run, Runs};
pub use shell::{Form, Notice, Page, policy};
pub use view::{Charts, View};

#[cfg(test)]
mod tests;
