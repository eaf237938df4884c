//! An inventory file in INI form to an inventory, as Ansible's `ini` plugin reads it.

use std::ops::Range;

use super::load::Loader;
use super::range::expand;
use super::{GroupName, HostName, Vars, literal, vars};
use crate::source::{Diagnostic, FileId, Node, SourceMap, Span};

/// Whether a text is an inventory in INI form: its first line that says something is a group in brackets,
/// or is a host and not YAML.
pub(super) fn is_ini(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let Some(first) = lines.find(|line| !line.is_empty() && !line.starts_with(['#', ';'])) else {
        return false;
    };
    if let Some(header) = first.strip_prefix('[') {
        return !header.contains([',', '{', '"']);
    }
    let mut words = first.split_whitespace();
    let name = words.next().unwrap_or_default();
    let yaml = name.starts_with(['{', '-', '%', '"', '\'', '&', '!']) || name.ends_with(':');
    let pairs = words.clone().next().is_some() && words.all(|word| word.contains('='));
    !yaml && pairs
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Hosts,
    Vars,
    Children,
}

/// Reads the file. Sections for groups that are defined nowhere are errors at its end.
pub(super) fn read(loader: &mut Loader<'_>, file: FileId, map: &SourceMap) {
    let ungrouped = GroupName::implied(GroupName::UNGROUPED);
    let mut reader = Reader {
        loader,
        map,
        file,
        section: Some((ungrouped, Kind::Hosts)),
        pending: Vec::new(),
    };
    let mut start = 0;
    for line in map.text(file).split_inclusive('\n') {
        reader.line(line, start);
        start += line.len();
    }
    reader.finish();
}

struct Reader<'l, 'd> {
    loader: &'l mut Loader<'d>,
    map: &'l SourceMap,
    file: FileId,
    section: Option<(GroupName, Kind)>,
    /// Groups that something was said of before they were defined: name, place, parent if one names it.
    pending: Vec<(GroupName, Span, Option<GroupName>)>,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &str, start: usize) {
        let text = line.trim_end();
        let start = start + (text.len() - text.trim_start().len());
        let text = text.trim_start();
        if text.is_empty() || text.starts_with(['#', ';']) {
            return;
        }
        let span = Span::new(self.file, start..start + text.len());
        if text.starts_with('[') && is_header(text) {
            self.header(text, span);
            return;
        }
        // What follows a header that is wrong belongs to nothing known.
        let Some((group, kind)) = self.section.clone() else {
            return;
        };
        match kind {
            Kind::Hosts => self.host(&group, text, span),
            Kind::Vars => self.variable(&group, text, span),
            Kind::Children => {
                let name = text.split('#').next().unwrap_or_default().trim_end();
                let span = Span::new(self.file, start..start + name.len());
                if let Some(name) = self.loader.name(GroupName::new(name), span) {
                    self.pending.push((name, span, Some(group)));
                }
            }
        }
    }

    fn header(&mut self, text: &str, span: Span) {
        self.section = None;
        let Some((inner, _)) = text[1..].split_once(']') else {
            let error = Diagnostic::error("the name of a section needs a closing `]`");
            self.loader
                .diagnostics
                .push(error.at(span, "expected `[group]`"));
            return;
        };
        let (name, kind) = inner.split_once(':').unwrap_or((inner, "hosts"));
        let place = Span::new(self.file, span.start + 1..span.start + 1 + name.len());
        let kind = match kind {
            "hosts" => Kind::Hosts,
            "vars" => Kind::Vars,
            "children" => Kind::Children,
            other => {
                let error = Diagnostic::error(format!("`{other}` is no kind of section"))
                    .at(
                        span,
                        "expected `[group]`, `[group:vars]` or `[group:children]`",
                    )
                    .suggest(other, ["hosts", "vars", "children"].into_iter());
                self.loader.diagnostics.push(error);
                return;
            }
        };
        if kind == Kind::Vars {
            let Some(name) = self.loader.name(GroupName::new(name), place) else {
                return;
            };
            self.pending.push((name.clone(), place, None));
            self.section = Some((name, kind));
        } else {
            let name = self.loader.declare(name, place, None);
            self.section = name.map(|name| (name, kind));
        }
    }

    fn host(&mut self, group: &GroupName, line: &str, span: Span) {
        let words = match words(line) {
            Ok(words) => words,
            Err(at) => {
                let place = Span::new(self.file, span.start + at..span.end);
                let error = Diagnostic::error("a quote is not closed").at(place, "opened here");
                self.loader.diagnostics.push(error);
                return;
            }
        };
        let Some((first, rest)) = words.split_first() else {
            return;
        };
        let file = self.file;
        let place = |range: &Range<usize>| {
            Span::new(file, span.start + range.start..span.start + range.end)
        };
        let at = place(&first.written);
        let mut vars = Vars::new();
        let whose = format!("the host `{}`", port(&first.text).0);
        for word in rest {
            let at = place(&word.written);
            let Some((name, value)) = word.text.split_once('=') else {
                let error =
                    Diagnostic::error(format!("expected `name=value`, found `{}`", word.text))
                        .at(at, "not a variable")
                        .help("each host has a line of its own; a value with spaces needs quotes");
                self.loader.diagnostics.push(error);
                continue;
            };
            let start = word.plain.then_some(at.start + name.len() + 1);
            self.set(
                &mut vars,
                name,
                at,
                literal::value(value, at, start),
                &whose,
            );
        }
        pattern(self.loader, group, &first.text, at, vars);
    }

    fn variable(&mut self, group: &GroupName, line: &str, span: Span) {
        let Some((name, value)) = line.split_once('=') else {
            let error = Diagnostic::error(format!("expected `name=value`, found `{line}`"))
                .at(span, format!("in the variables of `{group}`"));
            self.loader.diagnostics.push(error);
            return;
        };
        let start = span.end - value.trim_start().len();
        let place = Span::new(self.file, start..span.end);
        let value = literal::value(value.trim(), place, Some(start));
        let (name, whose) = (name.trim(), format!("the group `{group}`"));
        let key = Span::new(self.file, span.start..span.start + name.len());
        let mut vars = Vars::new();
        self.set(&mut vars, name, key, value, &whose);
        self.loader.unite_group(group, vars);
    }

    fn set(&mut self, vars: &mut Vars, name: &str, at: Span, value: Node, whose: &str) {
        if let Some(name) = vars::name(name, at, self.loader.diagnostics) {
            self.map.keep_password(&name, &value);
            let one = Vars::from_iter([(name, value)]);
            vars::unite(vars, one, whose, self.loader.diagnostics);
        }
    }

    /// Groups are often named before their own section.
    fn finish(self) {
        for (name, span, parent) in self.pending {
            if !self.loader.is_defined(&name) {
                let known = self.loader.group_names();
                let error = Diagnostic::error(format!("the group `{name}` is defined nowhere"))
                    .at(span, "this group")
                    .help(format!("add a section `[{name}]`; it may be empty"))
                    .suggest(name.as_str(), known.iter().map(String::as_str));
                self.loader.diagnostics.push(error);
            } else if let Some(parent) = parent {
                self.loader.declare(name.as_str(), span, Some(&parent));
            }
        }
    }
}

