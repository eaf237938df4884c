//! What is probably meant by text that is no YAML: the mistakes that everybody makes, with the way out.

use super::{Diagnostic, FileId, Span};

/// A template without quotes, which YAML takes for a mapping in a mapping.
pub(super) fn unquoted_template(text: &str, file: FileId, start: usize) -> Diagnostic {
    let line = text[start..].lines().next().unwrap_or_default();
    let written = line.split(" #").next().unwrap_or_default().trim_end();
    let end = written.rfind("}}").map_or(written.len(), |at| at + 2);
    let quote = if written.contains('"') { '\'' } else { '"' };
    let diagnostic = Diagnostic::error("a value that begins with a template must be quoted").at(
        Span::new(file, start..start + end),
        "YAML takes this for a mapping",
    );
    if quote == '\'' && written.contains('\'') {
        return diagnostic.help("put it into quotes");
    }
    diagnostic.help(format!("quote it: `{quote}{written}{quote}`"))
}

/// Text that the parser could not read, at byte `at`, with the parser's own words.
pub(super) fn syntax(text: &str, file: FileId, at: usize, info: &str) -> Diagnostic {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[line_start..at];
    let value = line_start + value_start(before);
    if text[value..].starts_with("{{") {
        return unquoted_template(text, file, value);
    }
    let next = text[at..].chars().next();
    let span = Span::new(file, at..at + next.map_or(0, char::len_utf8));
    if is_tab_trouble(text, line_start, info) {
        let tab = text[line_start..]
            .find('\t')
            .map_or(at, |tab| line_start + tab);
        let span = Span::new(file, tab..tab + 1);
        return Diagnostic::error("a tab is used for indentation or after `:`")
            .at(span, "")
            .help("YAML wants spaces here");
    }
    let diagnostic = Diagnostic::error("this is not YAML").at(span, info);
    match next {
        Some('*') if info.contains("unknown anchor") => {
            diagnostic.help("`*` begins an alias; quote the value if it is meant as text")
        }
        Some('@' | '`' | '%' | '*' | '&') => {
            diagnostic.help("a value that begins with this character must be quoted")
        }
        Some(':') if info.starts_with("mapping values") => {
            diagnostic.help("quote a text that contains `: `, or check the indentation")
        }
        _ if info.contains("unexpected end of stream") && info.contains("quoted") => {
            diagnostic.help("the closing quote is missing")
        }
        _ if info.contains("in quoted scalar") => {
            diagnostic.help("the closing quote is missing, or what follows must be indented more")
        }
        _ if info.contains("expected key") || info.contains("expected '-'") => {
            diagnostic.help("check the indentation of this line")
        }
        _ => diagnostic,
    }
}

/// Where the value of a line begins: after its dashes and its first key.
fn value_start(line: &str) -> usize {
    let dashes = line.len() - line.trim_start_matches([' ', '-']).len();
    match line[dashes..].split_once(": ") {
        Some((key, value)) if !key.contains(['"', '\'', '{']) => {
            line.len() - value.trim_start().len()
        }
        _ => dashes,
    }
}

fn is_tab_trouble(text: &str, line_start: usize, info: &str) -> bool {
    let line = text[line_start..].lines().next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    info.contains("tab")
        || line[..indent].contains('\t')
        || (info.contains("valid YAML whitespace") && line.contains(":\t"))
}
