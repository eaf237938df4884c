//! A YAML tree that remembers where everything was written.
//!
//! A node says what was written, not what it means: whoever reads it decides which keys are allowed.

use super::Span;
use crate::value::{Map, Value, excerpt};

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it was written, quotes and tag included. For a node that came by an alias this is the
    /// anchor's place.
    pub span: Span,
    /// A tag that YAML itself does not define, such as `!vault`.
    pub tag: Option<String>,
    /// What was written.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`; `yes` and `no` are strings.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    String(StringNode),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file. No key occurs twice.
    Map(Vec<Entry>),
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Always a [`NodeKind::String`]: the text of a key such as `80` is kept.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// The text of the key.
    pub fn name(&self) -> &str {
        self.key.as_str().unwrap_or_default()
    }
}

/// A text and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct StringNode {
    /// The text as it is meant: escapes and folding are undone.
    pub text: String,
    /// How it was written.
    pub style: ScalarStyle,
    /// Whether it stood in something encrypted.
    pub secret: bool,
    /// Which parts of `text` stand in the source as they are, in order.
    pub(super) pieces: Vec<Piece>,
}

/// Bytes of a decoded text that stand in the source as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: usize,
    pub(super) source: usize,
    pub(super) len: usize,
}

/// How a string was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|` or `>`.
    Block,
}

impl Node {
    /// A text of a file in another form than YAML. If what is written at `start` is the text as it is, its
    /// parts can be pointed at.
    pub fn text(span: Span, text: impl Into<String>, start: Option<usize>) -> Self {
        let text = text.into();
        let len = text.len();
        let piece = |source| Piece {
            text: 0,
            source,
            len,
        };
        let string = StringNode {
            pieces: start.map(piece).into_iter().collect(),
            style: ScalarStyle::Quoted,
            secret: false,
            text,
        };
        Self {
            span,
            tag: None,
            kind: NodeKind::String(string),
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(string) => Some(&string.text),
            _ => None,
        }
    }

    /// Whether it is a text that stood in something encrypted.
    pub fn is_secret(&self) -> bool {
        matches!(&self.kind, NodeKind::String(string) if string.secret)
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            NodeKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self.kind {
            NodeKind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether nothing was written, or `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, NodeKind::Null)
    }

    /// The value of a key, if it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.as_map()?.iter().find(|entry| entry.name() == key);
        entry.map(|entry| &entry.value)
    }

    /// What it is, with its article, for messages: "a mapping", "the string `x`".
    pub fn type_name(&self) -> String {
        match &self.kind {
            NodeKind::Null => "null".into(),
            NodeKind::Bool(value) => format!("the boolean `{value}`"),
            NodeKind::Int(value) => format!("the number `{value}`"),
            NodeKind::Float(value) => format!("the number `{value}`"),
            NodeKind::String(string) => format!("the string `{}`", excerpt(&string.text)),
            NodeKind::List(_) => "a list".into(),
            NodeKind::Map(_) => "a mapping".into(),
        }
    }

    /// The value without places. Tags are lost: look at them first.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::none(),
            NodeKind::Bool(value) => Value::from(*value),
            NodeKind::Int(value) => Value::from(*value),
            NodeKind::Float(value) => Value::from(*value),
            NodeKind::String(string) => Value::from(string.text.as_str()),
            NodeKind::List(items) => {
                Value::from(items.iter().map(Node::to_value).collect::<Vec<_>>())
            }
            NodeKind::Map(entries) => Value::from(
                entries
                    .iter()
                    .map(|entry| (entry.name().to_owned().into(), entry.value.to_value()))
                    .collect::<Map>(),
            ),
        }
    }

    /// The byte of the file's text at which byte `offset` of this string was written. Nothing if it is no
    /// string, or if escapes stand between the two: then the node's own place has to do.
    pub fn content_offset(&self, offset: usize) -> Option<usize> {
        let NodeKind::String(string) = &self.kind else {
            return None;
        };
        let piece = string.pieces.iter().rfind(|piece| piece.text <= offset)?;
        let within = offset - piece.text;
        (within <= piece.len).then_some(piece.source + within)
    }
}
