//! In which forms a secret may turn up in a text, and which texts are too common to be hidden.

use crate::value::excerpt;

/// The fewest characters of a secret that is hidden within other texts.
const SHORTEST: usize = 4;

/// The fewest digits of a number that is a secret.
pub(super) const SHORTEST_NUMBER: usize = 6;

/// The fewest characters of a line that is hidden by itself.
const SHORTEST_LINE: usize = 8;

/// Whether nobody can be told anything by this text, while hiding it would hide half of the output.
pub(super) fn is_common(text: &str) -> bool {
    const COMMON: [&str; 11] = [
        "",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "null",
        "none",
        "~",
        "localhost",
    ];
    COMMON.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a text is hidden only where it stands alone.
pub(super) fn is_short(text: &str) -> bool {
    text.chars().nth(SHORTEST - 1).is_none()
}

/// The text itself; as JSON, shells and YAML write it between quotes; as messages shorten it; and its lines.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    written(text, &mut forms);
    let short = excerpt(text);
    // The mark of the cut is no part of it: others cut at the same place.
    if let Some(short) = short.strip_suffix('…')
        && short.trim().chars().count() >= SHORTEST_LINE
    {
        forms.push(short.trim().to_owned());
    }
    if text.contains('\n') {
        forms.extend(of_lines(text));
    }
    forms
}

/// The lines that are long enough. Those that enclose a key say nothing.
pub(super) fn of_lines(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for line in text.lines().map(str::trim) {
        let telling = line.chars().any(char::is_alphanumeric) && !line.starts_with("-----");
        if telling && line.chars().count() >= SHORTEST_LINE {
            forms.push(line.to_owned());
            written(line, &mut forms);
        }
    }
    forms
}

/// How a text is written between quotes, where that is different.
fn written(text: &str, forms: &mut Vec<String>) {
    let json = serde_json::Value::from(text).to_string();
    let json = &json[1..json.len() - 1];
    if json != text {
        forms.push(json.to_owned());
        // A JSON text within JSON.
        let twice = serde_json::Value::from(json).to_string();
        forms.push(twice[1..twice.len() - 1].to_owned());
    }
    if text.contains('\'') {
        forms.extend(["'\\''", "'\"'\"'", "''"].map(|quote| text.replace('\'', quote)));
    }
}
