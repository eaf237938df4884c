//! Facts about the distribution and its package manager.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::files::Files;

/// The package managers, each with where its program is and the family it belongs to.
const PACKAGE_MANAGERS: [(&str, &str, &str); 6] = [
    ("apt", "/usr/bin/apt-get", "debian"),
    ("dnf", "/usr/bin/dnf", "redhat"),
    ("yum", "/usr/bin/yum", "redhat"),
    ("zypper", "/usr/bin/zypper", "suse"),
    ("apk", "/sbin/apk", "alpine"),
    ("pacman", "/usr/bin/pacman", "arch"),
];

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let release = files
        .text("/etc/os-release")
        .or_else(|| files.text("/usr/lib/os-release"))
        .map(|text| parse(&text))
        .unwrap_or_default();
    let get = |key: &str| release.get(key).cloned();
    let id_like: Vec<_> = release
        .get("ID_LIKE")
        .map(|ids| ids.split_ascii_whitespace().collect())
        .unwrap_or_default();
    let family = release
        .get("ID")
        .map(String::as_str)
        .into_iter()
        .chain(id_like.iter().copied())
        .find_map(family);

    let os = json!({
        "id": get("ID"),
        "id_like": id_like,
        "version_id": get("VERSION_ID"),
        "version_codename": get("VERSION_CODENAME"),
        "name": get("NAME"),
        "pretty_name": get("PRETTY_NAME"),
        "family": family,
    });
    facts.insert("os".into(), os);
    let manager = package_manager(files, family);
    facts.insert("package_manager".into(), manager.into());
}

/// The assignments of an `os-release` file, without the shell's quotes.
fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.trim().split_once('='))
        .filter(|(key, _)| !key.starts_with('#'))
        .map(|(key, value)| (key.to_owned(), unquote(value)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

fn unquote(value: &str) -> String {
    let inner = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|value| value.strip_suffix(quote))
    };
    if let Some(literal) = inner('\'') {
        return literal.to_owned();
    }
    let mut text = String::new();
    let mut characters = inner('"').unwrap_or(value).chars();
    while let Some(character) = characters.next() {
        text.extend(match character {
            '\\' => characters.next(),
            other => Some(other),
        });
    }
    text
}

fn family(id: &str) -> Option<&'static str> {
    Some(match id {
        "debian" | "ubuntu" => "debian",
        "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "ol" | "amzn" => "redhat",
        "suse" | "opensuse" | "sles" | "opensuse-leap" | "opensuse-tumbleweed" => "suse",
        "alpine" => "alpine",
        "arch" => "arch",
        _ => return None,
    })
}

/// The first that is installed, those of the host's own family before any other.
fn package_manager(files: &Files, family: Option<&str>) -> Option<&'static str> {
    let is_own = |of: &str| Some(of) == family;
    let installed = || {
        PACKAGE_MANAGERS
            .into_iter()
            .filter(|(_, program, _)| files.exists(program))
    };
    installed()
        .find(|(.., of)| is_own(of))
        .or_else(|| installed().next())
        .map(|(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn values_lose_the_quotes_of_the_shell() {
        assert_eq!(unquote("debian"), "debian");
        assert_eq!(unquote("\"Debian \\\"x\\\"\""), "Debian \"x\"");
        assert_eq!(unquote("'a\\b'"), "a\\b");
    }
}
