//! Opening a connection: lookup, TCP, key exchange with the check of the host key, login; then channels on it.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::Channel;
use russh::client::{self, Config, DisconnectReason, Handle, Msg};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKeyOrCertificate};
use russh::{Disconnect, Preferred};
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::attempt::{Attempt, Ending, Through};
use super::auth;
use super::channel;
use super::host_key::{HostKeyCheck, KnownHostsFiles};
use super::jumps::{Jumps, Passage};
use super::keys::KeyFiles;
use super::pacing::Pacing;
use crate::transport::error::{ConnectError, ExecError, HostKeyError, Stage};
use crate::transport::login_times::LoginTimes;
use crate::transport::passwords::Passwords;
use crate::transport::program::{Input, Output, Source};
use crate::transport::prompt::Prompt;
use crate::transport::settings::{Address, ConnectionSettings, JumpHost};

/// How often a login that was dropped before it began is tried.
const TRIES: u32 = 3;

/// The shortest pause before the next try; the longest is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// In how many steps the pauses differ.
const SPREAD: u32 = 1000;

/// After this time without a word from the host it is asked for a sign of life.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// As many questions may be unanswered when it is time for the next one; then the connection counts as lost. So a
/// host that has vanished is noticed after a minute. A worker that hangs is not: its host's SSH server answers.
const KEEPALIVE_MAX: u32 = 3;

/// The host keys that are asked for. RSA signatures over SHA-1 are not among them.
const HOST_KEYS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha512),
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha256),
    },
];

/// As many packets of a channel may wait to be read before everything that comes on the connection waits for it.
const BUFFER: usize = 100;

/// The same on a connection that passes on others. Each of these reads nothing while it writes, and its writing may
/// be waiting for this connection: with little room, both could wait for each other for ever.
const JUMP_BUFFER: usize = 2000;

/// Where a login is to lead.
#[derive(Clone, Copy)]
struct Target<'a> {
    host: &'a Arc<str>,
    user: &'a str,
    settings: &'a ConnectionSettings,
    passage: Option<&'a Passage>,
    check: &'a Arc<HostKeyCheck>,
    buffer: usize,
}

/// What the connections of a run share.
pub(crate) struct Client {
    known_hosts: KnownHostsFiles,
    keys: KeyFiles,
    /// The passwords that were tried.
    pub(crate) passwords: Arc<Passwords>,
    pacing: Pacing,
    jumps: Jumps,
    /// [`KEEPALIVE`], except in tests.
    pub(super) keepalive: Duration,
}

impl Client {
    pub(crate) fn new(prompt: Arc<dyn Prompt>) -> Self {
        Self {
            known_hosts: KnownHostsFiles::default(),
            keys: KeyFiles::new(prompt),
            passwords: Arc::default(),
            pacing: Pacing::new(),
            jumps: Jumps::default(),
            keepalive: KEEPALIVE,
        }
    }

    /// Connects and logs in.
    pub(crate) async fn connect(
        &self,
        host: &Arc<str>,
        settings: &ConnectionSettings,
    ) -> Result<Connection, ConnectError> {
        self.connect_with(host, settings, BUFFER).await
    }

    /// Connects and logs in to a host that passes on the connections of others.
    pub(super) async fn connect_to_jump(
        &self,
        jump: &JumpHost,
    ) -> Result<Connection, ConnectError> {
        self.connect_with(&jump.name, &jump.settings, JUMP_BUFFER)
            .await
    }

