//! A value as it was written: with templates in it that are rendered each time it is used.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::source::{Diagnostic, Diagnostics, Node, NodeKind, Span};
use crate::template::{Lookup, NameUse, TemplateError, Templates, Text};
use crate::value::{Map, Value};

/// Named definitions, in the order in which they were written.
pub type Definitions = IndexMap<Arc<str>, Arc<Definition>>;

/// A value with templates in it.
#[derive(Debug)]
pub struct Definition {
    /// Where it was written.
    pub span: Span,
    /// What it is made of.
    pub form: Form,
}

/// What a definition is made of.
#[derive(Debug)]
pub enum Form {
    /// A value without templates.
    Value(Value),
    /// A string with templates, and the node that it was written as.
    Text(Text, Box<Node>),
    /// A list with templates somewhere in it.
    List(Vec<Definition>),
    /// A mapping with templates somewhere in it.
    Map(Vec<(Arc<str>, Definition)>),
}

impl Definition {
    /// Compiles what was written. Mistakes in templates go to `diagnostics`, with the value in their place.
    pub fn compile(node: &Node, templates: &mut Templates, diagnostics: &mut Diagnostics) -> Self {
        let span = node.span;
        let form = match &node.kind {
            NodeKind::String(string) => match templates.compile_text(&string.text) {
                Ok(Text::Literal(_)) => Form::Value(node.to_value()),
                Ok(text) => Form::Text(text, Box::new(node.clone())),
                Err(error) => {
                    diagnostics.push(diagnostic(&error, node));
                    Form::Value(Value::none())
                }
            },
            NodeKind::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| Self::compile(item, templates, diagnostics))
                    .collect();
                if items.iter().all(Self::is_literal) {
                    Form::Value(node.to_value())
                } else {
                    Form::List(items)
                }
            }
            NodeKind::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        let key = Arc::from(entry.key.as_str().unwrap_or_default());
                        (key, Self::compile(&entry.value, templates, diagnostics))
                    })
                    .collect();
                if entries.iter().all(|(_, value)| value.is_literal()) {
                    Form::Value(node.to_value())
                } else {
                    Form::Map(entries)
                }
            }
            _ => Form::Value(node.to_value()),
        };
        Self { span, form }
    }

    /// Compiles the entries of a mapping, one definition each.
    pub fn compile_map(
        node: &Node,
        templates: &mut Templates,
        diagnostics: &mut Diagnostics,
    ) -> Definitions {
        let entries = node.as_map().unwrap_or_default();
        for entry in entries
            .iter()
            .filter(|entry| !is_variable_name(entry.name()))
        {
            let message = format!("`{}` cannot be the name of a variable", entry.name());
            diagnostics.push(Diagnostic::error(message).at(
                entry.key.span,
                "letters, digits and `_`, not beginning with a digit",
            ));
        }
        let compile = |entry: &crate::source::Entry| {
            let key = Arc::from(entry.key.as_str().unwrap_or_default());
            (
                key,
                Arc::new(Self::compile(&entry.value, templates, diagnostics)),
            )
        };
        entries.iter().map(compile).collect()
    }

    /// Compiles an expression that was written without braces.
    pub fn expression(
        text: &str,
        node: &Node,
        templates: &mut Templates,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        // The offsets in the text with braces are not those of the node; without content it has none.
        let whole = Node {
            kind: NodeKind::Null,
            ..node.clone()
        };
        let form = match templates.compile_text(&format!("{{{{ {text} }}}}")) {
            Ok(compiled) => Form::Text(compiled, Box::new(whole)),
            Err(error) => {
                diagnostics.push(diagnostic(&error, &whole));
                Form::Value(Value::none())
            }
        };
        Self {
            span: node.span,
            form,
        }
    }

    /// The value, if there is no template in it.
    pub fn literal(&self) -> Option<&Value> {
        match &self.form {
            Form::Value(value) => Some(value),
            _ => None,
        }
    }

    fn is_literal(&self) -> bool {
        self.literal().is_some()
    }

    /// Renders it.
    pub fn render(
        &self,
        templates: &Templates,
        lookup: &dyn Lookup,
    ) -> Result<Value, Box<Diagnostic>> {
        match &self.form {
            Form::Value(value) => Ok(value.clone()),
            Form::Text(text, node) => {
                let value = templates
                    .render_text(text, lookup)
                    .map_err(|error| Box::new(diagnostic(&error, node)))?;
                if node.is_secret() {
                    templates.secrets().add_value(&value);
                }
                Ok(value)
            }
            Form::List(items) => {
                let items: Result<Vec<_>, _> = items
                    .iter()
                    .map(|item| item.render(templates, lookup))
                    .collect();
                Ok(Value::from(items?))
            }
            Form::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.insert(key.to_string().into(), value.render(templates, lookup)?);
                }
                Ok(Value::from(map))
            }
        }
    }

    /// Whether a template of it looks something up: then it may depend on anything.
    pub fn looks_up(&self) -> bool {
        match &self.form {
            Form::Text(text, _) => text.looks_up(),
            Form::List(items) => items.iter().any(Self::looks_up),
            Form::Map(entries) => entries.iter().any(|(_, value)| value.looks_up()),
            Form::Value(_) => false,
        }
    }

    /// Calls `visit` for each variable that its templates mention, with the place.
    pub fn each_name(&self, visit: &mut dyn FnMut(&NameUse, Span)) {
        match &self.form {
            Form::Value(_) => {}
            Form::Text(text, node) => {
                for name in text.names() {
                    visit(name, place(node, &name.at));
                }
            }
            Form::List(items) => items.iter().for_each(|item| item.each_name(visit)),
            Form::Map(entries) => entries.iter().for_each(|(_, value)| value.each_name(visit)),
        }
    }
}

/// Whether a template could mention a variable of this name.
pub fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// What is wrong with a template that was written as `node`.
pub fn diagnostic(error: &TemplateError, node: &Node) -> Diagnostic {
    if node.is_secret() {
        // The message may quote a part of the value.
        return Diagnostic::error("a template in this encrypted value is wrong")
            .at(node.span, "")
            .help("a secret that is no template, but holds `{{`, `{%` or `{#`, stands between `{% raw %}` and `{% endraw %}`");
    }
    let span = error.at.as_ref().map_or(node.span, |at| place(node, at));
    let diagnostic = Diagnostic::error(error.message.clone()).at(span, "");
    match &error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Where a part of a string's text was written; the whole string where that cannot be said exactly.
pub fn place(node: &Node, at: &std::ops::Range<usize>) -> Span {
    match (node.content_offset(at.start), node.content_offset(at.end)) {
        (Some(start), Some(end)) if start <= end => Span {
            start,
            end,
            ..node.span
        },
        _ => node.span,
    }
}
