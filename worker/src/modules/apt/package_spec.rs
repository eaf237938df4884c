//! How a package is asked for: `curl`, `curl:arm64`, `curl=7.88.1-10`, `curl=7.88*`.

use serde_json::Value;

use crate::arg::{Arg, Kind, Mismatch};

/// A package, and the version that is wanted if it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSpec {
    /// Its name, perhaps with `:ARCHITECTURE`.
    pub name: String,
    /// The version as written, perhaps with `*` at its end.
    pub version: Option<String>,
}

impl PackageSpec {
    fn parse_text(text: &str) -> Option<Self> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let (bare, architecture) = name.split_once(':').unwrap_or((name, "any"));
        let version_is_sound = version.is_none_or(|version| {
            let stem = version.strip_suffix('*').unwrap_or(version);
            !stem.is_empty() && stem.bytes().all(is_version_byte)
        });
        // apt takes a minus at the end of a name for "remove it".
        let sound = is_name(bare)
            && !bare.ends_with('-')
            && is_name(architecture)
            && version_is_sound;
        sound.then(|| Self {
            name: name.to_owned(),
            version: version.map(str::to_owned),
        })
    }

    /// Whether `version` is one that is wanted.
    pub fn accepts(&self, version: &str) -> bool {
        match self.version.as_deref() {
            None => true,
            Some(wanted) => match wanted.strip_suffix('*') {
                Some(stem) => version.starts_with(stem),
                None => version == wanted,
            },
        }
    }

    /// The one version that is wanted, if it is exactly one.
    pub fn exact_version(&self) -> Option<&str> {
        self.version
            .as_deref()
            .filter(|version| !version.ends_with('*'))
    }

    /// The package as apt is told of it.
    pub fn to_apt(&self) -> String {
        match &self.version {
            Some(version) => format!("{}={version}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Arg for PackageSpec {
    const KIND: Kind = Kind::String;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        value.as_str().and_then(Self::parse_text).ok_or_else(|| {
            Mismatch::expected(
                "a package such as `curl`, `curl=7.88.1-10` or `curl=7.88*`",
                value,
            )
        })
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'~' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> PackageSpec {
        PackageSpec::parse_text(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn versions_may_end_in_a_star() {
        assert!(spec("curl").accepts("1"));
        assert!(spec("curl=7.88.1-10").accepts("7.88.1-10"));
        assert!(!spec("curl=7.88.1-10").accepts("7.88.1-1"));
        assert!(spec("kubelet=1.31.*").accepts("1.31.2-1.1"));
        assert!(!spec("kubelet=1.31.*").accepts("1.3.12"));
        assert_eq!(spec("curl=1:2~a").exact_version(), Some("1:2~a"));
        assert_eq!(spec("curl=1*").exact_version(), None);
    }

    #[test]
    fn what_apt_would_take_for_something_else_is_refused() {
        for text in [
            "", "-y", "--purge", "curl-", "curl/stable", "./x.deb", "cu rl", "curl=", "curl=*",
            "curl=1*2", "lib*", "curl:", "curl=1 2",
        ] {
            assert_eq!(PackageSpec::parse_text(text), None, "{text}");
        }
        assert_eq!(spec("g++").to_apt(), "g++");
        assert_eq!(spec("libc6:i386").to_apt(), "libc6:i386");
    }
}