    async fn connect_with(
        &self,
        host: &Arc<str>,
        settings: &ConnectionSettings,
        buffer: usize,
    ) -> Result<Connection, ConnectError> {
        let address = &settings.address;
        let user = settings.user_name().ok_or_else(|| ConnectError::NoUser {
            address: address.clone(),
        })?;
        let check = Arc::new(self.known_hosts.check(settings)?);
        let asked = tokio::time::Instant::now();
        let passage = match &settings.through {
            Some(jump) => Some(self.jumps.passage(self, jump).await?),
            None => None,
        };
        let _admission = self.pacing.admit(address).await;
        let through = passage.as_ref().map(|passage| Through {
            jump: Arc::clone(&passage.jump.name),
            ending: Arc::clone(&passage.connection.ending),
        });
        let mut attempt = Attempt::new(address, settings.connect_timeout, through);
        let mut tries = 1;
        loop {
            let target = Target {
                host,
                user: &user,
                settings,
                passage: passage.as_ref(),
                check: &check,
                buffer,
            };
            let connected = self.attempt(target, &mut attempt).await;
            match connected {
                Err(error) if tries < TRIES && attempt.may_be_repeated(&error) => {
                    // Those who were dropped together must not come back together.
                    let spread = RandomState::new().hash_one(tries) % u64::from(SPREAD);
                    let spread = u32::try_from(spread).unwrap_or_default();
                    let pause = PAUSE + PAUSE * spread / SPREAD;
                    attempt.within(Stage::Tcp, sleep(pause * tries)).await?;
                    attempt.again();
                    tries += 1;
                }
                Err(error) => return Err(error),
                Ok(handle) => {
                    return Ok(Connection {
                        host: Arc::clone(host),
                        times: attempt.times(asked),
                        handle,
                        ending: attempt.ending,
                        _passage: passage.map(Box::new),
                    });
                }
            }
        }
    }

    async fn attempt(
        &self,
        target: Target<'_>,
        attempt: &mut Attempt<'_>,
    ) -> Result<Handle<Handler>, ConnectError> {
        let Target {
            host,
            user,
            settings,
            check,
            ..
        } = target;
        let patience = self.keepalive * (KEEPALIVE_MAX + 1);
        let config = Config {
            keepalive_interval: Some(self.keepalive),
            keepalive_max: KEEPALIVE_MAX as usize,
            channel_buffer_size: target.buffer,
            preferred: Preferred {
                key: Cow::Owned(check.prefer(&HOST_KEYS)),
                ..Preferred::DEFAULT
            },
            ..Config::default()
        };
        let config = Arc::new(config);
        let handler = Handler {
            check: Arc::clone(check),
            ending: Arc::clone(&attempt.ending),
            patience,
        };
        let address = &settings.address;
        let exchanged = if let Some(passage) = target.passage {
            let stream = passage.open(address, attempt).await?;
            let exchange = client::connect_stream(config, stream, handler);
            // It is larger than all the rest, and nobody else needs room for it.
            attempt.within(Stage::KeyExchange, Box::pin(exchange)).await
        } else {
            let stream = open(address, attempt).await?;
            // Nothing is asked while bytes that the host does not acknowledge fill the buffers: then the kernel notices.
            let millis = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
            let _ = set_tcp_user_timeout(&stream, millis);
            let exchange = client::connect_stream(config, stream, handler);
            attempt.within(Stage::KeyExchange, exchange).await
        };
        let mut handle = exchanged?.map_err(|error| failed_exchange(error, address, attempt))?;
        attempt.exchanged = Some(tokio::time::Instant::now());
        let shared = (&self.keys, &*self.passwords);
        let is_known = !check.is_changed();
        auth::log_in(&mut handle, host, user, settings, is_known, shared, attempt).await?;
        Ok(handle)
    }
}

