//! The names of hosts and groups. A name that exists is valid: it cannot be taken for a pattern, an option
//! or a path.

use std::borrow::Borrow;
use std::fmt;

use thiserror::Error;

use crate::value::{Value, type_name};

/// Why a text is no name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{name}` is no name for a {what}: {flaw}")]
pub struct InvalidName {
    what: &'static str,
    name: String,
    /// What is wrong with it.
    pub flaw: NameFlaw,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NameFlaw {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// It begins with something else than a letter, a digit or `_`.
    #[error("it must begin with a letter, a digit or `_`")]
    Beginning,
    /// It holds a character that names do not have.
    #[error("`{0}` is not allowed, only letters, digits, `_`, `-` and `.` are")]
    Character(char),
}

fn check(what: &'static str, name: &str) -> Result<(), InvalidName> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let flaw = if name.is_empty() {
        NameFlaw::Empty
    } else if let Some(character) = name.chars().find(|c| !allowed(*c)) {
        NameFlaw::Character(character)
    } else if name.starts_with(['-', '.']) {
        NameFlaw::Beginning
    } else {
        return Ok(());
    };
    let name = name.to_owned();
    Err(InvalidName { what, name, flaw })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name that a text is.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check($what, &name)?;
                Ok(Self(name))
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a host in the inventory. Its address may be another: see `ansible_host`.
    HostName,
    "host"
);

name!(
    /// The name of a group of hosts.
    GroupName,
    "group"
);

impl GroupName {
    /// The group of all hosts.
    pub const ALL: &str = "all";
    /// The group of the hosts that are in no group but `all`.
    pub const UNGROUPED: &str = "ungrouped";

    /// The groups that a value names: a list, or a text with commas. As in Ansible, one that is named after a value
    /// that a host gave may have blanks and dashes, which become `_`.
    pub fn listed(value: &Value) -> Result<Vec<Self>, String> {
        let texts: Vec<String> = match (value.as_array(), value.as_str()) {
            (Some(items), _) => items.iter().map(ToString::to_string).collect(),
            (None, Some(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
            (None, None) => {
                let what = type_name(value);
                return Err(format!("groups must be names, and this is {what}"));
            }
        };
        let name = |text: String| Self::new(text.replace([' ', '-'], "_"));
        let names: Result<Vec<_>, _> = texts.into_iter().map(name).collect();
        names.map_err(|error| error.to_string())
    }

    /// A name that is known to be valid.
    pub(super) fn implied(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupName, HostName};

    #[test]
    fn a_name_is_never_a_pattern_an_option_or_a_path() {
        for name in ["web1", "web-1.example.com", "10.0.0.1", "_x"] {
            HostName::new(name).expect(name);
            GroupName::new(name).expect(name);
        }
        for (name, reason) in [
            ("", "it is empty"),
            ("..", "it must begin with a letter, a digit or `_`"),
            (
                "-oProxyCommand",
                "it must begin with a letter, a digit or `_`",
            ),
            (
                "a/b",
                "`/` is not allowed, only letters, digits, `_`, `-` and `.` are",
            ),
            (
                "a:b",
                "`:` is not allowed, only letters, digits, `_`, `-` and `.` are",
            ),
        ] {
            let error = HostName::new(name).expect_err(name);
            assert_eq!(
                error.to_string(),
                format!("`{name}` is no name for a host: {reason}")
            );
        }
    }
}