/// A range may begin with a bracket too: `[a:c]1`.
fn is_header(text: &str) -> bool {
    let end = text.split_once(']').map(|(_, end)| end.trim_start());
    end.is_none_or(|end| end.is_empty() || end.starts_with('#'))
}

/// Puts the hosts that a name, a range, or either with a port stands for into a group.
pub(super) fn pattern(
    loader: &mut Loader<'_>,
    group: &GroupName,
    text: &str,
    at: Span,
    mut vars: Vars,
) {
    let (pattern, port) = port(text);
    if let Some(port) = port {
        let one = Vars::from_iter([("ansible_port".into(), literal::value(port, at, None))]);
        let whose = format!("the host `{pattern}`");
        vars::unite(&mut vars, one, &whose, loader.diagnostics);
    }
    let names = match expand(pattern) {
        Ok(names) => names,
        Err(error) => {
            let message = format!("`{pattern}` is no host and no range of hosts");
            let error = Diagnostic::error(message).at(at, error.to_string());
            loader.diagnostics.push(error);
            return;
        }
    };
    for name in names {
        let Some(name) = loader.name(HostName::new(name), at) else {
            return;
        };
        loader.host(group, name, at, vars.clone());
    }
}

/// `name:port`. Colons within brackets belong to a range.
fn port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && !name
                    .rsplit(']')
                    .next()
                    .unwrap_or_default()
                    .contains([':', '[']) =>
        {
            (name, Some(port))
        }
        _ => (text, None),
    }
}

struct Word {
    text: String,
    written: Range<usize>,
    /// Whether it is written as it is meant, without quotes or escapes.
    plain: bool,
}

/// The words of a line as a shell splits it, up to a comment. A quote that is not closed is an error at its place.
fn words(line: &str) -> Result<Vec<Word>, usize> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '#' {
            break;
        }
        if c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_with(|| Word {
            text: String::new(),
            written: at..at,
            plain: true,
        });
        match c {
            '"' | '\'' => {
                current.plain = false;
                loop {
                    match chars.next().ok_or(at)? {
                        (_, end) if end == c => break,
                        (_, '\\') if c == '"' => match chars.next().ok_or(at)?.1 {
                            escaped @ ('"' | '\\') => current.text.push(escaped),
                            other => current.text.extend(['\\', other]),
                        },
                        (_, other) => current.text.push(other),
                    }
                }
            }
            '\\' => {
                current.plain = false;
                current.text.push(chars.next().ok_or(at)?.1);
            }
            other => current.text.push(other),
        }
        current.written.end = chars.offset();
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests;