/// Opens the TCP connection, to the first of the host's addresses that answers. None of them may use up the
/// time of those that follow.
async fn open(address: &Address, attempt: &Attempt<'_>) -> Result<TcpStream, ConnectError> {
    let lookup = lookup_host((address.host.as_str(), address.port));
    let lookup_error = |source| ConnectError::Lookup {
        host: address.host.clone(),
        source,
    };
    let found = attempt.within(Stage::Lookup, lookup).await?;
    let candidates: Vec<_> = found.map_err(lookup_error)?.collect();
    let mut failure = None;
    for (index, candidate) in candidates.iter().enumerate() {
        let waiting = u32::try_from(candidates.len() - index).unwrap_or(u32::MAX);
        match timeout(attempt.left() / waiting, TcpStream::connect(candidate)).await {
            Ok(Ok(stream)) => {
                // Frames are small and each waits for an answer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(source)) => failure = Some(source),
            Err(_) => {}
        }
    }
    match failure {
        Some(source) => Err(ConnectError::Tcp {
            address: address.clone(),
            source,
        }),
        None if candidates.is_empty() => Err(lookup_error(io::ErrorKind::NotFound.into())),
        None => Err(attempt.timeout(Stage::Tcp)),
    }
}

fn failed_exchange(error: HandlerError, address: &Address, attempt: &Attempt<'_>) -> ConnectError {
    match error {
        HandlerError::HostKey(error) => error.into(),
        HandlerError::Ssh(error) => match error {
            russh::Error::Disconnect | russh::Error::HUP => attempt.lost(Stage::KeyExchange),
            russh::Error::IO(error) => {
                attempt.ending.set(error.to_string());
                attempt.lost(Stage::KeyExchange)
            }
            error => ConnectError::Protocol {
                address: address.clone(),
                reason: error.to_string(),
            },
        },
    }
}

/// What the SSH library asks us during a connection.
#[derive(Debug)]
pub(super) struct Handler {
    check: Arc<HostKeyCheck>,
    ending: Arc<Ending>,
    /// How long a host may be silent.
    patience: Duration,
}

/// Why the SSH library gives up: its reasons and ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandlerError {
    #[error(transparent)]
    Ssh(#[from] russh::Error),
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
}

impl client::Handler for Handler {
    type Error = HandlerError;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, HandlerError> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            // None was asked for.
            return Ok(false);
        };
        let (check, key) = (Arc::clone(&self.check), key.clone());
        let judged = spawn_blocking(move || check.accept(&key)).await;
        judged.map_err(|error| russh::Error::IO(error.into()))??;
        Ok(true)
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<HandlerError>,
    ) -> Result<(), HandlerError> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                // The host wrote it: as much as fits into a sentence, and no control characters.
                let said: String = info.message.chars().take(200).collect();
                self.ending.set(format!("it says {said:?}"));
            }
            DisconnectReason::Error(HandlerError::Ssh(russh::Error::Disconnect)) => {}
            DisconnectReason::Error(HandlerError::Ssh(russh::Error::KeepaliveTimeout)) => {
                let patience = self.patience.as_secs_f32();
                self.ending
                    .set(format!("it has not answered for {patience} s"));
            }
            DisconnectReason::Error(error) => self.ending.set(error.to_string()),
        }
        Ok(())
    }
}

/// A connection to a host, logged in.
pub(crate) struct Connection {
    host: Arc<str>,
    /// How long the login took.
    pub(crate) times: LoginTimes,
    handle: Handle<Handler>,
    ending: Arc<Ending>,
    /// The way through a jump host, which is there for as long as it is used.
    _passage: Option<Box<Passage>>,
}

impl Connection {
    /// Has the host connect to another.
    pub(super) async fn pass_on(&self, address: &Address) -> Result<Channel<Msg>, russh::Error> {
        let Address { host, port } = address;
        // Who asks is of interest to nobody but a log; it is what OpenSSH says for a connection that a program makes.
        let opening = self
            .handle
            .channel_open_direct_tcpip(host, u32::from(*port), "127.0.0.1", 0);
        opening.await
    }

    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Why it ended.
    pub(super) fn ending(&self) -> String {
        self.ending.reason()
    }

    /// Has the login shell start a program there, on a channel of its own.
    pub(crate) async fn start(
        &self,
        command_line: String,
        stderr_limit: usize,
    ) -> Result<(Input, Output), ExecError> {
        let channel = self.handle.channel_open_session().await;
        let channel = channel.map_err(|error| self.not_opened(&error))?;
        let started = channel.exec(true, command_line).await;
        started.map_err(|error| self.not_opened(&error))?;
        let (input, output) = channel::halves(&self.host, channel, &self.ending);
        let source = Source::Ssh(output);
        let output = Output::new(Arc::clone(&self.host), source, stderr_limit);
        Ok((Input::Ssh(input), output))
    }

    fn not_opened(&self, error: &russh::Error) -> ExecError {
        let host = self.host.to_string();
        match error {
            russh::Error::ChannelOpenFailure(failure) => ExecError::Refused {
                host,
                reason: format!(
                    "its SSH server opens no more channels ({failure:?}); see `MaxSessions` in its sshd_config"
                ),
            },
            _ => ExecError::Lost {
                host,
                reason: self.ending.reason(),
            },
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        // There is nothing to be done about a connection that is gone already.
        let _ = self
            .handle
            .disconnect(Disconnect::ByApplication, "done", "en")
            .await;
    }
}
