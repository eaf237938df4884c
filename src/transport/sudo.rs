//! sudo with a password: the words until the shell has started that is to read the script.
//!
//! The password goes to sudo's standard input, and only once sudo has asked for it by a text that nobody else can
//! know. Nothing else is sent before the shell has said that it is there: sudo would take it for further tries.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::error::{ExecError, Exit, WorkerError};
use super::passwords::Turn;
use super::program::{Asking, Heard, Input, Output};
use crate::inventory::password::Password;

/// The longest wait for a sign of the host. A wrong password costs a few seconds there.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most that is read before the shell is there.
const NOISE_LIMIT: usize = 64 << 10;

/// Who is to become whom.
pub(super) struct Applicant<'a> {
    pub(super) host: &'a Arc<str>,
    /// Whose password it is.
    pub(super) login: &'a str,
    /// Whom to become.
    pub(super) user: &'a str,
    pub(super) password: &'a Password,
}

impl Applicant<'_> {
    /// Gives the password if it is asked for, and waits for the shell.
    pub(super) async fn give(
        &self,
        asking: &Asking,
        turn: Turn,
        input: &mut Input,
        output: &mut Output,
    ) -> Result<(), WorkerError> {
        let (mut said, mut complaints) = (Vec::new(), Vec::new());
        let mut given = false;
        loop {
            let heard = timeout(PATIENCE, output.hear()).await;
            let heard = heard.map_err(|_| WorkerError::Timeout {
                host: self.host.to_string(),
                limit: PATIENCE,
                stderr: asking.without(&output.complaint()),
            })?;
            match heard? {
                Some(Heard::Stdout(bytes)) => said.extend(bytes),
                Some(Heard::Stderr(bytes)) => complaints.extend(bytes),
                _ => return Err(self.ended(asking, given, turn, output)),
            }
            if count(&said, &asking.ready) > 0 {
                if given {
                    turn.accepted();
                }
                return Ok(());
            }
            match count(&complaints, &asking.prompt) {
                0 => {}
                1 if given => {}
                1 => {
                    given = true;
                    let line = format!("{}\n", self.password.text());
                    input.write(line.into_bytes()).await?;
                }
                // Asked again: the first answer was wrong, and there is no second.
                _ => return Err(self.refused(turn)),
            }
            if said.len() + complaints.len() > NOISE_LIMIT {
                let noise = if said.is_empty() { &complaints } else { &said };
                return Err(WorkerError::Noise {
                    host: self.host.to_string(),
                    limit: NOISE_LIMIT,
                    sample: String::from_utf8_lossy(&noise[..noise.len().min(80)]).into_owned(),
                });
            }
        }
    }

    /// sudo has ended before the shell has begun.
    fn ended(&self, asking: &Asking, given: bool, turn: Turn, output: &Output) -> WorkerError {
        let host = self.host.to_string();
        let stderr = asking.without(&output.complaint());
        match output.exit() {
            Some(Exit::Lost(reason)) => ExecError::Lost {
                host,
                reason: reason.clone(),
            }
            .into(),
            // Where one try is all that sudo gives.
            _ if given && stderr.contains("incorrect password") => self.refused(turn),
            exit => WorkerError::NotStarted {
                host,
                user: Some(self.user.to_owned()),
                exit: exit.cloned().unwrap_or(Exit::Status(0)),
                stderr,
            },
        }
    }

    fn refused(&self, turn: Turn) -> WorkerError {
        turn.refused(self.host);
        WorkerError::PasswordRefused {
            host: self.host.to_string(),
            login: self.login.to_owned(),
        }
    }
}

/// How often a text occurs.
fn count(bytes: &[u8], text: &str) -> usize {
    let windows = bytes.windows(text.len());
    windows.filter(|window| *window == text.as_bytes()).count()
}
