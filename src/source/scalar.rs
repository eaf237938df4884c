//! What a YAML scalar stands for, and which of its characters stand in the source.
//!
//! The rules are YAML 1.2's core schema with two exceptions that keep what was written: a whole number
//! with a leading zero (`0644`) and one that 64 bits cannot hold stay text.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use super::node::{NodeKind, Piece};

/// The kind of a plain scalar; nothing if it is text.
pub(super) fn resolve(text: &str) -> Option<NodeKind> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(NodeKind::Null),
        "true" | "True" | "TRUE" => return Some(NodeKind::Bool(true)),
        "false" | "False" | "FALSE" => return Some(NodeKind::Bool(false)),
        _ => {}
    }
    integer(text)
        .map(NodeKind::Int)
        .or_else(|| float(text).map(NodeKind::Float))
}

fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = unsigned(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !decimal || has_leading_zero(digits) {
        return None;
    }
    text.parse().ok()
}

/// `from_str_radix` alone would take a sign.
fn radix(digits: &str, radix: u32) -> Option<i64> {
    let valid = digits.chars().all(|c| c.is_digit(radix));
    valid
        .then(|| i64::from_str_radix(digits, radix).ok())
        .flatten()
}

fn float(text: &str) -> Option<f64> {
    let digits = unsigned(text);
    match digits {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if digits == text => return Some(f64::NAN),
        _ => {}
    }
    let shaped = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
        && digits.contains(['.', 'e', 'E']);
    if !shaped || has_leading_zero(digits) {
        return None;
    }
    text.parse().ok()
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit()
}

/// Which bytes of a scalar as it was `written` are its content: not its tag and its anchor (it is
/// `dressed` if it has one), not its quotes or its `|`, and not what the parser counts in after its end.
pub(super) fn content(written: &str, style: ScalarStyle, dressed: bool) -> Range<usize> {
    let mut start = 0;
    if dressed {
        while written[start..].starts_with(['!', '&', '#']) {
            let rest = &written[start..];
            let ends = |c: char| {
                if rest.starts_with('#') {
                    c == '\n'
                } else {
                    c.is_whitespace()
                }
            };
            let word = rest.find(ends).unwrap_or(rest.len());
            start += word + blank(&rest[word..]);
        }
    }
    let rest = &written[start..];
    match style {
        ScalarStyle::Plain => start..start + rest.trim_end().len(),
        ScalarStyle::SingleQuoted => start + 1..start + closing_quote(rest, '\''),
        ScalarStyle::DoubleQuoted => start + 1..start + closing_quote(rest, '"'),
        ScalarStyle::Literal | ScalarStyle::Folded => {
            // Without a tag or an anchor the parser's place begins after the `|` already.
            let header = rest
                .find('\n')
                .filter(|_| dressed)
                .map_or(0, |newline| newline + 1);
            start + header..start + rest.trim_end().len().max(header)
        }
    }
}

/// Where the quote that `text` begins with is closed.
fn closing_quote(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if quote == '"' && character == '\\' {
            characters.next();
        } else if character == quote {
            let doubled = quote == '\'' && characters.next_if(|(_, next)| *next == quote).is_some();
            if !doubled {
                return at;
            }
        }
    }
    text.len().max(1)
}

/// Where the words of a decoded scalar stand in `source`, which begins at byte `base` of the file.
/// Line by line, since decoding joins lines and drops their indentation. Nothing at all if an escape
/// makes the two differ.
pub(super) fn align(text: &str, source: &str, base: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut line_start = base;
    for line in source.split_inclusive('\n') {
        let words = line.trim();
        at += blank(&text[at..]);
        if at == text.len() {
            break;
        }
        if !words.is_empty() {
            if !text[at..].starts_with(words) {
                return Vec::new();
            }
            pieces.push(Piece {
                text: at,
                source: line_start + blank(line),
                len: words.len(),
            });
            at += words.len();
        }
        line_start += line.len();
    }
    if at == text.trim_end().len() || at == text.len() {
        pieces
    } else {
        Vec::new()
    }
}

/// How many bytes of space a text begins with.
fn blank(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

#[cfg(test)]
mod tests {
    use saphyr_parser::ScalarStyle;

    use super::{align, content, resolve};
    use crate::source::NodeKind;

    #[test]
    fn the_core_schema_decides_what_a_plain_scalar_is() {
        for (text, kind) in [
            ("~", NodeKind::Null),
            ("true", NodeKind::Bool(true)),
            ("FALSE", NodeKind::Bool(false)),
            ("0", NodeKind::Int(0)),
            ("-12", NodeKind::Int(-12)),
            ("+3", NodeKind::Int(3)),
            ("0o644", NodeKind::Int(0o644)),
            ("0xff", NodeKind::Int(255)),
            ("1.30", NodeKind::Float(1.3)),
            (".5", NodeKind::Float(0.5)),
            ("0.5", NodeKind::Float(0.5)),
            ("1e3", NodeKind::Float(1000.0)),
            ("-.inf", NodeKind::Float(f64::NEG_INFINITY)),
        ] {
            assert_eq!(resolve(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn everything_else_stays_text() {
        for text in [
            "yes",
            "no",
            "on",
            "Off",
            "y",
            "0644",
            "-007",
            "00.5",
            "1.2.3",
            "1_000",
            "0x",
            "0x-1",
            "0o9",
            "1:30",
            "inf",
            "nan",
            "e5",
            "-",
            ".",
            "+",
            "99999999999999999999",
            "2024-01-01",
            "٣",
        ] {
            assert_eq!(resolve(text), None, "{text}");
        }
    }

    #[test]
    fn the_content_of_a_scalar_is_what_stands_between_its_signs() {
        for (written, style, dressed, expected) in [
            ("a b ", ScalarStyle::Plain, false, "a b"),
            ("!t &n a", ScalarStyle::Plain, true, "a"),
            ("&n # 'c'\n  'x'", ScalarStyle::SingleQuoted, true, "x"),
            ("'it''s' # 'c'", ScalarStyle::SingleQuoted, false, "it''s"),
            ("!t 'x'", ScalarStyle::SingleQuoted, true, "x"),
            (
                r#""a \" b\\" "#,
                ScalarStyle::DoubleQuoted,
                false,
                r#"a \" b\\"#,
            ),
            ("&x y\n  ", ScalarStyle::Literal, false, "&x y"),
            ("!t |- # c\n  &x\n", ScalarStyle::Literal, true, "  &x"),
            ("!t |\n", ScalarStyle::Folded, true, ""),
        ] {
            assert_eq!(
                &written[content(written, style, dressed)],
                expected,
                "{written}"
            );
        }
    }

    #[test]
    fn an_escape_makes_the_places_unknown() {
        assert!(align("it's", "it''s", 0).is_empty());
        assert!(align("a", "b", 0).is_empty());
        assert_eq!(align("a\n b", "a\r\n    b\r\n", 5).len(), 2);
    }
}
