//! The variables that one task sees on one host. Definitions are rendered when they are asked for.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Definition, Definitions, Layer};
use crate::source::{Diagnostic, SourceMap, Span, is_password};
use crate::template::{Lookup, TemplateError, Templates};
use crate::value::Value;

/// Values that were learned in the run. They are data and never rendered.
pub type Values = IndexMap<Arc<str>, Value>;

/// Where a layer has its variables.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Values as they are.
    Values(&'a Values),
    /// Definitions that are rendered when they are used.
    Definitions(&'a Definitions),
}

/// One layer of a scope.
#[derive(Clone, Copy)]
pub struct ScopeLayer<'a> {
    /// Which layer it is.
    pub layer: Layer,
    /// Its variables.
    pub source: Source<'a>,
}

impl<'a> ScopeLayer<'a> {
    /// A layer of values.
    pub fn values(layer: Layer, values: &'a Values) -> Self {
        Self {
            layer,
            source: Source::Values(values),
        }
    }

    /// A layer of definitions.
    pub fn definitions(layer: Layer, definitions: &'a Definitions) -> Self {
        Self {
            layer,
            source: Source::Definitions(definitions),
        }
    }
}

/// What a name stands for.
enum Found<'a> {
    Value(&'a Value),
    Definition(&'a Definition),
}

/// A variable has a value that is only known when a template is rendered.
#[derive(Debug, PartialEq, Eq)]
pub struct NotLiteral;

/// Gives what is around a scope: the variables of other hosts, and files.
pub trait Surroundings {
    /// `hostvars`: a mapping from each host to its variables, those called `fields` or all.
    fn variables(&self, fields: Option<&[Arc<str>]>) -> Value;

    /// Where the file or directory `name` is, as the task sees it; `folder` is `files` or `templates`.
    fn find_file(&self, folder: &str, name: &str) -> Option<PathBuf>;
}

/// The variables of one task on one host.
pub struct Scope<'a> {
    templates: &'a Templates,
    sources: &'a SourceMap,
    layers: Vec<ScopeLayer<'a>>,
    surroundings: Option<Box<dyn Surroundings + 'a>>,
    rendered: RefCell<HashMap<String, Value>>,
    resolving: RefCell<Vec<String>>,
}

impl<'a> Scope<'a> {
    /// A scope of these layers. The strongest layer wins; of two of the same kind, the later one.
    pub fn new(
        templates: &'a Templates,
        sources: &'a SourceMap,
        mut layers: Vec<ScopeLayer<'a>>,
    ) -> Self {
        layers.sort_by_key(|layer| layer.layer);
        Self::ordered(templates, sources, layers)
    }

    /// A scope of layers that stand in order already, the strongest last.
    pub fn ordered(
        templates: &'a Templates,
        sources: &'a SourceMap,
        layers: Vec<ScopeLayer<'a>>,
    ) -> Self {
        debug_assert!(layers.is_sorted_by_key(|layer| layer.layer));
        Self {
            templates,
            sources,
            layers,
            surroundings: None,
            rendered: RefCell::default(),
            resolving: RefCell::default(),
        }
    }

    /// The scope with `hostvars` and files around it.
    #[must_use]
    pub fn with_surroundings(self, surroundings: Box<dyn Surroundings + 'a>) -> Self {
        Self {
            surroundings: Some(surroundings),
            ..self
        }
    }

    /// The templates that the scope renders with.
    pub fn templates(&self) -> &'a Templates {
        self.templates
    }

    /// Where the value of a variable was written.
    pub fn place(&self, name: &str) -> Option<Span> {
        let layers = self.layers.iter().rev();
        let found = layers.filter_map(|layer| match layer.source {
            Source::Values(values) => values.contains_key(name).then_some(None),
            Source::Definitions(definitions) => definitions.get(name).map(|found| Some(found.span)),
        });
        found.into_iter().next().flatten()
    }

    fn find(&self, name: &str) -> Option<Found<'a>> {
        let mut layers = self.layers.iter().rev();
        layers.find_map(|layer| match layer.source {
            Source::Values(values) => values.get(name).map(Found::Value),
            Source::Definitions(definitions) => {
                let definition = definitions.get(name)?;
                Some(match definition.literal() {
                    Some(value) => Found::Value(value),
                    None => Found::Definition(definition),
                })
            }
        })
    }

    /// The value of a variable if it is written out and no template has to be rendered for it; whether there is such a
    /// variable at all otherwise.
    pub fn literal(&self, name: &str) -> Result<Option<&'a Value>, NotLiteral> {
        match self.find(name) {
            None => Ok(None),
            Some(Found::Value(value)) => Ok(Some(value)),
            Some(Found::Definition(_)) => Err(NotLiteral),
        }
    }

    /// Whatever a password was made of, from now on it is a secret.
    fn keep_password(&self, name: &str, value: &Value) {
        if !is_password(name) {
            return;
        }
        match value.as_str() {
            Some(text) => self.templates.secrets().add(text),
            None if value.is_number() => self.templates.secrets().add(&value.to_string()),
            None => {}
        }
    }

    /// The failure to render `name`, which says where the definition stands that is at fault.
    fn nested_error(&self, name: &str, diagnostic: &Diagnostic) -> TemplateError {
        let place = diagnostic.primary.as_ref().map(|label| {
            let (line, column) = self.sources.line_column(label.span);
            format!(
                " ({}:{line}:{column})",
                self.sources.path(label.span.file).display()
            )
        });
        TemplateError {
            message: format!(
                "in `{name}`{}: {}",
                place.unwrap_or_default(),
                diagnostic.message
            ),
            help: diagnostic.help.first().cloned(),
            ..TemplateError::default()
        }
    }
}

impl Lookup for Scope<'_> {
    fn hostvars(&self, fields: Option<&[Arc<str>]>) -> Result<Option<Value>, TemplateError> {
        Ok(self
            .surroundings
            .as_ref()
            .map(|surroundings| surroundings.variables(fields)))
    }

    fn find_file(&self, folder: &str, name: &str) -> Option<PathBuf> {
        self.surroundings.as_ref()?.find_file(folder, name)
    }

    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        let definition = match self.find(name) {
            None => return Ok(None),
            Some(Found::Value(value)) => {
                self.keep_password(name, value);
                return Ok(Some(value.clone()));
            }
            Some(Found::Definition(definition)) => definition,
        };
        if let Some(value) = self.rendered.borrow().get(name) {
            return Ok(Some(value.clone()));
        }
        if self.resolving.borrow().iter().any(|outer| outer == name) {
            let chain = self.resolving.borrow().join("` -> `");
            return Err(TemplateError {
                message: format!("variables are defined by each other: `{chain}` -> `{name}`"),
                ..TemplateError::default()
            });
        }
        self.resolving.borrow_mut().push(name.to_owned());
        let rendered = definition.render(self.templates, self);
        self.resolving.borrow_mut().pop();
        match rendered {
            Ok(value) => {
                self.keep_password(name, &value);
                self.rendered
                    .borrow_mut()
                    .insert(name.to_owned(), value.clone());
                Ok(Some(value))
            }
            Err(diagnostic) => Err(self.nested_error(name, &diagnostic)),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for layer in &self.layers {
            match layer.source {
                Source::Values(values) => names.extend(values.keys().map(ToString::to_string)),
                Source::Definitions(definitions) => {
                    names.extend(definitions.keys().map(ToString::to_string));
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
