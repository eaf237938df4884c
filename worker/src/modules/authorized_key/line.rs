//! One line of `authorized_keys`: options, type, key, comment, as sshd(8) describes it.

use std::fmt;

/// A public key with what is written before and behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// What the key may do, or nothing.
    pub(super) options: String,
    kind: String,
    text: String,
    /// What a person calls it, or nothing.
    pub(super) comment: String,
}

impl Key {
    /// Whether both are the same key, whatever is said about it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.text == other.text
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.options, &self.kind, &self.text, &self.comment];
        let parts: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        f.write_str(&parts.join(" "))
    }
}

/// Reads a line; `None` if there is no key in it.
pub(super) fn parse(line: &str) -> Option<Key> {
    if line.starts_with('#') {
        return None;
    }
    let (first, rest) = split_word(line);
    let (options, kind, rest) = if is_kind(first) {
        ("", first, rest)
    } else {
        let (kind, rest) = split_word(rest);
        (first, kind, rest)
    };
    let (text, comment) = split_word(rest);
    (is_kind(kind) && is_key_text(text)).then(|| Key {
        options: options.to_owned(),
        kind: kind.to_owned(),
        text: text.to_owned(),
        comment: comment.to_owned(),
    })
}

fn is_kind(word: &str) -> bool {
    let prefixes = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];
    prefixes.iter().any(|prefix| word.starts_with(prefix))
}

/// Whether it can be a key in base64. Each begins with the length of its type, and so with zero bytes.
fn is_key_text(word: &str) -> bool {
    word.starts_with("AAAA")
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// The first word and what follows it. White space in double quotes ends no word.
fn split_word(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    let end = text.find(|c: char| {
        match c {
            '"' if !escaped => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return true,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        false
    });
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (word, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_hold_quoted_blanks() {
        let line = r#"command="echo \"a b\"",no-pty ssh-rsa AAAAB3Nz me at home"#;
        let key = parse(line).expect("a key");
        assert_eq!(key.options, r#"command="echo \"a b\"",no-pty"#);
        assert_eq!(key.comment, "me at home");
        assert_eq!(key.to_string(), line);
    }

    #[test]
    fn what_is_no_key_is_told_from_one() {
        for line in ["", "# ssh-rsa AAAAB3Nz", "ssh-rsa", "ssh-rsa keys/me.pub", "AAAAB3Nz", "a b c"] {
            assert_eq!(parse(line), None, "{line}");
        }
        assert!(parse("sk-ssh-ed25519@openssh.com AAAAGnNr").is_some());
    }
}
