//! Passwords that stand in plain text, by the names of the variables that hold them. They are found in the text itself,
//! because what is said about a file that cannot be read shows its lines as well.

/// What the names of all such variables begin with.
const PREFIX: &str = "ansible_";

/// What they end with.
const ENDS: [&str; 3] = ["pass", "password", "passphrase"];

/// Whether what a variable of this name holds is a password, be it obeyed or not.
pub fn is_password(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| ENDS.iter().any(|end| rest.ends_with(end)))
}

/// Whether a template makes the value, which is then no password itself.
pub(super) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// The passwords of a text, be it YAML, JSON or INI.
pub(super) fn written_in(text: &str) -> Vec<&str> {
    if !ENDS.iter().any(|end| text.contains(end)) {
        return Vec::new();
    }
    let found = text.match_indices(PREFIX).filter_map(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if !is_password(name) || before.ends_with(is_part) {
            return None;
        }
        let line = before.rsplit('\n').next().unwrap_or_default();
        value(line, rest.lines().next().unwrap_or_default())
    });
    found.collect()
}

/// What stands behind a name, on its line.
fn value<'t>(before: &str, behind: &'t str) -> Option<&'t str> {
    let behind = behind
        .strip_prefix(['"', '\''])
        .unwrap_or(behind)
        .trim_start();
    let (mark, behind) = (behind.chars().next()?, behind.get(1..)?.trim());
    if !":=".contains(mark) {
        return None;
    }
    let text = match behind.chars().next()? {
        // A tag, an alias, a text on the lines that follow.
        '!' | '|' | '>' | '&' | '*' => return None,
        quote @ ('"' | '\'') => quoted(&behind[1..], quote),
        _ if mark == '=' && !before.trim().is_empty() => behind.split_whitespace().next()?,
        _ if mark == ':' && before.contains('{') => behind.split([',', '}']).next()?,
        _ => behind.split(" #").next()?,
    };
    Some(text.trim()).filter(|text| !text.is_empty() && !is_template(text))
}

/// A text up to the quote that ends it.
fn quoted(text: &str, quote: char) -> &str {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if letter == quote && !escaped {
            return &text[..at];
        }
        escaped = letter == '\\' && quote == '"' && !escaped;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{is_password, written_in};

    #[test]
    fn the_names_of_passwords_are_known() {
        for name in [
            "ansible_password",
            "ansible_ssh_pass",
            "ansible_become_pass",
            "ansible_sudo_pass",
        ] {
            assert!(is_password(name), "{name}");
        }
        for name in [
            "ansible_user",
            "password",
            "ansible_passive",
            "ansible_become",
        ] {
            assert!(!is_password(name), "{name}");
        }
    }

    #[test]
    fn passwords_are_found_however_they_are_written() {
        for (text, expected) in [
            ("ansible_password: one two # a note\n", vec!["one two"]),
            ("  a: {ansible_ssh_pass: one, b: 2}", vec!["one"]),
            (
                "{\"ansible_become_pass\": \"o\\\"ne\", \"x\": 1}",
                vec!["o\\\"ne"],
            ),
            ("'ansible_become_password' : 'one'", vec!["one"]),
            ("web1 ansible_ssh_pass=one ansible_port=22", vec!["one"]),
            ("web1 ansible_ssh_pass='one two' x=1", vec!["one two"]),
            ("ansible_become_pass = one two", vec!["one two"]),
            ("-e ansible_sudo_pass=one", vec!["one"]),
            // What stands behind it may well be a template.
            ("web1 ansible_ssh_pass=one ip=\"{{ x }}\"", vec!["one"]),
            ("ansible_password: one # not {{ two }}", vec!["one"]),
            (
                "ansible_password: a: [broken\n  ansible_password: b",
                vec!["a: [broken", "b"],
            ),
        ] {
            assert_eq!(written_in(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_leads_to_a_password_is_none() {
        for text in [
            "ansible_password: '{{ vaulted }}'",
            "ansible_password: !vault |\n  abc",
            "ansible_password: |\n  abc",
            "ansible_password:",
            "the variable ansible_password",
            "my_ansible_password: x",
            "password: x",
        ] {
            assert_eq!(written_in(text), Vec::<&str>::new(), "{text}");
        }
    }
}
