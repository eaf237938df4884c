//! Connecting to hosts, and what can be done on a connection.

use std::sync::Arc;

use provision_worker::module::Flavour;

use super::bootstrap::{Bootstrap, STDERR_LIMIT, Wanted};
use super::embedded::WORKERS;
use super::error::{ConnectError, ExecError, Exit, WorkerError};
use super::local;
use super::login_times::LoginTimes;
use super::program::{Input, Invocation, Output};
use super::prompt::Prompt;
use super::settings::{Become, ConnectionKind, ConnectionSettings};
use super::ssh;
use super::worker::Worker;

/// The most that a raw command may write to each of its outputs.
const RAW_LIMIT: usize = 4 << 20;

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
        Ok(Session { host, way, times })
    }
}

/// The connection to a host. Any number of workers and commands can run on it at once.
pub struct Session {
    host: Arc<str>,
    way: Way,
    /// How long it took to log in.
    pub times: LoginTimes,
}

enum Way {
    Ssh(ssh::Connection),
    Local,
}

/// What a raw command left behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawOutput {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to stderr.
    pub stderr: Vec<u8>,
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
            let invocation = wanted.invocation();
            let (input, output) = self.start(&invocation, STDERR_LIMIT).await?;
            let bootstrap = Bootstrap {
                input,
                output,
                wanted,
            };
            match bootstrap.start(&invocation).await {
                Ok(worker) => return Ok(worker),
                Err(failed) if failed.is_doubtful && !wanted.verify => wanted.verify = true,
                Err(failed) => return Err(failed.error),
            }
        }
    }

    /// Runs a command that needs no worker: of the login user in the login shell, of another in `sh`. Its stdin is
    /// empty. It has no limit in time; dropping the future closes its channel.
    pub async fn exec_raw(
        &self,
        command: &str,
        become_: Option<&Become>,
    ) -> Result<RawOutput, ExecError> {
        let invocation = match become_ {
            None => Invocation::Login(command.to_owned()),
            Some(_) => Invocation::Script {
                text: command.to_owned(),
                become_: become_.cloned(),
            },
        };
        let (mut input, mut output) = self.start(&invocation, RAW_LIMIT).await?;
        input.write(invocation.input().to_vec()).await?;
        drop(input);
        let mut stdout = Vec::new();
        while let Some(bytes) = output.next().await? {
            stdout.extend(bytes);
            if stdout.len() > RAW_LIMIT {
                return Err(ExecError::TooMuchOutput {
                    host: self.host.to_string(),
                    limit: RAW_LIMIT,
                });
            }
        }
        match output.exit() {
            Some(Exit::Lost(reason)) => Err(ExecError::Lost {
                host: self.host.to_string(),
                reason: reason.clone(),
            }),
            exit => Ok(RawOutput {
                exit: exit.cloned().unwrap_or(Exit::Status(0)),
                stdout,
                stderr: output.stderr(),
            }),
        }
    }

    async fn start(
        &self,
        invocation: &Invocation,
        stderr_limit: usize,
    ) -> Result<(Input, Output), ExecError> {
        match &self.way {
            Way::Ssh(connection) => connection.start(invocation, stderr_limit).await,
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
