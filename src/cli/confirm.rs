//! The question before anything is changed.

use std::io::{IsTerminal, stdin};

use super::failure::Failure;
use super::output::Output;

/// Asks on stderr and reads one line. Only `y` or `yes` is a yes; `instead`
/// says what to do where nobody can be asked.
///
/// # Errors
/// Nobody can be asked, or the answer was no: nothing is done.
pub(super) fn confirm(output: &Output, question: &str, instead: &str) -> Result<(), Failure> {
    if !stdin().is_terminal() {
        return Err(
            Failure::refused("nothing was done: there is no terminal to ask at").hint(instead)
        );
    }
    output.complain(&format!("{question} Type `yes` to go on: "));
    let mut answer = String::new();
    let read = stdin().read_line(&mut answer);
    let yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if read.is_ok() && yes {
        Ok(())
    } else {
        Err(Failure::refused("not confirmed; nothing was done"))
    }
}
