//! Which passwords were accepted in this run, and which were refused: a wrong one must not be tried on host after host,
//! because accounts that many hosts share are locked after a few tries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::inventory::password::Password;

/// What a password is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Purpose {
    /// Logging in by SSH.
    Login,
    /// Becoming another user by sudo.
    Sudo,
}

/// The passwords that were tried in a run.
#[derive(Debug, Default)]
pub(crate) struct Passwords {
    tried: Mutex<BTreeMap<Try, Arc<tokio::sync::Mutex<Verdict>>>>,
}

/// What it is for, whose it is, and which.
type Try = (Purpose, String, Password);

#[derive(Debug, Default)]
enum Verdict {
    #[default]
    Unknown,
    /// By some host. Another may still refuse it, which is then a matter of that host.
    Accepted,
    /// By this host, and nobody had accepted it.
    Refused(Arc<str>),
}

/// The turn of one host to be given a password. Until one has accepted it, they are given it one after another.
pub(crate) struct Turn(Option<OwnedMutexGuard<Verdict>>);

impl Passwords {
    /// Waits for the turn of a host, or says which one has refused the password of `user`.
    pub(crate) async fn turn(
        &self,
        purpose: Purpose,
        user: &str,
        password: &Password,
    ) -> Result<Turn, Arc<str>> {
        let verdict = {
            let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (purpose, user.to_owned(), password.clone());
            Arc::clone(tried.entry(key).or_default())
        };
        let verdict = verdict.lock_owned().await;
        match &*verdict {
            Verdict::Unknown => Ok(Turn(Some(verdict))),
            Verdict::Accepted => Ok(Turn(None)),
            Verdict::Refused(by) => Err(Arc::clone(by)),
        }
    }
}

impl Turn {
    /// The host has accepted it.
    pub(crate) fn accepted(self) {
        if let Some(mut verdict) = self.0 {
            *verdict = Verdict::Accepted;
        }
    }

    /// The host has refused it.
    pub(crate) fn refused(self, by: &Arc<str>) {
        if let Some(mut verdict) = self.0 {
            *verdict = Verdict::Refused(Arc::clone(by));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_tried_on_one_host_until_one_has_accepted_it() {
        let (passwords, password) = (Passwords::default(), Password::new("x").unwrap());
        let turn = || passwords.turn(Purpose::Sudo, "ops", &password);
        let first = turn().await.unwrap();
        tokio::select! {
            biased;
            _ = turn() => panic!("the first has not heard yet"),
            () = std::future::ready(()) => {}
        }
        // Nothing was heard of the first, so the next one tries.
        drop(first);
        turn().await.unwrap().accepted();
        let (one, other) = (turn().await.unwrap(), turn().await.unwrap());
        one.refused(&"odd".into());
        other.accepted();
        turn().await.unwrap();
    }

    #[tokio::test]
    async fn one_that_was_refused_is_not_tried_again() {
        let (passwords, password) = (Passwords::default(), Password::new("x").unwrap());
        let turn = passwords
            .turn(Purpose::Sudo, "ops", &password)
            .await
            .unwrap();
        turn.refused(&"h1".into());
        let again = passwords.turn(Purpose::Sudo, "ops", &password).await;
        assert_eq!(&*again.err().unwrap(), "h1");
        // Another user's may be the same text.
        assert!(
            passwords
                .turn(Purpose::Sudo, "app", &password)
                .await
                .is_ok()
        );
    }
}
