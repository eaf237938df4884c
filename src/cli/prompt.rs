//! Asks the user for what only the user knows.

use crate::transport::Prompt;

/// Asks on the terminal.
pub(super) struct TerminalPrompt;

impl Prompt for TerminalPrompt {
    fn secret(&self, question: &str) -> Option<String> {
        let terminal = console::Term::stderr();
        if !terminal.is_term() {
            return None;
        }
        terminal.write_str(question).ok()?;
        terminal.read_secure_line().ok()
    }
}
