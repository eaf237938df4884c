//! The tokens of an expression, each with its place: what the engine's own lexer does not let out.
//!
//! It splits exactly as Tera does, apart from `}}` inside a mapping, which does not end the expression here.

use std::ops::Range;

use super::TemplateError;

/// The sorts of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    Text,
    Symbol,
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

/// What ends the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// `}}`
    Variable,
    /// `%}`
    Tag,
    /// The end of the text: the expression of a condition.
    Text,
}

/// The tokens of one expression or tag.
#[derive(Debug)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    /// Where what is between the marks ends.
    pub(super) end: usize,
    /// Where the text goes on after the closing mark.
    pub(super) after: usize,
}

/// Longer ones first.
const SYMBOLS: [&str; 29] = [
    "...", "//", "**", "==", "!=", ">=", "<=", "?.", "?[", "+", "-", "*", "/", "%", ".", ",", ":",
    "~", "|", "=", ">", "<", "(", ")", "[", "]", "{", "}", "@",
];

/// Splits what stands from `from` to the closing mark.
pub(super) fn lex(source: &str, from: usize, close: Close) -> Result<Lexed, TemplateError> {
    let mark = match close {
        Close::Variable => "}}",
        Close::Tag => "%}",
        Close::Text => "",
    };
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut at = from;
    loop {
        let rest = &source[at..];
        let trimmed = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        at += rest.len() - trimmed.len();
        if trimmed.is_empty() {
            if close == Close::Text {
                return Ok(Lexed {
                    tokens,
                    end: at,
                    after: at,
                });
            }
            let open = from.saturating_sub(2)..from;
            return Err(TemplateError::new(format!("this is never closed by `{mark}`")).at(open));
        }
        if close != Close::Text && depth == 0 {
            let bare = trimmed.strip_prefix('-').unwrap_or(trimmed);
            if bare.starts_with(mark) {
                let after = source.len() - bare.len() + mark.len();
                return Ok(Lexed {
                    tokens,
                    end: at,
                    after,
                });
            }
        }
        let (kind, length) = token(trimmed, at)?;
        match (kind, &trimmed[..length]) {
            (Kind::Symbol, "{") => depth += 1,
            (Kind::Symbol, "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token {
            kind,
            at: at..at + length,
        });
        at += length;
    }
}

/// The sort and length of the token that `rest` begins with.
fn token(rest: &str, at: usize) -> Result<(Kind, usize), TemplateError> {
    if let Some((symbol, word)) = [("||", "or"), ("&&", "and"), ("&", "and")]
        .into_iter()
        .find(|(symbol, _)| rest.starts_with(symbol))
    {
        return Err(TemplateError::new(format!("`{symbol}` is not an operator"))
            .at(at..at + symbol.len())
            .with_help(format!("write `{word}`")));
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((Kind::Symbol, symbol.len()));
    }
    let first = rest.chars().next().unwrap_or_default();
    match first {
        '\'' | '"' | '`' => Ok((Kind::Text, text_length(rest, first, at)?)),
        '0'..='9' => {
            let whole = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let fraction = rest[whole..].strip_prefix('.').map_or(0, |digits| {
                1 + digits
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(digits.len())
            });
            Ok((Kind::Number, whole + fraction))
        }
        '_' | 'a'..='z' | 'A'..='Z' => {
            let length = rest
                .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
                .unwrap_or(rest.len());
            Ok((Kind::Name, length))
        }
        _ => {
            let help = match first {
                '!' => Some("write `not`"),
                '?' => Some("a choice is written `a if condition else b`"),
                '$' => Some("variables have no sign: write the name alone"),
                _ => None,
            };
            Err(TemplateError::new(format!(
                "the character `{first}` has no meaning in an expression"
            ))
            .at(at..at + first.len_utf8())
            .with_help_if_any(help.map(Into::into)))
        }
    }
}

/// The length of a text with its quotes.
fn text_length(rest: &str, quote: char, at: usize) -> Result<usize, TemplateError> {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        if escaped {
            if !matches!(c, '"' | '\'' | '/' | '\\' | 'n' | 't' | 'r') {
                let place = at + offset - 1..at + offset + c.len_utf8();
                return Err(
                    TemplateError::new(format!("`\\{c}` has no meaning in a text"))
                        .at(place)
                        .with_help(format!("write `\\\\{c}` for a backslash")),
                );
            }
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Ok(offset + 1);
        }
    }
    Err(TemplateError::new(format!("this text is never closed by {quote}")).at(at..at + 1))
}

#[cfg(test)]
mod tests {
    use super::{Close, lex};

    fn split(source: &str, close: Close) -> Vec<&str> {
        let lexed = lex(source, 0, close).expect("an expression");
        lexed
            .tokens
            .iter()
            .map(|token| &source[token.at.clone()])
            .collect()
    }

    #[test]
    fn an_expression_is_split_as_tera_splits_it() {
        assert_eq!(
            split("a.b?.c[-1] | f(x='it\\'s', y=1.5)~z", Close::Text),
            [
                "a", ".", "b", "?.", "c", "[", "-", "1", "]", "|", "f", "(", "x", "=", "'it\\'s'",
                ",", "y", "=", "1.5", ")", "~", "z"
            ]
        );
    }

    #[test]
    fn the_braces_of_a_mapping_do_not_end_an_expression() {
        assert_eq!(split("{'a': {'b': 1}} -}} rest", Close::Variable).len(), 9);
    }

    #[test]
    fn other_languages_operators_are_explained() {
        for (source, at, help) in [
            ("a && b", 2..4, "write `and`"),
            ("é || b", 0..2, ""),
            ("a || b", 2..4, "write `or`"),
            ("!a", 0..1, "write `not`"),
        ] {
            let error = lex(source, 0, Close::Text).expect_err(source);
            assert_eq!(
                (error.at, error.help.unwrap_or_default().as_str()),
                (Some(at), help)
            );
        }
    }

    #[test]
    fn what_is_not_closed_is_named() {
        let error = lex("{{ a", 2, Close::Variable).expect_err("open");
        assert_eq!(
            (error.message.as_str(), error.at),
            ("this is never closed by `}}`", Some(0..2))
        );
        assert!(lex("'a", 0, Close::Text).is_err());
    }
}
