//! What a `known_hosts` file says about a host and the key that it shows, as OpenSSH reads it.
//!
//! Pure: no file is opened here. A `@cert-authority` line is recognised but never vouches for a key, because
//! host certificates are not asked for.

use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::{Algorithm, PublicKey};
use sha1::Sha1;

use crate::transport::error::Place;
use crate::transport::settings::Address;

/// A line that records a key.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Where it stands.
    pub(super) place: Place,
    entry: Entry,
}

/// What the records say about the key of a host.
#[derive(Clone, Debug)]
pub(super) enum Verdict<'a> {
    /// The key is recorded.
    Match,
    /// The host is not recorded, except perhaps as one of this certificate authority.
    Unknown(Option<&'a Record>),
    /// The host is recorded with other keys, such as this one.
    Changed(&'a Record),
    /// The key is marked as one not to be trusted.
    Revoked(&'a Record),
}

/// The records in the `text` of `file`. Lines that are none are passed over, so that one of a future kind breaks nothing.
pub(super) fn parse(file: &Path, text: &str) -> Vec<Record> {
    let records = text.lines().enumerate().filter_map(|(index, line)| {
        let fields: Vec<_> = line.split_whitespace().collect();
        if fields.first()?.starts_with('#') {
            return None;
        }
        // The parser wants single spaces; comments may hold anything and say nothing.
        let used = if fields[0].starts_with('@') { 4 } else { 3 };
        let entry = fields.get(..used)?.join(" ").parse().ok()?;
        let place = Place {
            file: file.to_owned(),
            line: index + 1,
        };
        Some(Record { place, entry })
    });
    records.collect()
}

/// What `known_hosts` files call the host at `address`.
pub(super) fn name(address: &Address) -> String {
    let host = address.host.to_lowercase();
    match address.port {
        22 => host,
        port => format!("[{host}]:{port}"),
    }
}

impl Record {
    /// The recorded key.
    pub(super) fn key(&self) -> &PublicKey {
        self.entry.public_key()
    }

    fn marker(&self) -> Option<Marker> {
        self.entry.marker().copied()
    }

    fn covers(&self, name: &str) -> bool {
        match self.entry.host_patterns() {
            HostPatterns::HashedName { salt, hash } => {
                let mut mac = Hmac::<Sha1>::new_from_slice(salt).expect("HMAC takes any key");
                mac.update(name.as_bytes());
                mac.verify_slice(hash).is_ok()
            }
            HostPatterns::Patterns(patterns) => {
                let matches = |pattern: &str| {
                    // Every record is looked at for every host: those of a thousand others must cost next to nothing.
                    if pattern.contains(['*', '?']) {
                        is_like(name.as_bytes(), pattern.to_ascii_lowercase().as_bytes())
                    } else {
                        pattern.eq_ignore_ascii_case(name)
                    }
                };
                let mut positive = patterns.iter().filter(|pattern| !pattern.starts_with('!'));
                let mut negative = patterns
                    .iter()
                    .filter_map(|pattern| pattern.strip_prefix('!'));
                positive.any(|pattern| matches(pattern)) && !negative.any(matches)
            }
        }
    }
}

/// Whether `text` is like `pattern`, in which `*` stands for any text and `?` for any letter.
fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    match (text, pattern) {
        ([], []) => true,
        (_, [b'*', rest @ ..]) => (0..=text.len()).any(|taken| is_like(&text[taken..], rest)),
        ([_, text @ ..], [b'?', pattern @ ..]) => is_like(text, pattern),
        ([a, text @ ..], [b, pattern @ ..]) => a == b && is_like(text, pattern),
        _ => false,
    }
}

/// What `records` say about `key` of the host at `address`.
pub(super) fn judge<'a>(
    records: impl Iterator<Item = &'a Record> + Clone,
    address: &Address,
    key: &PublicKey,
) -> Verdict<'a> {
    let verdict = judge_name(records.clone(), &name(address), key);
    if matches!(verdict, Verdict::Unknown(_)) && address.port != 22 {
        // As OpenSSH does: a key that is recorded for the host without a port is good for all its ports.
        let host = address.host.to_lowercase();
        match judge_name(records, &host, key) {
            without_port @ (Verdict::Match | Verdict::Revoked(_)) => return without_port,
            Verdict::Unknown(_) | Verdict::Changed(_) => {}
        }
    }
    verdict
}

fn judge_name<'a>(
    records: impl Iterator<Item = &'a Record> + Clone,
    name: &str,
    key: &PublicKey,
) -> Verdict<'a> {
    let records = records.filter(|record| record.covers(name));
    // The comment is part of a `PublicKey`'s equality, and is not part of the key.
    let is_key = |record: &&Record| record.key().key_data() == key.key_data();
    let marked = |marker| {
        let records = records.clone();
        records.filter(move |record| record.marker() == marker)
    };
    if let Some(record) = marked(Some(Marker::Revoked)).find(is_key) {
        return Verdict::Revoked(record);
    }
    if marked(None).any(|record| is_key(&record)) {
        return Verdict::Match;
    }
    // The record of the same type is the one that the user will want to see.
    let is_type = |record: &&Record| record.key().algorithm() == key.algorithm();
    match marked(None).find(is_type).or_else(|| marked(None).next()) {
        Some(record) => Verdict::Changed(record),
        None => Verdict::Unknown(marked(Some(Marker::CertAuthority)).next()),
    }
}

