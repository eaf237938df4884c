//! YAML text to trees of [`Node`]s. Everything that YAML leaves open and that surprises people is an error
//! here: duplicate keys, keys that are no scalars, templates without quotes, aliases that grow without end.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle as YamlStyle, ScanError, StrInput, Tag};

use super::node::{Entry, Node, NodeKind, ScalarStyle, StringNode};
use super::{Diagnostic, FileId, SourceMap, Span, file, mistake, scalar};

/// How deep lists and mappings may be nested.
const DEPTH_LIMIT: usize = 64;

/// How many nodes all aliases of a file together may stand for; a long text counts as several.
const ALIAS_BUDGET: usize = 100_000;

/// How many nodes may be kept for aliases. One that stands within others is kept with each of them.
const ANCHOR_BUDGET: usize = 1_000_000;

/// How many bytes of a text count as one more node.
const TEXT_SIZE: usize = 64;

/// The tags of a value that is encrypted.
const ENCRYPTED: [&str; 2] = ["!vault", "!vault-encrypted"];

/// The documents of a YAML file. An empty file has none. Encrypted values are decrypted, and what was encrypted becomes
/// known as secret.
pub fn parse_yaml(map: &SourceMap, id: FileId) -> Result<Vec<Node>, Diagnostic> {
    if !map.is_secret(id) {
        return documents(map, id);
    }
    // A message may quote the text.
    let documents = documents(map, id).map_err(|error| {
        let message = "this encrypted file is not the YAML that is expected here";
        let span = error
            .primary
            .map_or(Span::new(id, 0..0), |label| label.span);
        Diagnostic::error(message)
            .at(span, "")
            .help("look at it with `provision vault view`")
    })?;
    for document in &documents {
        map.secrets().add_value(&document.to_value());
    }
    Ok(documents)
}

fn documents(map: &SourceMap, id: FileId) -> Result<Vec<Node>, Diagnostic> {
    let text = map.text(id);
    let mut builder = Builder {
        map,
        text,
        file: id,
        parser: Parser::new_from_str(text),
        offsets: Offsets::new(text),
        anchors: HashMap::new(),
        alias_budget: ALIAS_BUDGET,
        anchor_budget: ANCHOR_BUDGET,
    };
    let mut documents = Vec::new();
    loop {
        match builder.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (event, span) => documents.push(builder.node(event, span, 0)?),
        }
    }
}

/// Character positions, which the parser counts, as byte positions, which everybody else counts.
struct Offsets {
    /// The byte of every 64th character.
    marks: Vec<usize>,
}

impl Offsets {
    const STEP: usize = 64;

    fn new(text: &str) -> Self {
        let marks = text.char_indices().step_by(Self::STEP);
        Self {
            marks: marks.map(|(byte, _)| byte).collect(),
        }
    }

    fn byte(&self, text: &str, character: usize) -> usize {
        let Some(mark) = self.marks.get(character / Self::STEP) else {
            return text.len();
        };
        let rest = &text[*mark..];
        let further = rest.char_indices().nth(character % Self::STEP);
        mark + further.map_or(rest.len(), |(byte, _)| byte)
    }
}

/// What an anchor stands for, and what it costs to repeat it.
struct Anchored {
    node: Node,
    depth: usize,
    size: usize,
}

