//! Prints what a command was asked for.

use std::io::{ErrorKind, Write};

use super::exit_code;

/// Writes a text to standard output and returns the exit code. A reader that has gone away has seen what it wanted.
#[expect(clippy::print_stderr, reason = "errors are for the user")]
pub(super) fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: not everything could be shown: {error}");
            exit_code::INTERNAL
        }
        _ => exit_code::SUCCESS,
    }
}
