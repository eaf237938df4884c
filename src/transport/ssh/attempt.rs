//! The clock of a login, and what is known about the end of a connection.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::transport::error::{ConnectError, Stage};
use crate::transport::login_times::LoginTimes;
use crate::transport::settings::Address;

/// Why a connection ended, once it has.
#[derive(Debug, Default)]
pub(super) struct Ending {
    reason: OnceLock<String>,
    through: Option<Through>,
}

/// The jump host that a connection goes through, and why the connection to it ended.
#[derive(Clone, Debug)]
pub(super) struct Through {
    pub(super) jump: Arc<str>,
    pub(super) ending: Arc<Ending>,
}

impl Ending {
    fn through(through: Option<Through>) -> Arc<Self> {
        Arc::new(Self {
            reason: OnceLock::new(),
            through,
        })
    }

    /// The first reason is the one that counts.
    pub(super) fn set(&self, reason: String) {
        let _ = self.reason.set(reason);
    }

    /// Which side of a jump host it was cannot always be known; that there is one is always said.
    pub(super) fn reason(&self) -> String {
        let reason = self.reason.get().map(String::as_str);
        let reason = reason.unwrap_or("it hung up without a reason");
        match &self.through {
            None => reason.to_owned(),
            Some(Through { jump, ending }) if ending.reason.get().is_some() => format!(
                "the connection to its jump host `{jump}` ended: {}",
                ending.reason()
            ),
            Some(Through { jump, .. }) => format!("{reason} (through the jump host `{jump}`)"),
        }
    }
}

/// The way to a login: one limit for all its stages.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    address: &'a Address,
    limit: Duration,
    deadline: Instant,
    begun: Instant,
    /// When the keys were exchanged, and the login began.
    pub(super) exchanged: Option<Instant>,
    /// Why the connection of the current try ended.
    pub(super) ending: Arc<Ending>,
    through: Option<Through>,
    /// The user was asked for something meanwhile, and may have taken longer than the host was willing to wait.
    paused: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(address: &'a Address, limit: Duration, through: Option<Through>) -> Self {
        let begun = Instant::now();
        Self {
            address,
            limit,
            deadline: begun + limit,
            begun,
            exchanged: None,
            ending: Ending::through(through.clone()),
            through,
            paused: false,
        }
    }

    /// Begins the next try, on another connection.
    pub(super) fn again(&mut self) {
        self.ending = Ending::through(self.through.clone());
    }

    /// How long the parts of the login took, now that it is done. It was asked for at `asked`.
    pub(super) fn times(&self, asked: Instant) -> LoginTimes {
        let exchanged = self.exchanged.unwrap_or(self.begun);
        LoginTimes {
            turn: self.begun - asked,
            connect: exchanged - self.begun,
            auth: exchanged.elapsed(),
        }
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits for `work`, but not beyond the limit.
    pub(super) async fn within<T>(
        &self,
        stage: Stage,
        work: impl Future<Output = T>,
    ) -> Result<T, ConnectError> {
        let done = timeout_at(self.deadline, work).await;
        done.map_err(|_| self.timeout(stage))
    }

    pub(super) fn timeout(&self, stage: Stage) -> ConnectError {
        ConnectError::Timeout {
            address: self.address.clone(),
            stage,
            limit: self.limit,
            through: self
                .through
                .as_ref()
                .map(|through| Arc::clone(&through.jump)),
        }
    }

    /// Waits for the user: that is no fault of the host.
    pub(super) async fn paused<T>(&mut self, question: impl Future<Output = T>) -> T {
        let asked = Instant::now();
        let answer = question.await;
        self.deadline += asked.elapsed();
        self.paused = true;
        answer
    }

    /// From now on something is done that must not be done twice, even if the connection is lost.
    pub(super) fn no_repetition(&mut self) {
        self.paused = false;
    }

    /// The host closed the connection.
    pub(super) fn lost(&self, stage: Stage) -> ConnectError {
        ConnectError::Lost {
            address: self.address.clone(),
            stage,
            reason: self.ending.reason(),
        }
    }

    /// Whether a host that failed like this may do better at once: an sshd that is busy with other logins drops
    /// some before they begin. A repetition can do no harm, because nothing has happened there yet.
    pub(super) fn may_be_repeated(&self, error: &ConnectError) -> bool {
        match error {
            ConnectError::Tcp { source, .. } => {
                source.kind() == std::io::ErrorKind::ConnectionReset
            }
            ConnectError::Lost { stage, .. } => *stage != Stage::Login || self.paused,
            _ => false,
        }
    }
}