struct Builder<'a> {
    map: &'a SourceMap,
    text: &'a str,
    file: FileId,
    parser: Parser<'a, StrInput<'a>>,
    offsets: Offsets,
    anchors: HashMap<usize, Anchored>,
    alias_budget: usize,
    anchor_budget: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Diagnostic> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let start = self.offsets.byte(self.text, span.start.index());
                let end = self.offsets.byte(self.text, span.end.index());
                Ok((event, Span::new(self.file, start..end.max(start))))
            }
            Some(Err(error)) => Err(self.broken(&error)),
            None => Ok((
                Event::StreamEnd,
                Span::new(self.file, self.text.len()..self.text.len()),
            )),
        }
    }

    fn broken(&self, error: &ScanError) -> Diagnostic {
        let at = self.offsets.byte(self.text, error.marker().index());
        mistake::syntax(self.text, self.file, at, error.info())
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        if depth > DEPTH_LIMIT {
            return Err(too_deep(span));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let dressed = anchor > 0 || tag.is_some();
                let plain = self.string(&text, style, span, dressed);
                let node = scalar(plain, &text, style, tag.as_deref())?;
                (self.revealed(node)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => (self.list(tag.as_deref(), span, depth)?, anchor),
            Event::MappingStart(anchor, tag) => (self.map(tag.as_deref(), span, depth)?, anchor),
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            other => unreachable!("no node begins with {other:?}"),
        };
        if anchor > 0 {
            let (depth, size) = measure(&node);
            self.anchor_budget = self.anchor_budget.checked_sub(size).ok_or_else(|| {
                Diagnostic::error("the anchors of this file stand for too many values").at(
                    node.span,
                    format!("more than {ANCHOR_BUDGET} with this one"),
                )
            })?;
            let node = node.clone();
            self.anchors.insert(anchor, Anchored { node, depth, size });
        }
        Ok(node)
    }

    /// The node, decrypted if its tag says that it is encrypted.
    fn revealed(&self, node: Node) -> Result<Node, Diagnostic> {
        let is_encrypted = node
            .tag
            .as_deref()
            .is_some_and(|tag| ENCRYPTED.contains(&tag));
        let text = match node.as_str() {
            Some(text) if is_encrypted => text,
            _ => return Ok(node),
        };
        let plain = self.map.keys().decrypt(text.as_bytes());
        let plain = plain.map_err(|error| file::locked(&error, node.span))?;
        let Ok(text) = std::str::from_utf8(&plain) else {
            return Err(Diagnostic::error("this encrypted value is no text").at(node.span, ""));
        };
        self.map.secrets().add(text);
        Ok(Node {
            span: node.span,
            tag: None,
            kind: NodeKind::String(StringNode {
                text: text.to_owned(),
                style: ScalarStyle::Quoted,
                secret: true,
                // Nothing of it stands in the source.
                pieces: Vec::new(),
            }),
        })
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(
                Diagnostic::error("an alias stands inside the value that it names")
                    .at(span, "this would never end"),
            );
        };
        if depth + anchored.depth > DEPTH_LIMIT {
            return Err(too_deep(span));
        }
        self.alias_budget = self
            .alias_budget
            .checked_sub(anchored.size)
            .ok_or_else(|| {
                Diagnostic::error("the aliases of this file stand for too many values")
                    .at(span, format!("more than {ALIAS_BUDGET} with this one"))
            })?;
        Ok(anchored.node.clone())
    }

    fn list(&mut self, tag: Option<&Tag>, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => {
                    let span = enclose(span, items.last().map(|item: &Node| item.span), end);
                    return Ok(Node {
                        span,
                        tag: foreign(tag, "seq"),
                        kind: NodeKind::List(items),
                    });
                }
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, tag: Option<&Tag>, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        if self.text[span.start..].starts_with("{{") {
            return Err(mistake::unquoted_template(self.text, self.file, span.start));
        }
        let mut entries = Entries::default();
        loop {
            match self.next()? {
                (Event::MappingEnd, end) => {
                    let entries = entries.finish();
                    let last = entries.last().map(|entry| entry.value.span);
                    return Ok(Node {
                        span: enclose(span, last, end),
                        tag: foreign(tag, "map"),
                        kind: NodeKind::Map(entries),
                    });
                }
                (event, span) => {
                    let merge =
                        matches!(&event, Event::Scalar(text, YamlStyle::Plain, ..) if text == "<<");
                    let key = self.key(event, span, depth)?;
                    let (event, span) = self.next()?;
                    let value = self.node(event, span, depth + 1)?;
                    if let Some(name) = key.as_str() {
                        self.map.keep_password(name, &value);
                    }
                    if merge {
                        entries.merge(&key, value)?;
                    } else {
                        entries.insert(Entry { key, value })?;
                    }
                }
            }
        }
    }

    fn key(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        if let Event::Scalar(text, style, anchor, None) = &event
            && *anchor == 0
        {
            return Ok(self.string(text, *style, span, false));
        }
        if let Event::Scalar(.., Some(tag)) = &event
            && foreign(Some(tag), "str").is_some_and(|tag| ENCRYPTED.contains(&tag.as_str()))
        {
            return Err(Diagnostic::error("a key cannot be encrypted").at(span, "not a key"));
        }
        let key = self.node(event, span, depth + 1)?;
        if key.as_str().is_some() && key.tag.is_none() {
            return Ok(key);
        }
        Err(Diagnostic::error(format!(
            "a key must be plain text, found {}",
            key.type_name()
        ))
        .at(span, "not a key"))
    }

    /// A text. `dressed` says that a tag or an anchor stands before it, within `span`.
    fn string(&self, text: &str, style: YamlStyle, span: Span, dressed: bool) -> Node {
        let written = &self.text[span.start..span.end];
        let content = scalar::content(written, style, dressed);
        let end = match style {
            YamlStyle::SingleQuoted | YamlStyle::DoubleQuoted => content.end + 1,
            _ => content.end,
        };
        let pieces = scalar::align(text, &written[content.clone()], span.start + content.start);
        let text = text.to_owned();
        let style = simple(style);
        Node {
            span: Span::new(span.file, span.start..(span.start + end).min(span.end)),
            tag: None,
            kind: NodeKind::String(StringNode {
                text,
                style,
                secret: self.map.is_secret(self.file),
                pieces,
            }),
        }
    }
}

/// The entries of a mapping while it is read.
#[derive(Default)]
struct Entries {
    own: Vec<Entry>,
    places: HashMap<String, Span>,
    merged: Vec<Node>,
    merge_key: Option<Span>,
}

impl Entries {
    fn insert(&mut self, entry: Entry) -> Result<(), Diagnostic> {
        let span = entry.key.span;
        if let Some(first) = self.places.insert(entry.name().to_owned(), span) {
            return Err(duplicate(entry.name(), first, span));
        }
        self.own.push(entry);
        Ok(())
    }