/// The types of the keys that are recorded for the host at `address`.
pub(super) fn algorithms<'a>(
    records: impl Iterator<Item = &'a Record>,
    address: &Address,
) -> Vec<Algorithm> {
    let (name, host) = (name(address), address.host.to_lowercase());
    records
        .filter(|record| record.marker().is_none())
        .filter(|record| record.covers(&name) || record.covers(&host))
        .map(|record| record.key().algorithm())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjAlxwYtepIo/4JhqFRcGav066FvDupsBhM41+v5Pyh";
    const OTHER: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKF+CqRQCBYupwoY6H8AN8GeXaHj+Wxy6lsbrsL8xv2o";
    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCjzEQmn41hH8DNH3SnZ7eeUBs84FTr5omAX8qDgu9r/2P0o7WwyhxOIgO3jpUByZJ8SYY+MlKVEFf7P7TfiSUQ=";

    fn address(host: &str, port: u16) -> Address {
        Address {
            host: host.into(),
            port,
        }
    }

    fn verdict(text: &str, host: &str, port: u16) -> String {
        let records = parse(Path::new("f"), text);
        let key: PublicKey = format!("{ED25519} root@h1").parse().unwrap();
        match judge(records.iter(), &address(host, port), &key) {
            Verdict::Match => "match".into(),
            Verdict::Unknown(None) => "unknown".into(),
            Verdict::Unknown(Some(record)) => format!("authority {}", record.place.line),
            Verdict::Changed(record) => format!("changed {}", record.place.line),
            Verdict::Revoked(record) => format!("revoked {}", record.place.line),
        }
    }

    #[test]
    fn keys_are_judged_as_openssh_does() {
        let hashed = "|1|UD2oAYpPoTU4PrSZn8KvcnyTFQ8=|O0mpZ2XWrRJ+ZfWSiJUF9k+0iyk=";
        let cases = [
            (format!("h {ED25519}"), "match"),
            (format!("H {ED25519} a comment # with more"), "match"),
            (format!("a,h,b {ED25519}"), "match"),
            (format!("h\t{}", ED25519.replace(' ', "\t \t")), "match"),
            (format!("  h {ED25519}"), "match"),
            (format!("# h {OTHER}\n\nh {ED25519}"), "match"),
            (format!("h {OTHER}\nh {ED25519}"), "match"),
            (
                format!("h ssh-dss AAAA\nh\n@new h {OTHER}\nh {ED25519}"),
                "match",
            ),
            (format!("* {ED25519}"), "match"),
            (format!("? {ED25519}"), "match"),
            (format!("*h*,!x {ED25519}"), "match"),
            (format!("*,!h {ED25519}"), "unknown"),
            (format!("!h,* {ED25519}"), "unknown"),
            (format!("!x {ED25519}"), "unknown"),
            (format!("hh {ED25519}"), "unknown"),
            (format!("[h]:22 {ED25519}"), "unknown"),
            (format!("{hashed} {ED25519}"), "unknown"),
            (String::new(), "unknown"),
            (format!("# comment\nh {OTHER}"), "changed 2"),
            (format!("h {ECDSA}"), "changed 1"),
            (format!("h {ECDSA}\nh {OTHER}"), "changed 2"),
            (format!("@revoked * {ED25519}\nh {ED25519}"), "revoked 1"),
            (format!("h {ED25519}\n@revoked\th {ED25519}"), "revoked 2"),
            (format!("@revoked h {OTHER}\nh {ED25519}"), "match"),
            (format!("@revoked h {OTHER}"), "unknown"),
            (format!("@cert-authority h {OTHER}"), "authority 1"),
            (format!("@cert-authority h {ED25519}"), "authority 1"),
            (format!("@cert-authority * {OTHER}\nh {ED25519}"), "match"),
        ];
        for (text, expected) in cases {
            assert_eq!(verdict(&text, "h", 22), expected, "{text}");
        }
    }

    #[test]
    fn a_port_other_than_22_is_part_of_the_name() {
        let cases = [
            (format!("[h]:2222 {ED25519}"), "match"),
            (format!("[*]:2222 {ED25519}"), "match"),
            (format!("[h]:2223 {ED25519}"), "unknown"),
            (format!("[h]:2222 {OTHER}"), "changed 1"),
            (format!("h {ED25519}"), "match"),
            (format!("h {OTHER}"), "unknown"),
            (format!("@revoked h {ED25519}"), "revoked 1"),
            (format!("[h]:2222 {OTHER}\nh {ED25519}"), "changed 1"),
        ];
        for (text, expected) in cases {
            assert_eq!(verdict(&text, "h", 2222), expected, "{text}");
        }
    }

    #[test]
    fn hashed_names_are_found() {
        // Made by `ssh-keygen -H` from `example.org` and `[example.org]:2222`.
        let text = include_str!("testdata/known_hosts_hashed");
        assert_eq!(verdict(text, "Example.org", 22), "match");
        assert_eq!(verdict(text, "example.org", 2222), "changed 2");
        assert_eq!(verdict(text, "example.com", 22), "unknown");
    }

    #[test]
    fn the_recorded_types_are_those_of_the_host() {
        let text = format!("h {ECDSA}\n@revoked h {ED25519}\nother {ED25519}\n[h]:2222 {OTHER}");
        let records = parse(Path::new("f"), &text);
        let ecdsa = ECDSA.parse::<PublicKey>().unwrap().algorithm();
        assert_eq!(
            algorithms(records.iter(), &address("h", 22)),
            std::slice::from_ref(&ecdsa)
        );
        assert_eq!(
            algorithms(records.iter(), &address("h", 2222)),
            [ecdsa, Algorithm::Ed25519]
        );
    }
}
