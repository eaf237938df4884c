//! Walks through a text with templates (`{{ }}`, `{% %}`, `{# #}`) and makes each expression in it strict. The
//! order and nesting of tags is left to Tera.

use std::ops::Range;

use super::TemplateError;
use super::failure::boolean_failure;
use super::lexer::{Close, Lexed, lex};
use super::parser::Parser;
use super::strict::{BOUNDED, MADE, Rewriter, TAKEN};
use super::syntax::Node;

/// Tera takes each `elif` for an `if` in the `else` before it; more of them would need too much of its stack.
const MAX_ELIFS: usize = 50;

/// More loops within each other would hardly come to an end.
const MAX_LOOPS: usize = 10;

type Walked<T> = Result<T, TemplateError>;

/// Whether a text holds any template at all.
pub(super) fn has_templates(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// Whether a text is exactly one `{{ }}`.
pub(super) fn is_one_expression(text: &str) -> bool {
    text.starts_with("{{")
        && lex(text, behind_mark(text, 0), Close::Variable)
            .is_ok_and(|lexed| lexed.after == text.len())
}

/// Where the content begins of the mark that stands at `at`.
fn behind_mark(text: &str, at: usize) -> usize {
    at + 2 + usize::from(text.as_bytes().get(at + 2) == Some(&b'-'))
}

/// A tag or a comment.
pub(super) struct Tag {
    /// From its first brace to its last.
    pub(super) at: Range<usize>,
    /// Whether it is `{% raw %}`: what is behind it is taken as it is.
    pub(super) is_raw: bool,
}

/// The tags and comments of a text or file. What is in a `raw` block is neither.
pub(super) fn tags(source: &str) -> Walked<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut add = |at, is_raw| tags.push(Tag { at, is_raw });
    let mut at = 0;
    while let Some(offset) = source[at..].find('{') {
        let open = at + offset;
        let lexed = |close| lex(source, behind_mark(source, open), close);
        at = match source.as_bytes().get(open + 1) {
            Some(b'{') => lexed(Close::Variable)?.after,
            Some(b'#') => {
                let after = comment(source, open)?;
                add(open..after, false);
                after
            }
            Some(b'%') => match raw(source, open)? {
                Some(raw) => {
                    add(open..raw.start, true);
                    add(raw.end..raw.after, false);
                    raw.after
                }
                None => {
                    let after = lexed(Close::Tag)?.after;
                    add(open..after, false);
                    after
                }
            },
            _ => open + 1,
        };
    }
    Ok(tags)
}

/// A text or file.
pub(super) fn document(source: &str, rewriter: &mut Rewriter<'_>) -> Walked<()> {
    let mut at = 0;
    while let Some(offset) = source[at..].find(['{']) {
        let open = at + offset;
        at = match source.as_bytes().get(open + 1) {
            Some(b'{') => expression(source, open, rewriter, None)?,
            Some(b'#') => comment(source, open)?,
            Some(b'%') => match raw(source, open)? {
                Some(raw) => raw.after,
                None => tag(source, open, rewriter)?,
            },
            _ => open + 1,
        };
    }
    Ok(())
}

/// Where the text goes on after the comment whose `{#` stands at `open`.
fn comment(source: &str, open: usize) -> Walked<usize> {
    let content = behind_mark(source, open);
    match source[content..].find("#}") {
        Some(length) => Ok(content + length + 2),
        None => Err(TemplateError::new("this is never closed by `#}`").at(open..open + 2)),
    }
}

/// The expression whose `{{` stands at `open`, with what is to be put before and behind it. Returns where the
/// text goes on.
pub(super) fn expression(
    source: &str,
    open: usize,
    rewriter: &mut Rewriter<'_>,
    around: Option<(&str, &str)>,
) -> Walked<usize> {
    let lexed = lex(source, behind_mark(source, open), Close::Variable)?;
    if lexed.tokens.is_empty() {
        return Err(
            TemplateError::new("there is no expression in these braces").at(open..lexed.after)
        );
    }
    separate_braces(source, &lexed, rewriter);
    let after = lexed.after;
    let expr = Parser::new(source, lexed).whole()?;
    if let Some((before, _)) = around {
        rewriter.insert(expr.at.start, before);
    }
    rewriter.value(&expr);
    if let Some((_, behind)) = around {
        rewriter.insert(expr.at.end, behind);
    }
    Ok(after)
}

/// A condition: the whole text is the expression.
pub(super) fn condition(
    source: &str,
    rewriter: &mut Rewriter<'_>,
    around: (&str, &str),
) -> Walked<()> {
    if has_templates(source) {
        let marks = ["{{", "{%", "{#"].into_iter();
        let places = marks.filter_map(|mark| source.find(mark));
        let at = places.min().unwrap_or_default();
        return Err(TemplateError::new("a condition is an expression already")
            .at(at..at + 2)
            .with_help("leave the braces out: `when: a == b`"));
    }
    let lexed = lex(source, 0, Close::Text)?;
    if lexed.tokens.is_empty() {
        return Err(TemplateError::new("the condition is empty").at(0..source.len()));
    }
    separate_braces(source, &lexed, rewriter);
    let expr = Parser::new(source, lexed).whole()?;
    if matches!(expr.node, Node::Literal) {
        let is = match source[expr.at.clone()].chars().next() {
            Some('\'' | '"' | '`') => "a string",
            Some(first) if first.is_ascii_digit() => "a number",
            _ => "null",
        };
        return Err(boolean_failure(source, expr.at, is));
    }
    rewriter.insert(expr.at.start, around.0);
    rewriter.condition(&expr);
    rewriter.insert(expr.at.end, around.1);
    Ok(())
}

