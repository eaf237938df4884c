//! What a task does: finds the entry that names its module, and the words that are Ansible's and not ours.

use std::sync::Arc;

use provision_worker::module::Module;

use super::common::Common;
use super::keys::{Keys, elsewhere};
use super::load::Loader;
use super::{Action, Control, control};
use crate::source::{Diagnostic, Entry, Node, NodeKind, Span};
use crate::value::Value;
use crate::vars::{Definition, Form};

/// The module or control action called `name`, with or without Ansible's collection before it.
pub(super) fn find(name: &str) -> Option<&'static Module> {
    let name = name
        .strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .or_else(|| name.strip_prefix("ansible.posix."))
        .or_else(|| name.strip_prefix("community.general."))
        .unwrap_or(name);
    control::find(name).or_else(|| provision_worker::modules::find(name))
}

/// Every module and control action.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let modules = provision_worker::modules::MODULES.iter();
    modules.chain(control::CONTROLS).map(|module| module.name)
}

/// How Ansible's older loops begin.
pub(super) const LOOKUP_LOOP: &str = "with_";

/// The controller, as the host that a task is delegated to.
pub(super) fn localhost(span: Span) -> Definition {
    Definition {
        span,
        form: Form::Value(Value::from("localhost")),
    }
}

/// What to say about a word of Ansible that has another name here.
pub(super) fn ansible_word(key: &str) -> Option<String> {
    Some(match key {
        "with_items" | "with_list" => "write `loop:`".into(),
        "with_dict" => "write `loop: \"{{ mapping | dict2items }}\"`".into(),
        "yum" | "dnf" | "dnf5" | "zypper" | "apk" | "pacman" => {
            "`package` works with the package manager of the host".into()
        }
        "systemd" => "write `systemd_service`".into(),
        "gather_facts" | "setup" => "facts come with the connection: leave it out".into(),
        "include" => "write `include_tasks` or `import_tasks`".into(),
        "gather_subset" | "gather_timeout" | "fact_path" => {
            "all facts come with the connection: leave it out".into()
        }
        "sudo" | "su" => "write `become: true`".into(),
        "sudo_user" | "su_user" => "write `become_user`".into(),
        "collections" => "modules have one name each here: leave it out".into(),
        _ if key.starts_with(LOOKUP_LOOP) => {
            "write `loop:` with an expression that yields a list".into()
        }
        _ => return None,
    })
}

/// What a task without a name is called: its module, and its arguments as far as they are short.
pub(super) fn describe(entry: &Entry) -> String {
    let module = entry.name();
    let detail = match entry.value.as_map() {
        Some([first, ..]) => first.value.as_str(),
        Some([]) => None,
        None => entry.value.as_str(),
    };
    let detail: String = detail
        .and_then(|text| text.lines().next())
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect();
    format!("{module} {detail}").trim_end().to_owned()
}

impl Loader<'_> {
    /// The entry that names the module: the only one that is no keyword.
    pub(super) fn action_entry(
        &mut self,
        keys: &mut Keys<'_>,
        node: &Node,
        what: &str,
    ) -> Option<Entry> {
        for key in ["action", "local_action"] {
            if let Some(value) = keys.take(key) {
                return self.spelled_out(key, value);
            }
        }
        let rest: Vec<&Entry> = keys.rest().collect();
        let (modules, unknown): (Vec<&Entry>, Vec<&Entry>) =
            rest.iter().partition(|entry| find(entry.name()).is_some());
        for entry in &unknown {
            let key = entry.name();
            let known = keys.known().chain(names());
            let problem = if modules.is_empty() {
                format!("there is no module or keyword `{key}`")
            } else {
                format!("unknown key `{key}` in {what}")
            };
            let mut wrong = Diagnostic::error(problem).at(entry.key.span, "not known here");
            let near = key.rsplit('.').next().unwrap_or(key);
            wrong = match ansible_word(key).or_else(|| elsewhere(key)) {
                Some(help) => wrong.help(help),
                None => wrong.suggest(near, known),
            };
            if wrong.help.is_empty() {
                wrong = wrong.note("`provision doc` lists the modules");
            }
            self.diagnostics.push(wrong);
        }
        match modules.as_slice() {
            [module] => Some((*module).clone()),
            [] if unknown.is_empty() => {
                self.diagnostics.push(
                    Diagnostic::error(format!("{what} needs a module"))
                        .at(node.span, "nothing here says what is to be done"),
                );
                None
            }
            [] => None,
            [first, second, ..] => {
                self.diagnostics.push(
                    Diagnostic::error(format!("{what} can have one module only"))
                        .at(second.key.span, "this is a second one")
                        .also(first.key.span, "the first one")
                        .help("make two tasks of it"),
                );
                None
            }
        }
    }

    /// `action` and `local_action`: a mapping of which `module` is one entry.
    fn spelled_out(&mut self, key: &str, value: &Node) -> Option<Entry> {
        let entries = value.as_map().unwrap_or_default();
        let module = entries.iter().find(|entry| entry.name() == "module");
        let Some(module) = module.filter(|module| module.value.as_str().is_some()) else {
            let found = match value.as_map() {
                Some(_) => "it has none".to_owned(),
                None => format!("this is {}", value.type_name()),
            };
            let mut help = "write the module as a key of the task".to_owned();
            if key == "local_action" {
                help += ", with `delegate_to: localhost`";
            }
            let wrong = Diagnostic::error(format!("`{key}` takes a mapping that names a `module`"))
                .at(value.span, found)
                .help(help);
            self.diagnostics.push(wrong);
            return None;
        };
        if find(module.value.as_str()?).is_none() {
            let name = module.value.as_str()?;
            let wrong = Diagnostic::error(format!("there is no module `{name}`"))
                .at(module.value.span, "not known here")
                .suggest(name, names());
            self.diagnostics.push(wrong);
            return None;
        }
        let arguments = entries.iter().filter(|entry| entry.name() != "module");
        Some(Entry {
            key: module.value.clone(),
            value: Node {
                kind: NodeKind::Map(arguments.cloned().collect()),
                ..value.clone()
            },
        })
    }

    pub(super) fn action(
        &mut self,
        entry: &Entry,
        extra: Option<&Node>,
        keys: &Keys<'_>,
        outer: &Common,
        common: &mut Common,
    ) -> Option<Action> {
        let module = find(entry.name())?;
        if control::find(module.name).is_none() {
            let call = self.module_call(module, entry, extra, common);
            return call.map(Action::Module);
        }
        let control = match module.name {
            "set_fact" => {
                let facts = self.definitions("`set_fact`", &entry.value);
                let kept = facts.into_iter().filter(|(name, _)| &**name != "cacheable");
                Control::SetFact(kept.collect())
            }
            "add_host" => self.add_host(entry)?,
            "include_tasks" | "include_role" => {
                let mut inherited = outer.clone();
                if let Some(vars) = keys.given("vars") {
                    let vars = self.definitions("`vars`", &vars.value);
                    Arc::make_mut(&mut inherited.parameters).extend(vars.clone());
                    Arc::make_mut(&mut inherited.vars).extend(vars);
                }
                Control::Include(self.include(module, entry, extra, &inherited)?)
            }
            "include_vars" => Control::IncludeVars(self.include_vars(entry)?),
            _ => self.control(module, entry, extra)?,
        };
        if let Control::AddHost { .. } = control {
            // As in Ansible: one host adds for all.
            common.run_once = true;
        }
        Some(Action::Control(control))
    }
}
