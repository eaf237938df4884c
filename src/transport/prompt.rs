//! Asking the user for a secret. The transport knows when to ask; how is the command line's part.

/// Asks the user.
pub trait Prompt: Send + Sync {
    /// Shows `question` and reads a line without echo; `None` if there is nobody to ask or no answer.
    /// It is called on a thread that may block, and by one connection at a time.
    fn secret(&self, question: &str) -> Option<String>;
}

/// Nobody to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn secret(&self, _question: &str) -> Option<String> {
        None
    }
}
