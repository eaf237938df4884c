//! A jump host as it is written: `[user@]host[:port]`. Whether there is such a host is for `routes` to say.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

/// What stands for no jump host at all.
const NONE: &str = "none";

/// What a list of jump hosts must be.
pub const EXPECTED: &str = "`none`, or `[user@]host[:port]`, several with commas";

/// A host that others are reached through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Whom to log in as, if that is said.
    pub user: Option<String>,
    /// A host of the inventory, or an address.
    pub host: String,
    /// The port of its SSH server, if that is said.
    pub port: Option<u16>,
}

/// Why a text is no list of jump hosts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}`{part}`, {flaw}", if part == text { "" } else { "in it " })]
pub struct InvalidJump {
    text: String,
    part: String,
    flaw: &'static str,
}

impl Jump {
    /// The jump hosts that a text names, the first one first. `none` names no host.
    pub fn list(text: &str) -> Result<Vec<Self>, InvalidJump> {
        if text.trim() == NONE {
            return Ok(Vec::new());
        }
        text.split(',')
            .map(|part| {
                let part = part.trim();
                Self::parse(part).map_err(|flaw| InvalidJump {
                    text: text.to_owned(),
                    part: part.to_owned(),
                    flaw,
                })
            })
            .collect()
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (user, address) = match text.rsplit_once('@') {
            Some(("", _)) => return Err("with no user before the `@`"),
            // Of a URL, or before a password.
            Some((user, _)) if user.contains(':') => {
                return Err("with a `:` in the name of the user");
            }
            Some((user, address)) => (Some(user.to_owned()), address),
            None => (None, text),
        };
        let (host, port) = split(address)?;
        let odd = |letter: char| letter.is_whitespace() || letter.is_control();
        if host.is_empty() {
            return Err("in which there is no host");
        }
        if text.contains(odd) || host.contains(['/', '@', '[', ']']) || host.starts_with('-') {
            return Err("which is no host");
        }
        if host == NONE {
            return Err("which stands for no jump host and has others beside it");
        }
        let port = port.map(|port| {
            let number = port.parse().ok().filter(|port| *port > 0);
            number.ok_or("whose port is no number from 1 to 65535")
        });
        Ok(Self {
            user,
            host: host.to_owned(),
            port: port.transpose()?,
        })
    }
}

/// Host and port. An IPv6 address with a port stands in brackets.
fn split(address: &str) -> Result<(&str, Option<&str>), &'static str> {
    if address.parse::<Ipv6Addr>().is_ok() {
        return Ok((address, None));
    }
    if let Some(rest) = address.strip_prefix('[') {
        let Some((host, rest)) = rest.split_once(']') else {
            return Err("in which a bracket is not closed");
        };
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((host, None)),
            (_, Some(port)) => Ok((host, Some(port))),
            _ => Err("which is no host"),
        };
    }
    match address.split_once(':') {
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((address, None)),
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(formatter, "{user}@")?;
        }
        match (self.port, self.host.contains(':')) {
            (None, _) => formatter.write_str(&self.host),
            (Some(port), false) => write!(formatter, "{}:{port}", self.host),
            (Some(port), true) => write!(formatter, "[{}]:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Jump;

    type Parts = (Option<String>, String, Option<u16>);

    fn read(text: &str) -> Result<Vec<Parts>, String> {
        let parts = |jump: Jump| (jump.user, jump.host, jump.port);
        let list = Jump::list(text).map_err(|error| error.to_string())?;
        Ok(list.into_iter().map(parts).collect())
    }

    #[test]
    fn users_and_ports_may_be_left_out() {
        let host =
            |user: Option<&str>, host: &str, port| (user.map(str::to_owned), host.to_owned(), port);
        for (text, expected) in [
            ("b", vec![host(None, "b", None)]),
            ("ops@b:2222", vec![host(Some("ops"), "b", Some(2222))]),
            ("ops@corp@b", vec![host(Some("ops@corp"), "b", None)]),
            (
                "a, me@192.0.2.1",
                vec![host(None, "a", None), host(Some("me"), "192.0.2.1", None)],
            ),
            ("2001:db8::1", vec![host(None, "2001:db8::1", None)]),
            (
                "[2001:db8::1]:22",
                vec![host(None, "2001:db8::1", Some(22))],
            ),
            ("[b]", vec![host(None, "b", None)]),
            (" none ", vec![]),
        ] {
            assert_eq!(read(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_jump_host_is_said() {
        for (text, said) in [
            ("", "``, in which there is no host"),
            ("a,,b", "in it ``, in which there is no host"),
            ("@b", "`@b`, with no user before the `@`"),
            (
                "ssh://ops@b",
                "`ssh://ops@b`, with a `:` in the name of the user",
            ),
            ("b:", "`b:`, whose port is no number from 1 to 65535"),
            (
                "a,b:0",
                "in it `b:0`, whose port is no number from 1 to 65535",
            ),
            (
                "b:65536",
                "`b:65536`, whose port is no number from 1 to 65535",
            ),
            ("[::1", "`[::1`, in which a bracket is not closed"),
            ("[::1]22", "`[::1]22`, which is no host"),
            ("-oProxyCommand=x", "`-oProxyCommand=x`, which is no host"),
            ("a b", "`a b`, which is no host"),
            (
                "none,b",
                "in it `none`, which stands for no jump host and has others beside it",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), said);
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["b", "ops@b:2222", "[2001:db8::1]:22", "2001:db8::1"] {
            assert_eq!(Jump::list(text).unwrap()[0].to_string(), text);
        }
    }
}
