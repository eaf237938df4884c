//! Loads `meta/args.yaml`, in which a role declares its arguments.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::args::{ArgumentKind, ArgumentSpec, RoleArguments};
use super::keys::{Keys, expected};
use super::keywords::ARGUMENT;
use super::load::Loader;
use super::role_load::yaml_file;
use crate::source::{Diagnostic, Node};
use crate::vars::is_variable_name;

impl Loader<'_> {
    /// The arguments that the role in the directory `path` declares.
    pub(super) fn role_arguments(&mut self, role: &str, path: &Path) -> Option<RoleArguments> {
        let file = yaml_file(&path.join("meta"), "args")?;
        let node = self.document(&file)?;
        let arguments = self.specs("the arguments of a role", &node);
        for entry in node.as_map().unwrap_or_default() {
            let name = entry.name();
            if !is_variable_name(name) {
                let wrong = Diagnostic::error(format!("`{name}` cannot be the name of a variable"))
                    .at(
                        entry.key.span,
                        "letters, digits and `_`, not beginning with a digit",
                    );
                self.diagnostics.push(wrong);
            }
        }
        Some(RoleArguments {
            role: Arc::from(role),
            arguments,
        })
    }

    fn specs(&mut self, what: &str, node: &Node) -> IndexMap<Arc<str>, ArgumentSpec> {
        let Some(entries) = node.as_map() else {
            let wrong =
                Diagnostic::error(format!("{what} must be a mapping of names to arguments"))
                    .at(node.span, format!("this is {}", node.type_name()));
            self.diagnostics.push(wrong);
            return IndexMap::new();
        };
        let spec = |entry: &crate::source::Entry| {
            let spec = self.spec(&entry.value)?;
            Some((Arc::from(entry.name()), spec))
        };
        entries.iter().filter_map(spec).collect()
    }

    fn spec(&mut self, node: &Node) -> Option<ArgumentSpec> {
        let mut keys = Keys::new(node, &ARGUMENT, self.diagnostics)?;
        let kind = self.kind(&mut keys);
        let required = keys.boolean("required", self.diagnostics).unwrap_or(false);
        let default_node = keys.take("default");
        let choices = keys.take("choices").map(|node| self.list("choices", node));
        let doc = keys.string("doc", self.diagnostics);
        let elements = match keys.take("elements") {
            None => None,
            Some(node) if node.as_map().is_some() => self.spec(node),
            Some(node) => {
                let kind = self.kind_of(node);
                Some(ArgumentSpec {
                    kind,
                    ..ArgumentSpec::default()
                })
            }
        };
        let entries = keys
            .take("entries")
            .map(|node| self.specs("`entries`", node))
            .unwrap_or_default();
        keys.finish(self.diagnostics);
        let spec = ArgumentSpec {
            kind,
            elements: elements.map(Box::new),
            required,
            default: default_node.map(|node| Arc::new(self.definition(node))),
            choices: choices
                .unwrap_or_default()
                .iter()
                .map(Node::to_value)
                .collect(),
            doc: doc.unwrap_or_default().to_owned(),
            entries,
        };
        let literal = spec.default.as_ref().and_then(|default| default.literal());
        if let (Some(literal), Some(node)) = (literal, default_node)
            && let Err(problem) = spec.check("default", literal)
        {
            let wrong = Diagnostic::error(problem).at(node.span, "its own default");
            self.diagnostics.push(wrong);
        }
        Some(spec)
    }

    fn kind(&mut self, keys: &mut Keys<'_>) -> ArgumentKind {
        match keys.take("type") {
            Some(node) => self.kind_of(node),
            None => ArgumentKind::Any,
        }
    }

    fn kind_of(&mut self, node: &Node) -> ArgumentKind {
        let name = node.as_str().unwrap_or_default();
        let known = ArgumentKind::NAMES.iter().find(|(known, _)| *known == name);
        if let Some((_, kind)) = known {
            return *kind;
        }
        let names = ArgumentKind::NAMES.map(|(name, _)| name);
        let wrong = expected("type", &format!("one of {}", names.join(", ")), node);
        self.diagnostics
            .push(wrong.suggest(name, names.into_iter()));
        ArgumentKind::Any
    }
}
