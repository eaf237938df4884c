//! Loads the arguments of a module and checks them against what the module declares.

use std::sync::Arc;

use provision_worker::arg::Kind;
use provision_worker::module::{Field, Module};
use serde_json::{Map, Value};

use super::keys::outside;
use super::keywords::HANDLER;
use super::load::Loader;
use super::{Argument, Common, Control, Finder, ModuleCall, RoleUse, control};
use crate::source::{Diagnostic, Entry, Node, Span};
use crate::template::Trimming;
use crate::value::to_json;
use crate::vars::Definition;

/// An argument where it was written.
struct Given<'n> {
    field: &'static Field,
    key: Span,
    node: &'n Node,
}

impl Loader<'_> {
    pub(super) fn module_call(
        &mut self,
        module: &'static Module,
        entry: &Entry,
        extra: Option<&Node>,
        common: &Common,
    ) -> Option<ModuleCall> {
        let role = common.role.as_ref();
        let mut given = self.given(module, entry, extra)?;
        add_defaults(module, common, &mut given);
        let mut arguments = Vec::new();
        let mut literals = Map::new();
        let mut sound = true;
        for given in &given {
            let errors = self.diagnostics.len();
            let value = self.definition(given.node);
            if self.diagnostics.len() > errors {
                // A template that cannot be read leaves nothing in its place that could be checked.
                sound = false;
            } else if let Some(literal) = value.literal() {
                let literal = to_json(literal);
                sound &= self.check_literal(given, &literal);
                literals.insert(given.field.name.to_owned(), literal);
            }
            arguments.push(Argument {
                name: given.field.name,
                value,
            });
        }
        self.check_together(module, entry, &given, &literals, sound);
        for given in &given {
            self.check_file(given, &literals, role);
        }
        Some(ModuleCall { module, arguments })
    }

    /// The arguments as they were written: a mapping, or a string where the module takes one.
    fn given<'n>(
        &mut self,
        module: &'static Module,
        entry: &'n Entry,
        extra: Option<&'n Node>,
    ) -> Option<Vec<Given<'n>>> {
        let mut given = Vec::new();
        let value = &entry.value;
        if let Some(entries) = value.as_map() {
            given.extend(
                entries
                    .iter()
                    .filter_map(|entry| self.given_entry(module, entry)),
            );
        } else if let Some(free_form) = module.free_form.and_then(|name| module.field(name))
            && !value.is_null()
        {
            given.push(Given {
                field: free_form,
                key: entry.key.span,
                node: value,
            });
        } else if !value.is_null() {
            let help = match value.as_str() {
                Some(text) if text.contains('=') => {
                    format!(
                        "write the arguments as a mapping: `{}: {{name: value}}`",
                        module.name
                    )
                }
                _ => format!("`provision doc {}` lists its arguments", module.name),
            };
            self.diagnostics.push(
                Diagnostic::error(format!("`{}` takes a mapping of arguments", module.name))
                    .at(value.span, format!("this is {}", value.type_name()))
                    .help(help),
            );
            return None;
        }
        for entry in extra.and_then(Node::as_map).unwrap_or_default() {
            given.extend(self.given_entry(module, entry));
        }
        Some(given)
    }

    fn given_entry<'n>(&mut self, module: &'static Module, entry: &'n Entry) -> Option<Given<'n>> {
        let name = entry.key.as_str().unwrap_or_default();
        let Some(field) = module.field(name) else {
            let known = module.fields.iter().map(|field| field.name);
            let wrong = Diagnostic::error(format!("`{}` has no argument `{name}`", module.name))
                .at(entry.key.span, "not known here");
            self.diagnostics.push(if HANDLER.find(name).is_some() {
                wrong.help(outside(module.name))
            } else {
                wrong.suggest(name, known.clone()).note(format!(
                    "its arguments: {}",
                    known.collect::<Vec<_>>().join(", ")
                ))
            });
            return None;
        };
        Some(Given {
            field,
            key: entry.key.span,
            node: &entry.value,
        })
    }

    fn check_literal(&mut self, given: &Given<'_>, literal: &Value) -> bool {
        let Err(mismatch) = (given.field.check)(literal) else {
            return true;
        };
        let mut wrong =
            Diagnostic::error(format!("argument `{}`: {}", given.field.name, mismatch.0))
                .at(given.node.span, "");
        if let (Kind::Choice(words), Some(text)) = (given.field.kind, given.node.as_str()) {
            wrong = wrong.suggest(text, words.iter().copied());
        }
        self.diagnostics.push(wrong);
        false
    }

    /// Checks what is missing, and what the arguments must satisfy together if all of them are known.
    fn check_together(
        &mut self,
        module: &'static Module,
        entry: &Entry,
        given: &[Given<'_>],
        literals: &Map<String, Value>,
        sound: bool,
    ) {
        let is_given = |field: &Field| given.iter().any(|given| given.field.name == field.name);
        let missing: Vec<&str> = module
            .fields
            .iter()
            .filter(|field| field.required && !is_given(field))
            .map(|field| field.name)
            .collect();
        if !missing.is_empty() {
            let names = missing
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            self.diagnostics.push(
                Diagnostic::error(format!("`{}` needs {names}", module.name))
                    .at(entry.key.span, "not given here")
                    .help(format!("see `provision doc {}`", module.name)),
            );
            return;
        }
        if !sound || literals.len() != given.len() {
            return;
        }
        if let Err(error) = (module.validate)(literals) {
            let place = given
                .iter()
                .find(|given| Some(given.field.name) == error.field);
            self.diagnostics.push(
                Diagnostic::error(error.message)
                    .at(place.map_or(entry.key.span, |given| given.key), "")
                    .help(format!("see `provision doc {}`", module.name)),
            );
        }
    }

    /// Checks that a file of the controller exists, and compiles it if it is a template.
    fn check_file(
        &mut self,
        given: &Given<'_>,
        literals: &Map<String, Value>,
        role: Option<&RoleUse>,
    ) {
        let folder = match given.field.kind {
            Kind::ControllerFile => "files",
            Kind::ControllerTemplate => "templates",
            _ => return,
        };
        let on_host = literals.get("remote_src") == Some(&Value::Bool(true));
        let Some(Value::String(name)) = literals.get(given.field.name).filter(|_| !on_host) else {
            return;
        };
        let finder = Finder::new(role.map(|role| role.role.path.as_path()), self.directory());
        let Some(path) = finder.find(folder, name) else {
            let looked: Vec<String> = finder
                .candidates(folder, name)
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            self.diagnostics.push(
                Diagnostic::error(format!("there is no file `{name}`"))
                    .at(given.node.span, "named here")
                    .note(format!("looked for {}", looked.join(", "))),
            );
            return;
        };
        if folder == "templates" {
            let trimming = Trimming::of(|name| literals.get(name)?.as_bool());
            let loaded = self
                .files
                .load(&path, trimming, self.sources, self.templates);
            self.diagnostics.check(loaded);
        } else if path.is_file() {
            // That a key for it is missing should not show itself on a host.
            let plain = self.sources.decrypt(&path);
            self.diagnostics.check(plain);
        }
    }

    pub(super) fn control(
        &mut self,
        module: &'static Module,
        entry: &Entry,
        extra: Option<&Node>,
    ) -> Option<Control> {
        let given = self.given(module, entry, extra)?;
        let mut literals = Map::new();
        for given in &given {
            literals.insert(given.field.name.to_owned(), to_json(&given.node.to_value()));
        }
        let sound = given
            .iter()
            .all(|given| self.check_literal(given, &literals[given.field.name]));
        self.check_together(module, entry, &given, &literals, sound);
        let node = |name: &str| {
            given
                .iter()
                .find(|given| given.field.name == name)
                .map(|g| g.node)
        };
        match module.name {
            "assert" => Some(Control::Assert {
                that: self.conditions(node("that")?),
                fail_msg: node("fail_msg").map(|node| self.definition(node)),
                success_msg: node("success_msg").map(|node| self.definition(node)),
            }),
            "debug" => self.debug(node("msg"), node("var")),
            "fail" => Some(Control::Fail {
                msg: match node("msg") {
                    Some(node) => self.definition(node),
                    None => literal_text(entry.key.span, "failed as requested"),
                },
            }),
            "group_by" => Some(Control::GroupBy {
                key: self.definition(node("key")?),
                parents: node("parents").map(|node| self.definition(node)),
            }),
            "meta" => {
                let request = control::meta::Args::parse(&literals).ok()?.request;
                Some(Control::Meta(request.into()))
            }
            _ => None,
        }
    }

    fn debug(&mut self, msg: Option<&Node>, var: Option<&Node>) -> Option<Control> {
        if let Some(node) = msg {
            return Some(Control::Debug {
                what: self.definition(node),
                variable: None,
            });
        }
        let node = var?;
        let name: Arc<str> = Arc::from(node.as_str()?);
        // An expression is what a value in braces is; the node keeps its place.
        let what = Definition::expression(&name, node, self.templates, self.diagnostics);
        Some(Control::Debug {
            what,
            variable: Some(name),
        })
    }
}

/// Adds the arguments of `module_defaults` that the task does not give; the nearest wins.
fn add_defaults<'n>(module: &'static Module, common: &'n Common, given: &mut Vec<Given<'n>>) {
    let defaults = common.module_defaults.iter().rev();
    let of_module = defaults.filter(|(name, _)| **name == *module.name);
    for entry in of_module.flat_map(|(_, node)| node.as_map().unwrap_or_default()) {
        // An unknown one has been complained of where the defaults are written.
        let Some(field) = module.field(entry.name()) else {
            continue;
        };
        if !given.iter().any(|given| given.field.name == field.name) {
            given.push(Given {
                field,
                key: entry.key.span,
                node: &entry.value,
            });
        }
    }
}

fn literal_text(span: Span, text: &str) -> Definition {
    Definition {
        span,
        form: crate::vars::Form::Value(crate::value::Value::from(text)),
    }
}
