//! The connections to jump hosts: one login is shared by all hosts behind it.
//!
//! A host asks for its passage before it takes its turn to log in: those that wait for a jump host must not hold the
//! places that its own login needs.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::ChannelStream;
use russh::client::Msg;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::attempt::Attempt;
use super::client::{Client, Connection};
use crate::transport::error::{ConnectError, Stage};
use crate::transport::settings::{Address, JumpHost};

/// As many hosts share one login. Each takes a file of the process that serves it there, and 1,024 is the usual limit;
/// `MaxSessions` does not count what is only passed on.
const PLACES: usize = 200;

/// For as long a jump host that was not reached is not tried again: many wait for it, and each would wait in its turn.
const GIVEN_UP: Duration = Duration::from_secs(5);

/// The jump hosts of a run.
#[derive(Default)]
pub(super) struct Jumps {
    hosts: Mutex<BTreeMap<Arc<JumpHost>, Arc<tokio::sync::Mutex<Logins>>>>,
}

/// The logins to a jump host.
#[derive(Default)]
struct Logins {
    open: Vec<Login>,
    failed: Option<Failed>,
}

struct Login {
    connection: Arc<Connection>,
    places: Arc<Semaphore>,
}

struct Failed {
    at: Instant,
    jump: Arc<str>,
    reason: String,
}

/// The way through a jump host, for one connection; given back when it is dropped.
pub(super) struct Passage {
    pub(super) jump: Arc<JumpHost>,
    pub(super) connection: Arc<Connection>,
    _place: OwnedSemaphorePermit,
}

impl Jumps {
    /// A passage through a jump host, which is logged in to if no login has a place left. It is boxed because a jump
    /// host may be behind another one.
    pub(super) fn passage<'a>(
        &'a self,
        client: &'a Client,
        jump: &'a Arc<JumpHost>,
    ) -> Pin<Box<dyn Future<Output = Result<Passage, ConnectError>> + Send + 'a>> {
        Box::pin(self.find(client, jump))
    }

    async fn find(&self, client: &Client, jump: &Arc<JumpHost>) -> Result<Passage, ConnectError> {
        let asked = Instant::now();
        let logins = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(Arc::clone(jump)).or_default())
        };
        // While one logs in, the others wait for what comes of it.
        let mut logins = logins.lock().await;
        logins.open.retain(|login| !login.connection.is_closed());
        for login in &logins.open {
            if let Ok(place) = Arc::clone(&login.places).try_acquire_owned() {
                return Ok(Passage {
                    jump: Arc::clone(jump),
                    connection: Arc::clone(&login.connection),
                    _place: place,
                });
            }
        }
        if let Some(failed) = &logins.failed
            && failed.at + GIVEN_UP > asked
        {
            return Err(failed.error());
        }
        // It may be behind another one.
        let connection = match client.connect_to_jump(jump).await {
            Ok(connection) => Arc::new(connection),
            Err(error) => {
                let (at, jump) = (Instant::now(), Arc::clone(&jump.name));
                let failed = match error {
                    // The first one on the way that was not reached is the one to name.
                    ConnectError::Jump { jump, reason } => Failed { at, jump, reason },
                    error => Failed {
                        at,
                        jump,
                        reason: error.to_string(),
                    },
                };
                let error = failed.error();
                logins.failed = Some(failed);
                return Err(error);
            }
        };
        logins.failed = None;
        let places = Arc::new(Semaphore::new(PLACES));
        let place = Arc::clone(&places).acquire_owned().await;
        logins.open.push(Login {
            connection: Arc::clone(&connection),
            places,
        });
        Ok(Passage {
            jump: Arc::clone(jump),
            connection,
            _place: place.expect("nobody closes the semaphore"),
        })
    }
}

impl Failed {
    fn error(&self) -> ConnectError {
        ConnectError::Jump {
            jump: Arc::clone(&self.jump),
            reason: self.reason.clone(),
        }
    }
}

impl Passage {
    /// Has the jump host connect to `address`. What becomes of the name is its business.
    pub(super) async fn open(
        &self,
        address: &Address,
        attempt: &Attempt<'_>,
    ) -> Result<ChannelStream<Msg>, ConnectError> {
        let opening = self.connection.pass_on(address);
        let refused = |reason: String| ConnectError::NotPassedOn {
            jump: Arc::clone(&self.jump.name),
            address: address.clone(),
            reason,
        };
        match attempt.within(Stage::Tcp, opening).await? {
            Ok(channel) => Ok(channel.into_stream()),
            Err(russh::Error::ChannelOpenFailure(failure)) => Err(refused(reason(&failure))),
            Err(_) => Err(ConnectError::Jump {
                jump: Arc::clone(&self.jump.name),
                reason: format!(
                    "the connection to it was lost: {}",
                    self.connection.ending()
                ),
            }),
        }
    }
}

fn reason(failure: &russh::ChannelOpenFailure) -> String {
    use russh::ChannelOpenFailure::{AdministrativelyProhibited, ConnectFailed};
    match failure {
        ConnectFailed => "it could not connect there".into(),
        AdministrativelyProhibited => {
            "its SSH server does not allow it; see `AllowTcpForwarding` and `PermitOpen` in its sshd_config".into()
        }
        other => format!("{other:?}"),
    }
}
