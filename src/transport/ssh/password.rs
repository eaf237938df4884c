//! Logging in with a password, after all keys: by the one way that the server lists, and once.

use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::{MethodKind, MethodSet};

use super::attempt::Attempt;
use super::client::Handler;
use crate::inventory::password::Password;
use crate::transport::error::{ConnectError, Stage};
use crate::transport::passwords::{Passwords, Purpose};

/// How often a server may ask, or say, something in one login.
const ROUNDS: usize = 8;

/// What OpenSSH says in place of a refusal when there have been many, of keys for instance.
const TIRED: &str = "Too many authentication failures";

/// Who logs in with what.
pub(super) struct PasswordLogin<'a> {
    pub(super) host: &'a Arc<str>,
    pub(super) user: &'a str,
    pub(super) password: &'a Password,
    /// What was tried in this run.
    pub(super) passwords: &'a Passwords,
    /// Whether the host's key is not another one than the recorded one.
    pub(super) is_known: bool,
}

/// What came of it.
pub(super) enum Answer {
    Accepted,
    /// Not; how messages call what was tried, and why that failed if it is known.
    Refused(String),
}

impl PasswordLogin<'_> {
    /// Gives the password. `left` is what the server takes, if it has said so.
    pub(super) async fn log_in(
        &self,
        handle: &mut Handle<Handler>,
        left: Option<MethodSet>,
        attempt: &mut Attempt<'_>,
    ) -> Result<Answer, ConnectError> {
        if !self.is_known {
            // As with OpenSSH: a key is of no use to another host, a password is.
            return Ok(refused("not given: the host's key is not the recorded one"));
        }
        let left = match left {
            Some(left) => left,
            None => {
                let asked = handle.authenticate_none(self.user);
                match attempt.within(Stage::Login, asked).await? {
                    Ok(AuthResult::Success) => return Ok(Answer::Accepted),
                    Ok(AuthResult::Failure {
                        remaining_methods, ..
                    }) if !handle.is_closed() => remaining_methods,
                    _ => return Err(attempt.lost(Stage::Login)),
                }
            }
        };
        let ways = [MethodKind::Password, MethodKind::KeyboardInteractive];
        let Some(way) = ways.into_iter().find(|way| left.contains(way)) else {
            return Ok(refused("it takes none"));
        };
        let turn = self
            .passwords
            .turn(Purpose::Login, self.user, self.password);
        let turn = match attempt.paused(turn).await {
            Ok(turn) => turn,
            Err(by) => {
                return Ok(refused(&format!(
                    "not tried: `{by}` refused it, and more wrong tries could lock the account"
                )));
            }
        };
        if handle.is_closed() {
            // It has waited long enough; nothing was tried, so the login may be begun again.
            return Err(attempt.lost(Stage::Login));
        }
        attempt.no_repetition();
        let given = attempt
            .within(Stage::Login, self.give(handle, &way))
            .await?;
        match given {
            Given::Accepted => {
                turn.accepted();
                Ok(Answer::Accepted)
            }
            Given::NotEnough => {
                turn.accepted();
                Ok(refused("accepted, but not enough"))
            }
            Given::MoreAsked(question) => Ok(refused(&format!("it also asks {question:?}"))),
            Given::Refused if handle.is_closed() => {
                // Of a host that has vanished nothing is known; one that is tired of refusing says so.
                if attempt.ending.reason().contains(TIRED) {
                    turn.refused(self.host);
                }
                Err(attempt.lost(Stage::Login))
            }
            Given::Refused => {
                turn.refused(self.host);
                Ok(Answer::Refused("the password".to_owned()))
            }
        }
    }

    async fn give(&self, handle: &mut Handle<Handler>, way: &MethodKind) -> Given {
        if *way == MethodKind::Password {
            let password = self.password.text();
            return match handle.authenticate_password(self.user, password).await {
                Ok(AuthResult::Success) => Given::Accepted,
                Ok(AuthResult::Failure {
                    partial_success: true,
                    ..
                }) => Given::NotEnough,
                Ok(AuthResult::Failure { .. }) | Err(_) => Given::Refused,
            };
        }
        let mut told = false;
        let mut said = handle
            .authenticate_keyboard_interactive_start(self.user, None)
            .await;
        for _ in 0..ROUNDS {
            let prompts = match said {
                Ok(KeyboardInteractiveAuthResponse::Success) => return Given::Accepted,
                Ok(KeyboardInteractiveAuthResponse::Failure {
                    partial_success: true,
                    ..
                }) => return Given::NotEnough,
                Ok(KeyboardInteractiveAuthResponse::Failure { .. }) | Err(_) => {
                    return Given::Refused;
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => prompts,
            };
            let answers = match &prompts[..] {
                [] => Vec::new(),
                // What is typed unseen, and asked for first, is the password.
                [prompt] if !prompt.echo && !told => {
                    told = true;
                    vec![self.password.text().to_owned()]
                }
                [.., prompt] => {
                    return Given::MoreAsked(prompt.prompt.trim().chars().take(80).collect());
                }
            };
            said = handle
                .authenticate_keyboard_interactive_respond(answers)
                .await;
        }
        Given::Refused
    }
}

enum Given {
    Accepted,
    Refused,
    /// It is right, and the server wants something else as well.
    NotEnough,
    /// There is a question that the password does not answer.
    MoreAsked(String),
}

fn refused(why: &str) -> Answer {
    Answer::Refused(format!("the password ({why})"))
}
