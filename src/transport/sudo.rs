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

/// The longest wait for the shell. A wrong password costs a few seconds there. The time is for all of it: other hosts
/// may be waiting for what becomes of the password.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most that is read before the shell is there.
const NOISE_LIMIT: usize = 64 << 10;

/// How sudo and sudo-rs say at their end that a password was wrong.
const WRONG: [&str; 2] = ["incorrect password", "incorrect authentication"];

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
        let given = timeout(PATIENCE, self.talk(asking, turn, input, output)).await;
        given.unwrap_or_else(|_| {
            Err(WorkerError::Timeout {
                host: self.host.to_string(),
                limit: PATIENCE,
                stderr: asking.without(&output.complaint()),
            })
        })
    }

    async fn talk(
        &self,
        asking: &Asking,
        turn: Turn,
        input: &mut Input,
        output: &mut Output,
    ) -> Result<(), WorkerError> {
        let (mut said, mut complaints) = (Vec::new(), Vec::new());
        let mut given = false;
        loop {
            match output.hear().await? {
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
            _ if given && WRONG.iter().any(|wrong| stderr.contains(wrong)) => self.refused(turn),
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command as StdCommand;

    use tempfile::TempDir;
    use tokio::process::Command;

    use super::*;
    use crate::transport::local;
    use crate::transport::passwords::{Passwords, Purpose};
    use crate::transport::program::Invocation;
    use crate::transport::settings::{Become, BecomeMethod};

    /// Asks for `sesame` as long as it may, and becomes what stands behind `--`.
    const SUDO: &str = r#"
        while [ "$1" != -- ]; do
            [ "$1" != -p ] || prompt=$(printf %s "$2" | sed 's/%%/%/g')
            shift
        done
        shift
        for try in $TRIES; do
            printf %s "$prompt" >&2
            read -r password || exit 1
            [ "$password" != sesame ] || exec "$@"
            echo "Sorry, try again." >&2
        done
        echo "sudo: 3 incorrect password attempts" >&2
        exit 1"#;

    /// Gives a password to this sudo, which the login scripts start that begin with `login`.
    async fn give(
        passwords: &Passwords,
        password: &str,
        tries: &str,
        login: &str,
    ) -> Result<Vec<u8>, WorkerError> {
        let programs = TempDir::new().unwrap();
        let sudo = programs.path().join("sudo");
        fs::write(&sudo, format!("#!/bin/sh\n{SUDO}\n")).unwrap();
        fs::set_permissions(&sudo, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", programs.path().display());
        let asking = Asking::new();
        let invocation = Invocation {
            text: "{ echo done\n}\n".into(),
            become_: Some(Become {
                user: "web".into(),
                method: BecomeMethod::Sudo,
                flags: None,
            }),
            asking: Some(asking.clone()),
        };
        let mut command = StdCommand::new("/bin/sh");
        let line = invocation.command_line().unwrap();
        command.arg("-c").arg(format!("{login}\n{line}"));
        command.env("PATH", path).env("TRIES", tries);
        let (host, password) = ("h1".into(), Password::new(password).unwrap());
        let (mut input, mut output) = local::spawn(&host, Command::from(command), 4096).unwrap();
        let turn = passwords.turn(Purpose::Sudo, "ops", &password).await;
        let applicant = Applicant {
            host: &host,
            login: "ops",
            user: "web",
            password: &password,
        };
        applicant
            .give(&asking, turn.ok().unwrap(), &mut input, &mut output)
            .await?;
        input.write(invocation.input().to_vec()).await?;
        drop(input);
        Ok(output.next().await?.unwrap_or_default())
    }

    #[tokio::test]
    async fn the_script_is_sent_when_the_shell_is_there() {
        let passwords = Passwords::default();
        // Login scripts may show what they run.
        for login in ["", "set -x", "set -v", "echo Welcome; echo Welcome >&2"] {
            let said = give(&passwords, "sesame", "1 2 3", login).await;
            assert_eq!(said.unwrap(), b"done\n", "{login}");
        }
    }

    #[tokio::test]
    async fn a_wrong_password_is_given_once() {
        // However many tries there would be.
        for tries in ["1 2 3", "1"] {
            let passwords = Passwords::default();
            let refused = give(&passwords, "rosebud", tries, "").await.unwrap_err();
            assert!(
                matches!(refused, WorkerError::PasswordRefused { .. }),
                "{refused}"
            );
            let password = Password::new("rosebud").unwrap();
            let again = passwords.turn(Purpose::Sudo, "ops", &password).await;
            assert_eq!(&*again.err().unwrap(), "h1");
        }
    }
}
