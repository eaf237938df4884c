//! Prints what a command was asked for.

use std::io::Write;

/// Writes a text to standard output. A reader that has gone away has seen what it wanted.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