    fn merge(&mut self, key: &Node, value: Node) -> Result<(), Diagnostic> {
        if let Some(first) = self.merge_key.replace(key.span) {
            return Err(duplicate("<<", first, key.span)
                .help("merge several mappings with a list: `<<: [*first, *second]`"));
        }
        let sources = match value.kind {
            NodeKind::List(items) => items,
            _ => vec![value],
        };
        if let Some(other) = sources.iter().find(|source| source.as_map().is_none()) {
            let message = format!("`<<` merges mappings, found {}", other.type_name());
            return Err(Diagnostic::error(message).at(key.span, "in this merge"));
        }
        self.merged = sources;
        Ok(())
    }

    /// What is merged comes first in order and last in rank: own keys win, then the first mapping merged.
    fn finish(mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for source in self.merged {
            let NodeKind::Map(source) = source.kind else {
                continue;
            };
            for entry in source {
                let name = entry.name().to_owned();
                if let std::collections::hash_map::Entry::Vacant(place) = self.places.entry(name) {
                    place.insert(entry.key.span);
                    entries.push(entry);
                }
            }
        }
        entries.append(&mut self.own);
        entries
    }
}

fn duplicate(name: &str, first: Span, second: Span) -> Diagnostic {
    Diagnostic::error(format!("the key `{name}` is given twice"))
        .at(second, "given again here")
        .also(first, "first given here")
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(format!("values are nested more than {DEPTH_LIMIT} deep"))
        .at(span, "too deep")
}

/// What a text stands for by its tag, or by its looks if it has neither tag nor quotes.
fn scalar(
    string: Node,
    text: &str,
    style: YamlStyle,
    tag: Option<&Tag>,
) -> Result<Node, Diagnostic> {
    let kind = match tag {
        None if style == YamlStyle::Plain => scalar::resolve(text),
        Some(tag) if tag.is_yaml_core_schema() => typed(&tag.suffix, text, string.span)?,
        _ => None,
    };
    Ok(match kind {
        Some(kind) => Node { kind, ..string },
        None => Node {
            tag: foreign(tag, "str"),
            ..string
        },
    })
}

/// What a text stands for if its tag demands a type; nothing if the tag demands none.
fn typed(tag: &str, text: &str, span: Span) -> Result<Option<NodeKind>, Diagnostic> {
    if !matches!(tag, "int" | "float" | "bool" | "null") {
        return Ok(None);
    }
    match (tag, scalar::resolve(text)) {
        ("int", Some(kind @ NodeKind::Int(_)))
        | ("float", Some(kind @ NodeKind::Float(_)))
        | ("bool", Some(kind @ NodeKind::Bool(_)))
        | ("null", Some(kind @ NodeKind::Null)) => Ok(Some(kind)),
        #[expect(clippy::cast_precision_loss, reason = "the tag asks for it")]
        ("float", Some(NodeKind::Int(value))) => Ok(Some(NodeKind::Float(value as f64))),
        _ => Err(Diagnostic::error(format!("`!!{tag}` cannot be `{text}`"))
            .at(span, "wrong for its tag")),
    }
}

/// The tag of a node unless YAML defines it for this kind of node.
fn foreign(tag: Option<&Tag>, own: &str) -> Option<String> {
    let tag = tag?;
    if tag.is_yaml_core_schema() {
        (tag.suffix != own).then(|| format!("!!{}", tag.suffix))
    } else if tag.handle.is_empty() && tag.suffix == "!" {
        None
    } else {
        Some(format!("{}{}", tag.handle, tag.suffix))
    }
}

fn simple(style: YamlStyle) -> ScalarStyle {
    match style {
        YamlStyle::Plain => ScalarStyle::Plain,
        YamlStyle::SingleQuoted | YamlStyle::DoubleQuoted => ScalarStyle::Quoted,
        YamlStyle::Literal | YamlStyle::Folded => ScalarStyle::Block,
    }
}

/// The place of a collection: to its closing bracket, or to its last child.
fn enclose(start: Span, last: Option<Span>, end: Span) -> Span {
    if end.start < end.end {
        // The parser counts in the space after the bracket.
        return start.to(Span {
            end: end.start + 1,
            ..end
        });
    }
    // A child that came by an alias stands elsewhere.
    last.filter(|last| last.start >= start.start && last.end <= end.end)
        .map_or(start, |last| start.to(last))
}

/// The depth and the number of nodes of a tree.
fn measure(node: &Node) -> (usize, usize) {
    let of = |sizes: &mut dyn Iterator<Item = (usize, usize)>| {
        sizes.fold((1, 1), |(depth, size), (d, s)| (depth.max(d + 1), size + s))
    };
    match &node.kind {
        NodeKind::List(items) => of(&mut items.iter().map(measure)),
        NodeKind::Map(entries) => of(&mut entries.iter().map(|entry| {
            let (depth, size) = measure(&entry.value);
            (depth, size + entry.name().len() / TEXT_SIZE)
        })),
        NodeKind::String(string) => (0, 1 + string.text.len() / TEXT_SIZE),
        _ => (0, 1),
    }
}

#[cfg(test)]
mod tests;
