//! Why a host could not be reached, or its worker not be started, in one clear sentence each.
//!
//! Texts that come from a host are bounded before they get here, and shown as data.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::settings::{Address, BecomeMethod};

/// The way from an address to a login, for the messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Finding the address that belongs to a name.
    Lookup,
    /// Opening the TCP connection.
    Tcp,
    /// Agreeing on keys with the SSH server, and checking its host key.
    KeyExchange,
    /// Proving to the SSH server who we are.
    Login,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lookup => "the name lookup",
            Self::Tcp => "the TCP connection",
            Self::KeyExchange => "the SSH key exchange",
            Self::Login => "the login",
        })
    }
}

/// Why a host was not reached.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// There is no address for the name.
    #[error("no address was found for `{host}`: {source}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// There is nobody at the address, or nobody who wants to talk.
    #[error("no connection to {address}: {source}")]
    Tcp {
        /// The address.
        address: Address,
        /// What the system says.
        source: io::Error,
    },
    /// It took too long.
    #[error(
        "{address} did not answer within {} s: {stage} was not finished{}",
        limit.as_secs_f32(),
        passing(through.as_deref())
    )]
    Timeout {
        /// The address.
        address: Address,
        /// What was not finished.
        stage: Stage,
        /// The limit of all stages together.
        limit: Duration,
        /// The jump host that is between.
        through: Option<Arc<str>>,
    },
    /// The host that it is reached through was not reached.
    #[error("the jump host `{jump}` was not reached: {reason}")]
    Jump {
        /// The jump host.
        jump: Arc<str>,
        /// Why.
        reason: String,
    },
    /// The host that it is reached through does not reach it.
    #[error("the jump host `{jump}` gives no connection to {address}: {reason}")]
    NotPassedOn {
        /// The jump host.
        jump: Arc<str>,
        /// The address.
        address: Address,
        /// What it says.
        reason: String,
    },
    /// The connection ended before the login was done.
    #[error("{address} closed the connection during {stage}: {reason}")]
    Lost {
        /// The address.
        address: Address,
        /// What was not finished.
        stage: Stage,
        /// What is known about it.
        reason: String,
    },
    /// The two sides do not understand each other.
    #[error("{address} does not speak SSH as we do: {reason}")]
    Protocol {
        /// The address.
        address: Address,
        /// What was not understood.
        reason: String,
    },
    /// The host may not be the one that it should be.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
    /// No key was accepted, and no password.
    #[error("{address} refused the login of `{user}`: {}", tried_keys(tried))]
    Refused {
        /// The address.
        address: Address,
        /// Who wanted to log in.
        user: String,
        /// What was tried, and what was found unfit to try.
        tried: Vec<String>,
    },
    /// The key that the settings name cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Nobody says who logs in.
    #[error("the user to log in to {address} as is not known: set `ansible_user`")]
    NoUser {
        /// The address.
        address: Address,
    },
}

fn passing(jump: Option<&str>) -> String {
    jump.map_or_else(String::new, |jump| {
        format!(" (through the jump host `{jump}`)")
    })
}

fn tried_keys(tried: &[String]) -> String {
    if tried.is_empty() {
        "there is no key to log in with: start an ssh-agent that holds one, \
         or set `ansible_ssh_private_key_file`; a password is given by `ansible_password` or `--ask-password`"
            .to_owned()
    } else {
        format!("tried {}", tried.join(", "))
    }
}

/// A line of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file.display(), self.line)
    }
}

/// Why the key that a host showed was not accepted.
#[derive(Debug, Error)]
pub enum HostKeyError {
    /// The host is not known.
    #[error(
        "the host key of `{name}` is not known: it shows {key}; compare that with the host's own and log in \
         once with `ssh` to record it, or set `ansible_host_key_checking: accept-new`{}",
        authority_note(authority.as_ref())
    )]
    Unknown {
        /// The host, as `known_hosts` files name it.
        name: String,
        /// Type and fingerprint of the key.
        key: String,
        /// Where a certificate authority is recorded for the host.
        authority: Option<Place>,
    },
    /// The host is known with another key.
    #[error(
        "the host key of `{name}` has changed: {place} records {recorded}, it now shows {key}; either someone \
         is intercepting the connection or the host was installed anew; if you know that it was, remove the \
         old key with `ssh-keygen -f '{}' -R '{name}'`",
        place.file.display()
    )]
    Changed {
        /// The host, as `known_hosts` files name it.
        name: String,
        /// Type and fingerprint of the key.
        key: String,
        /// Type and fingerprint of the recorded key.
        recorded: String,
        /// Where it is recorded.
        place: Place,
    },
    /// The key must not be used any more.
    #[error(
        "the host key of `{name}`, {key}, is marked as revoked in {place}: do not trust this host"
    )]
    Revoked {
        /// The host, as `known_hosts` files name it.
        name: String,
        /// Type and fingerprint of the key.
        key: String,
        /// Where it is revoked.
        place: Place,
    },
    /// The known keys cannot be read.
    #[error("the known host keys in {} cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The new key cannot be recorded.
    #[error("the host key of `{name}` cannot be recorded in {}: {source}", file.display())]
    Record {
        /// The host, as `known_hosts` files name it.
        name: String,
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn authority_note(authority: Option<&Place>) -> String {
    authority.map_or_else(String::new, |place| {
        format!(
            "; {place} records a certificate authority for it, but host certificates are not supported"
        )
    })
}

/// Why a private key cannot be used.
#[derive(Clone, Debug, Error)]
#[error("the key {}: {reason}", file.display())]
pub struct KeyError {
    /// Its file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: KeyErrorReason,
}

/// What is wrong with a key.
#[derive(Clone, Debug, Error)]
pub enum KeyErrorReason {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// Others may read it.
    #[error("can be read by other users (mode {0:04o}): run `chmod 600` on it")]
    Exposed(u32),
    /// It is not a key.
    #[error("is not a private key: {0}")]
    Malformed(String),
    /// It is encrypted and nobody said how to decrypt it.
    #[error("is encrypted and no passphrase was given: add it to an ssh-agent")]
    Locked,
    /// It is encrypted with another passphrase.
    #[error("is not decrypted by the passphrase that was given")]
    WrongPassphrase,
    /// It is a public key, and the agent does not hold the private one.
    #[error("is only the public half, and no ssh-agent holds the private one")]
    NotInAgent,
}

/// Why a program was not started on a host, or did not end well.
#[derive(Debug, Error)]
pub enum ExecError {
    /// The connection is gone.
    #[error("the connection to `{host}` was lost: {reason}")]
    Lost {
        /// The host.
        host: String,
        /// What is known about it.
        reason: String,
    },
    /// The SSH server does not open one more channel or does not run commands.
    #[error("`{host}` refuses to run a program: {reason}")]
    Refused {
        /// The host.
        host: String,
        /// What it says.
        reason: String,
    },
    /// The program of a local connection was not started.
    #[error("`{program}` was not started: {source}")]
    Local {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The name is none that a command line should hold.
    #[error("`{0}` is not the name of a user")]
    User(String),
    /// The flags are none that a command line should hold.
    #[error(
        "the become flags `{0}` cannot be used: expected options, quoted as for a shell, none of which holds `!` \
         or a single quote"
    )]
    Flags(String),
}