/// Tera ends an expression at the first `}}`, even at the end of two mappings.
fn separate_braces(source: &str, lexed: &Lexed, rewriter: &mut Rewriter<'_>) {
    for token in &lexed.tokens {
        if &source[token.at.clone()] == "}" && source[token.at.end..].starts_with('}') {
            rewriter.insert(token.at.end, " ");
        }
    }
}

/// A `{% raw %}` block: where what is in it starts and ends, and where the text goes on.
struct Raw {
    start: usize,
    end: usize,
    after: usize,
}

/// The `{% raw %}` block that begins at `open`, if one does.
fn raw(source: &str, open: usize) -> Walked<Option<Raw>> {
    let Some(start) = bare_tag(source, open, "raw") else {
        return Ok(None);
    };
    let mut at = start;
    while let Some(offset) = source[at..].find("{%") {
        let end = at + offset;
        if let Some(after) = bare_tag(source, end, "endraw") {
            return Ok(Some(Raw { start, end, after }));
        }
        at = end + 2;
    }
    Err(TemplateError::new("`raw` is never closed by `{% endraw %}`").at(open..start))
}

/// Where the text goes on after the tag at `open`, if it is of this one word.
fn bare_tag(source: &str, open: usize, word: &str) -> Option<usize> {
    let rest = source[behind_mark(source, open)..].trim_ascii_start();
    let rest = rest.strip_prefix(word)?.trim_ascii_start();
    let rest = rest.strip_prefix('-').unwrap_or(rest).strip_prefix("%}")?;
    Some(source.len() - rest.len())
}

/// The tag whose `{%` stands at `open`. Returns where the text goes on.
fn tag(source: &str, open: usize, rewriter: &mut Rewriter<'_>) -> Walked<usize> {
    let lexed = lex(source, behind_mark(source, open), Close::Tag)?;
    let after = lexed.after;
    separate_braces(source, &lexed, rewriter);
    let mut parser = Parser::new(source, lexed);
    let keyword = parser.name("the name of a tag")?;
    match &source[keyword.clone()] {
        "if" => {
            rewriter.value(&parser.whole()?);
            rewriter.elifs.push(0);
        }
        "elif" => {
            if let Some(innermost) = rewriter.elifs.last_mut() {
                *innermost += 1;
            }
            if rewriter.elifs.iter().sum::<usize>() > MAX_ELIFS {
                return Err(TemplateError::new("too many `elif`")
                    .at(keyword)
                    .with_help("take the value from a mapping, as in `{'a': 1, 'b': 2}[x]`"));
            }
            rewriter.value(&parser.whole()?);
        }
        "endif" => {
            parser.end()?;
            rewriter.elifs.pop();
        }
        "for" => {
            let locals = parser.locals()?;
            rewriter.value(&parser.whole()?);
            if rewriter.loops.len() >= MAX_LOOPS {
                let wrong = format!("more than {MAX_LOOPS} loops within each other");
                return Err(TemplateError::new(wrong).at(keyword));
            }
            rewriter.loops.push(
                locals
                    .into_iter()
                    .map(|local| source[local].to_owned())
                    .collect(),
            );
        }
        "set" | "set_global" => {
            let name = parser.name("the name of a variable")?;
            if parser.accept("=") {
                let value = parser.whole()?;
                rewriter.insert(value.at.start, "(");
                rewriter.value(&value);
                rewriter.insert(value.at.end, format!(") | {BOUNDED}"));
            } else {
                while parser.accept("|") {
                    filter(&mut parser, rewriter)?;
                }
                parser.end()?;
            }
            rewriter.set.insert(source[name].to_owned());
        }
        "filter" => {
            filter(&mut parser, rewriter)?;
            parser.end()?;
        }
        "endfor" => {
            parser.end()?;
            rewriter.loops.pop();
        }
        "else" if parser.peek() == Some("if") => {
            return Err(TemplateError::new("`else if` is one word here")
                .at(keyword)
                .with_help("write `elif`"));
        }
        "else" | "endset" | "endfilter" | "break" | "continue" => parser.end()?,
        unknown => return Err(unknown_tag(unknown, keyword)),
    }
    Ok(after)
}

fn filter(parser: &mut Parser<'_>, rewriter: &mut Rewriter<'_>) -> Walked<()> {
    let name = parser.name("the name of a filter")?;
    rewriter.insert(name.start, format!("{TAKEN} | "));
    rewriter.watched_arguments(&parser.filter_arguments(&name)?);
    rewriter.insert(parser.read_to(), format!(" | {MADE}"));
    Ok(())
}

fn unknown_tag(name: &str, at: Range<usize>) -> TemplateError {
    let help = match name {
        "include" | "extends" | "import" | "from" | "block" | "endblock" => {
            "write `{{ lookup('template', 'part.tera') }}` to put another template here"
        }
        "macro" | "component" | "call" => "put what repeats into a `for` loop",
        "do" | "with" | "endwith" => "write `{% set x = ... %}`",
        "autoescape" | "endautoescape" => "nothing is escaped here: leave it out",
        "trans" | "endtrans" => "texts are not translated here: leave it out",
        _ => {
            "known are `if`, `elif`, `else`, `for`, `set`, `set_global`, `filter`, `raw`, `break`, `continue`"
        }
    };
    TemplateError::new(format!("unknown tag `{name}`"))
        .at(at)
        .with_help(help)
}
