//! How to reach a host and whom to become there: plain values, made by the inventory from `ansible_*` variables.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::inventory::password::Password;

pub use crate::inventory::connection::{BecomeMethod, ConnectionKind, HostKeyChecking};

/// Where a host listens.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (22, _) => formatter.write_str(&self.host),
            (port, false) => write!(formatter, "{}:{port}", self.host),
            (port, true) => write!(formatter, "[{}]:{port}", self.host),
        }
    }
}

/// How to reach a host.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ConnectionSettings {
    /// By what means.
    pub kind: ConnectionKind,
    /// Where it listens; of no meaning to a local connection.
    pub address: Address,
    /// Whom to log in as; without it, the name of the user who runs the controller.
    pub user: Option<String>,
    /// The only key to log in with; without it, those of the agent and the usual files are tried.
    pub private_key_file: Option<PathBuf>,
    /// The only file of known host keys; without it, the user's and the system's.
    pub known_hosts_file: Option<PathBuf>,
    /// What to do with a host key that is not known.
    pub host_key_checking: HostKeyChecking,
    /// The longest time from the first packet to the login.
    pub connect_timeout: Duration,
    /// What is tried after the keys.
    pub password: Option<Password>,
    /// What `sudo` is told if it asks: the login user's password.
    pub become_password: Option<Password>,
    /// The host that it is reached through.
    pub through: Option<Arc<JumpHost>>,
}

/// A host that others are reached through. It may itself be behind another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct JumpHost {
    /// How messages call it.
    pub name: Arc<str>,
    /// How to reach it.
    pub settings: ConnectionSettings,
}

impl ConnectionSettings {
    /// An SSH connection to `address`, everything else as usual.
    pub fn ssh(address: Address) -> Self {
        Self {
            kind: ConnectionKind::Ssh,
            address,
            user: None,
            private_key_file: None,
            known_hosts_file: None,
            host_key_checking: HostKeyChecking::Strict,
            connect_timeout: Duration::from_secs(10),
            password: None,
            become_password: None,
            through: None,
        }
    }

    /// The same for a login as `user`. The password of another is not for them.
    #[must_use]
    pub fn of(self, user: &str) -> Self {
        let is_other = self.user.as_deref().is_some_and(|other| other != user);
        Self {
            password: self.password.filter(|_| !is_other),
            user: Some(user.to_owned()),
            ..self
        }
    }

    /// Whom to log in as, if anybody says. Where there is no login it is whoever runs this.
    pub(super) fn user_name(&self) -> Option<String> {
        let own = || env::var("LOGNAME").or_else(|_| env::var("USER")).ok();
        let given = self.user.clone();
        let given = given.filter(|_| self.kind == ConnectionKind::Ssh);
        given.or_else(own)
    }

    /// No connection: the host is this machine.
    pub fn local() -> Self {
        Self {
            kind: ConnectionKind::Local,
            ..Self::ssh(Address {
                host: "localhost".into(),
                port: 22,
            })
        }
    }
}

/// Whom to become after the login.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Become {
    /// The user.
    pub user: String,
    /// By what means.
    pub method: BecomeMethod,
    /// Options for the method's program, split as a shell does it; without them, the usual ones. `-n` for `doas` is
    /// there in any case, and for `sudo` until a password is given to it: nobody answers if they ask for one.
    pub flags: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Address, ConnectionSettings, Password};

    #[test]
    fn a_password_stays_with_its_user() {
        let host = "gate".to_owned();
        let mut settings = ConnectionSettings::ssh(Address { host, port: 22 });
        settings.password = Password::new("sesame");
        let nobody = settings.clone().of("alice");
        assert!(nobody.password.is_some());
        assert!(nobody.clone().of("alice").password.is_some());
        assert_eq!(nobody.of("bob").password, None);
    }
}
