//! Connecting to hosts, and what can be done on a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use provision_worker::module::Flavour;

use super::bootstrap::{Bootstrap, STDERR_LIMIT, Wanted};
use super::embedded::WORKERS;
use super::error::{ConnectError, ExecError, Exit, WorkerError};
use super::local;
use super::login_times::LoginTimes;
use super::passwords::{Passwords, Purpose};
use super::program::{Asking, Input, Invocation, Output};
use super::prompt::Prompt;
use super::settings::{Become, BecomeMethod, ConnectionKind, ConnectionSettings};
use super::ssh;
use super::sudo::Applicant;
use super::worker::Worker;
use crate::inventory::password::Password;

/// What the connections of a run share: known host keys, private keys, and the pace of logins.
pub struct Connector {
    ssh: ssh::Client,
}

impl Connector {
    /// A connector that asks for passphrases with `prompt`.
    pub fn new(prompt: Arc<dyn Prompt>) -> Self {
        Self {
            ssh: ssh::Client::new(prompt),
        }
    }

    /// Connects to the host that messages call `host_name`. Waits for its turn if many others are logging in;
    /// the limit counts from then on.
    pub async fn connect(
        &self,
        host_name: &str,
        settings: &ConnectionSettings,
    ) -> Result<Session, ConnectError> {
        let host: Arc<str> = host_name.into();
        let mut times = LoginTimes::default();
        let way = match settings.kind {
            ConnectionKind::Ssh => {
                let connection = self.ssh.connect(&host, settings).await?;
                times = connection.times;
                Way::Ssh(connection)
            }
            ConnectionKind::Local => Way::Local,
        };
        let become_password = settings.become_password.clone();
        Ok(Session {
            host,
            way,
            times,
            sudo: become_password.map(|password| Sudo {
                password,
                login: settings.user_name().unwrap_or_default(),
                asks: AtomicBool::new(false),
                passwords: Arc::clone(&self.ssh.passwords),
            }),
        })
    }
}

/// The connection to a host. Any number of workers can run on it at once.
pub struct Session {
    host: Arc<str>,
    way: Way,
    /// How long it took to log in.
    pub times: LoginTimes,
    /// What there is to tell sudo.
    sudo: Option<Sudo>,
}

/// What there is to tell sudo, if it asks.
struct Sudo {
    password: Password,
    /// Whose it is.
    login: String,
    /// Whether it has asked on this host.
    asks: AtomicBool,
    passwords: Arc<Passwords>,
}

enum Way {
    Ssh(ssh::Connection),
    Local,
}

impl Session {
    /// Starts a worker as the user of `become_`, or as the login user; installs it there if necessary.
    pub async fn start_worker(
        &self,
        flavour: Flavour,
        become_: Option<&Become>,
    ) -> Result<Worker, WorkerError> {
        let mut wanted = Wanted {
            workers: WORKERS,
            flavour,
            become_,
            verify: false,
        };
        loop {
            let asking = self.asking(become_);
            let asked = asking.is_some();
            let invocation = wanted.invocation(asking.clone());
            let started = self.start(&invocation, STDERR_LIMIT).await?;
            let (input, output) = match (asking, become_) {
                (Some(asking), Some(become_)) => {
                    self.give_password(asking, become_, started).await?
                }
                _ => started,
            };
            let bootstrap = Bootstrap {
                input,
                output,
                wanted,
            };
            match bootstrap.start(&invocation).await {
                Ok(worker) => return Ok(worker),
                Err(failed) if failed.is_doubtful && !wanted.verify => wanted.verify = true,
                Err(failed) if !asked && self.might_ask(become_, &failed.error) => {}
                Err(failed) => return Err(failed.error),
            }
        }
    }

    /// How sudo is to ask, on a host on which it does, if there is something to tell it.
    fn asking(&self, become_: Option<&Become>) -> Option<Asking> {
        let asks = self.sudo.as_ref()?.asks.load(Ordering::Relaxed);
        let is_sudo = become_?.method == BecomeMethod::Sudo;
        (asks && is_sudo).then(Asking::new)
    }

    /// Whether to begin once more and be asked: sudo was not willing without a password, and there is one. In which words
    /// it says so depends on its language, and on which sudo it is.
    fn might_ask(&self, become_: Option<&Become>, error: &WorkerError) -> bool {
        let is_sudo = become_.is_some_and(|become_| become_.method == BecomeMethod::Sudo);
        let refused = matches!(
            error,
            WorkerError::BecomePassword { .. }
                | WorkerError::NotStarted {
                    exit: Exit::Status(1),
                    ..
                }
        );
        let Some(sudo) = self.sudo.as_ref().filter(|_| is_sudo && refused) else {
            return false;
        };
        sudo.asks.store(true, Ordering::Relaxed);
        true
    }

    /// Waits until sudo has what it wants, and the shell is there.
    async fn give_password(
        &self,
        asking: Asking,
        become_: &Become,
        (mut input, mut output): (Input, Output),
    ) -> Result<(Input, Output), WorkerError> {
        let Some(sudo) = &self.sudo else {
            return Ok((input, output));
        };
        let turn = sudo
            .passwords
            .turn(Purpose::Sudo, &sudo.login, &sudo.password);
        let turn = turn.await.map_err(|by| WorkerError::PasswordNotTried {
            host: self.host.to_string(),
            login: sudo.login.clone(),
            by,
        })?;
        let applicant = Applicant {
            host: &self.host,
            login: &sudo.login,
            user: &become_.user,
            password: &sudo.password,
        };
        applicant
            .give(&asking, turn, &mut input, &mut output)
            .await?;
        Ok((input, output))
    }

    async fn start(
        &self,
        invocation: &Invocation,
        stderr_limit: usize,
    ) -> Result<(Input, Output), ExecError> {
        match &self.way {
            Way::Ssh(connection) => {
                let command_line = invocation.command_line()?;
                connection.start(command_line, stderr_limit).await
            }
            Way::Local => local::start(&self.host, invocation, stderr_limit),
        }
    }

    /// Ends the connection and all that runs on it.
    pub async fn close(self) {
        match self.way {
            Way::Ssh(connection) => connection.close().await,
            Way::Local => {}
        }
    }
}