/// Why there is no worker, or no more.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The host did not even start the shell.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// No worker fits the host.
    #[error(
        "`{host}` is {arch} and this build carries workers only for {carried}: put `provision-worker-{arch}` \
         and the others into a directory and build provision with PROVISION_WORKER_DIR naming it"
    )]
    Architecture {
        /// The host.
        host: String,
        /// What `uname -m` says there.
        arch: String,
        /// The architectures of this build.
        carried: String,
    },
    /// The worker's file cannot be put there.
    #[error("the worker cannot be installed on `{host}`: {reason}{}", says(stderr))]
    Install {
        /// The host.
        host: String,
        /// What does not work.
        reason: String,
        /// What the host's programs complained about.
        stderr: String,
    },
    /// The program that becomes another user is not willing without a password.
    #[error(
        "{} on `{host}` asks for a password to become `{user}`: {}, or log in as `{user}`",
        method.name(),
        way_without_password(*method)
    )]
    BecomePassword {
        /// The host.
        host: String,
        /// Whom to become.
        user: String,
        /// By what means.
        method: BecomeMethod,
    },
    /// The program that becomes another user does not take the password.
    #[error("sudo on `{host}` refused the password of `{login}`; it is not tried again")]
    PasswordRefused {
        /// The host.
        host: String,
        /// Whose password it is.
        login: String,
    },
    /// Another host has refused the same password.
    #[error(
        "sudo on `{host}` asks for the password of `{login}`, and the one that was given is not tried here: `{by}` \
         refused it, and more wrong tries could lock the account"
    )]
    PasswordNotTried {
        /// The host.
        host: String,
        /// Whose password it is.
        login: String,
        /// The host that has refused it.
        by: Arc<str>,
    },
    /// The worker did not come up.
    #[error("the worker on `{host}`{} did not start: {exit}{}", as_user(user.as_ref()), says(stderr))]
    NotStarted {
        /// The host.
        host: String,
        /// Whom to become.
        user: Option<String>,
        /// How the shell ended.
        exit: Exit,
        /// What the host's programs complained about.
        stderr: String,
    },
    /// The host talks and talks.
    #[error(
        "`{host}` wrote {limit} bytes and no worker came up: its login scripts must not print that much; \
         they began with {sample:?}"
    )]
    Noise {
        /// The host.
        host: String,
        /// The limit.
        limit: usize,
        /// How it began.
        sample: String,
    },
    /// The host went silent.
    #[error("`{host}` did not answer within {} s while its worker was being started{}", limit.as_secs(), says(stderr))]
    Timeout {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
        /// What the host's programs complained about.
        stderr: String,
    },
    /// The worker says something that this build does not understand.
    #[error("the worker on `{host}` sent something else than expected: {source}")]
    Protocol {
        /// The host.
        host: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The worker is another one than was installed.
    #[error("the worker on `{host}` is of build {found}, not {expected}")]
    Build {
        /// The host.
        host: String,
        /// What it says.
        found: String,
        /// What was installed.
        expected: String,
    },
    /// The worker died.
    #[error("the worker on `{host}` ended: {exit}{}", says(stderr))]
    Ended {
        /// The host.
        host: String,
        /// How.
        exit: Exit,
        /// What it complained about.
        stderr: String,
    },
}

fn way_without_password(method: BecomeMethod) -> &'static str {
    match method {
        BecomeMethod::Sudo => {
            "set `ansible_become_password`, use `--ask-become-password`, give the login user a NOPASSWD rule there"
        }
        BecomeMethod::Doas => "give the login user a `permit nopass` rule there",
        BecomeMethod::Su => "become it by `sudo` or `doas` with a rule that asks for none",
    }
}

fn as_user(user: Option<&String>) -> String {
    user.map_or_else(String::new, |user| format!(" as `{user}`"))
}

fn says(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

/// How a program on a host ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Exit {
    /// With an exit status.
    Status(u32),
    /// By a signal.
    Signal(String),
    /// With the connection.
    Lost(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "exit status {status}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
            Self::Lost(reason) => write!(formatter, "the connection was lost ({reason})"),
        }
    }
}
