//! Values in INI files: a Python literal is what it says, anything else is a text, as Ansible reads them.

use crate::source::{Entry, Node, NodeKind, Span};

/// How deep lists and dictionaries may be nested.
const DEPTH_LIMIT: usize = 32;

/// The value that `text` stands for. `start` is where it begins in the file if it stands there as it is.
pub(super) fn value(text: &str, span: Span, start: Option<usize>) -> Node {
    let mut reader = Reader { rest: text, span };
    match reader.value(DEPTH_LIMIT) {
        Some(node) if reader.rest.trim_start().is_empty() => node,
        _ => Node::text(span, text, start),
    }
}

struct Reader<'t> {
    rest: &'t str,
    span: Span,
}

impl Reader<'_> {
    fn node(&self, kind: NodeKind) -> Node {
        let (span, tag) = (self.span, None);
        Node { span, tag, kind }
    }

    fn take(&mut self, token: char) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(after) => self.rest = after,
            None => self.rest = rest,
        }
        rest.starts_with(token)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let depth = depth.checked_sub(1)?;
        if self.take('[') {
            let items = self.items(']', depth)?;
            return Some(self.node(NodeKind::List(items)));
        }
        if self.take('(') {
            let before = self.rest;
            let mut items = self.items(')', depth)?;
            let written = &before[..before.len() - self.rest.len()];
            // One value in brackets is this value; a tuple has a comma.
            let is_tuple = written.trim_end_matches(')').trim_end().ends_with(',');
            if items.len() == 1 && !is_tuple {
                return items.pop();
            }
            return Some(self.node(NodeKind::List(items)));
        }
        if self.take('{') {
            return self.dictionary(depth);
        }
        if self.rest.starts_with(['"', '\'']) {
            let text = self.string()?;
            return Some(Node::text(self.span, text, None));
        }
        let end = self.rest.find([',', ']', '}', ')', ':', ' ']);
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let kind = match word {
            "True" => NodeKind::Bool(true),
            "False" => NodeKind::Bool(false),
            "None" => NodeKind::Null,
            _ => number(word)?,
        };
        Some(self.node(kind))
    }

    fn items(&mut self, end: char, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.value(depth)?);
            if !self.take(',') {
                return self.take(end).then_some(items);
            }
        }
        Some(items)
    }

    fn dictionary(&mut self, depth: usize) -> Option<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        while !self.take('}') {
            let key = self.value(depth)?;
            key.as_str()?;
            if !self.take(':') {
                return None;
            }
            let value = self.value(depth)?;
            let name = key.as_str()?;
            // The last of two equal keys wins, as in Python.
            entries.retain(|entry| entry.name() != name);
            entries.push(Entry { key, value });
            if !self.take(',') {
                return self.take('}').then(|| self.node(NodeKind::Map(entries)));
            }
        }
        Some(self.node(NodeKind::Map(entries)))
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next()?;
        let mut chars = self.rest.char_indices().skip(1);
        let mut text = String::new();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[at + 1..];
                return Some(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next()?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                c @ ('\\' | '"' | '\'') => text.push(c),
                other => text.extend(['\\', other]),
            }
        }
        None
    }
}

/// A number as Python writes it; `0644` is none.
fn number(word: &str) -> Option<NodeKind> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            let whole = i64::from_str_radix(digits, radix).ok();
            let whole = whole.filter(|_| !digits.starts_with(['-', '+']));
            return whole.map(|number| {
                NodeKind::Int(if word.starts_with('-') {
                    -number
                } else {
                    number
                })
            });
        }
    }
    let whole = digits.bytes().all(|b| b.is_ascii_digit());
    if whole {
        let padded = digits.starts_with('0') && digits.bytes().any(|b| b != b'0');
        return if padded {
            None
        } else {
            word.parse().ok().map(NodeKind::Int)
        };
    }
    let shaped = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    let float = word.parse().ok().filter(|_| shaped);
    float.map(NodeKind::Float)
}
