//! Loads tasks and handlers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::keys::{Keys, expected};
use super::load::Loader;
use super::task::When;
use super::{Action, Handler, Loop, Retry, RoleUse, Task, control};
use crate::source::{Diagnostic, Entry, Node};
use crate::vars::{Definition, Definitions, diagnostic, is_variable_name};

/// What a task has from the play, the role and the blocks around it.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    pub(super) role: Option<RoleUse>,
    pub(super) tags: BTreeSet<Arc<str>>,
    pub(super) escalate: Option<bool>,
    /// Conditions from outside, the outermost first.
    pub(super) when: Vec<Node>,
}

impl Loader<'_> {
    pub(super) fn tasks(&mut self, node: &Node, inherited: &Inherited) -> Vec<Arc<Task>> {
        let nodes = self.list("tasks", node);
        nodes
            .iter()
            .filter_map(|node| self.task(node, inherited, false))
            .map(|(t, _)| t)
            .collect()
    }

    pub(super) fn handlers(&mut self, node: &Node, inherited: &Inherited) -> Vec<Handler> {
        let nodes = self.list("handlers", node);
        nodes
            .iter()
            .filter_map(|node| self.task(node, inherited, true))
            .map(|(task, listen)| Handler { task, listen })
            .collect()
    }

    fn task(
        &mut self,
        node: &Node,
        inherited: &Inherited,
        handler: bool,
    ) -> Option<(Arc<Task>, Vec<Arc<str>>)> {
        let what = if handler { "a handler" } else { "a task" };
        let mut keys = Keys::new(node, what, self.diagnostics)?;
        let name = keys.string("name", self.diagnostics);
        let mut when = Vec::new();
        let conditions = inherited.when.iter().chain(keys.take("when"));
        conditions.for_each(|node| when.extend(self.conditions(node)));
        let repeat = self.repeat(&mut keys);
        let register = self.register(&mut keys);
        let notify = keys.strings("notify", self.diagnostics);
        let changed_when = keys.take("changed_when").map(|node| self.conditions(node));
        let failed_when = keys.take("failed_when").map(|node| self.conditions(node));
        let retry = self.retry(&mut keys, repeat.is_some());
        let ignore_errors = keys
            .boolean("ignore_errors", self.diagnostics)
            .unwrap_or(false);
        let escalate = keys
            .boolean("become", self.diagnostics)
            .or(inherited.escalate);
        let become_user = keys
            .take("become_user")
            .map(|node| Arc::new(self.definition(node)));
        let mut tags = keys.tags(self.diagnostics);
        tags.extend(inherited.tags.iter().cloned());
        let vars = keys
            .take("vars")
            .map(|node| self.definitions("`vars`", node))
            .unwrap_or_default();
        let no_log = keys.boolean("no_log", self.diagnostics).unwrap_or(false);
        let check_mode = keys.boolean("check_mode", self.diagnostics);
        let timeout = keys.number("timeout", self.diagnostics);
        let extra = keys.take("args");
        let listen = if handler {
            keys.strings("listen", self.diagnostics)
        } else {
            Vec::new()
        };

        let entry = self.action_entry(&keys, node, what)?;
        let action = self.action(entry, extra, inherited)?;
        let shown = name.map_or_else(|| describe(entry), str::to_owned);
        let (line, _) = self.sources.line_column(node.span);
        let at = format!("{}:{line}", self.sources.path(node.span.file).display());
        let task = Task {
            name: shown.into(),
            span: node.span,
            at: at.into(),
            role: inherited.role.clone(),
            action,
            when,
            repeat,
            register,
            notify: notify
                .into_iter()
                .map(|(node, name)| (name, node.span))
                .collect(),
            changed_when,
            failed_when,
            retry,
            ignore_errors,
            escalate,
            become_user,
            tags,
            vars: Arc::new(vars),
            no_log,
            check_mode,
            timeout,
        };
        Some((
            Arc::new(task),
            listen.into_iter().map(|(_, topic)| topic).collect(),
        ))
    }

    /// The entry that names the module: the only one that is no keyword.
    fn action_entry<'n>(&mut self, keys: &Keys<'n>, node: &Node, what: &str) -> Option<&'n Entry> {
        let rest: Vec<&Entry> = keys.rest().collect();
        let (modules, unknown): (Vec<&Entry>, Vec<&Entry>) = rest
            .iter()
            .partition(|entry| find_module(entry.key.as_str().unwrap_or_default()).is_some());
        for entry in &unknown {
            let key = entry.key.as_str().unwrap_or_default();
            let known = keys.known().iter().copied().chain(module_names());
            let problem = if modules.is_empty() {
                format!("there is no module or keyword `{key}`")
            } else {
                format!("unknown key `{key}` in {what}")
            };
            let mut wrong = Diagnostic::error(problem).at(entry.key.span, "not known here");
            let near = key.rsplit('.').next().unwrap_or(key);
            wrong = match ansible_word(key) {
                Some(help) => wrong.help(help),
                None => wrong.suggest(near, known),
            };
            if wrong.help.is_empty() {
                wrong = wrong.note("`provision doc` lists the modules");
            }
            self.diagnostics.push(wrong);
        }
        match modules.as_slice() {
            [module] => Some(module),
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

    /// A condition, or a list of which all must hold.
    pub(super) fn conditions(&mut self, node: &Node) -> Vec<When> {
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        nodes
            .iter()
            .filter_map(|node| self.condition(node))
            .collect()
    }

    fn condition(&mut self, node: &Node) -> Option<When> {
        if let Some(constant) = node.as_bool() {
            return Some(When {
                condition: Err(constant),
                node: node.clone(),
            });
        }
        let Some(text) = node.as_str() else {
            self.diagnostics.push(
                Diagnostic::error("a condition must be an expression that yields a boolean")
                    .at(node.span, format!("this is {}", node.type_name())),
            );
            return None;
        };
        match self.templates.compile_condition(text) {
            Ok(condition) => Some(When {
                condition: Ok(condition),
                node: node.clone(),
            }),
            Err(error) => {
                self.diagnostics.push(diagnostic(&error, node));
                None
            }
        }
    }

    fn repeat(&mut self, keys: &mut Keys<'_>) -> Option<Loop> {
        let items = keys.take("loop").map(|node| self.items(node));
        let mut variable: Arc<str> = Arc::from("item");
        let mut label = None;
        if let Some(node) = keys.take("loop_control")
            && let Some(mut control) = Keys::new(node, "`loop_control`", self.diagnostics)
        {
            if let Some(name) = control.string("loop_var", self.diagnostics) {
                variable = Arc::from(name);
            }
            label = control.take("label").map(|node| self.definition(node));
            control.finish(self.diagnostics);
        }
        // An older loop has been complained of by its key; its items are not undefined as well.
        let older = |entry: &&Entry| entry.name().starts_with(LOOKUP_LOOP);
        let older = keys
            .rest()
            .find(older)
            .map(|entry| self.definition(&entry.value));
        items.or(older).map(|items| Loop {
            items,
            variable,
            label,
        })
    }

    fn items(&mut self, node: &Node) -> Definition {
        let items = self.definition(node);
        if items
            .literal()
            .is_some_and(|value| !value.is_array() && !value.is_none())
        {
            let mut wrong = expected("loop", "a list", node);
            if let Some(name) = node.as_str().filter(|text| is_variable_name(text)) {
                wrong = wrong.help(format!("if it is a variable: `loop: \"{{{{ {name} }}}}\"`"));
            }
            self.diagnostics.push(wrong);
        }
        items
    }

    fn register(&mut self, keys: &mut Keys<'_>) -> Option<Arc<str>> {
        let node = keys.take("register")?;
        match node.as_str().filter(|name| is_variable_name(name)) {
            Some(name) => Some(Arc::from(name)),
            None => {
                self.diagnostics
                    .push(expected("register", "the name of a variable", node));
                None
            }
        }
    }

    fn retry(&mut self, keys: &mut Keys<'_>, repeats: bool) -> Option<Retry> {
        let until = keys.take("until");
        let retries = keys.number("retries", self.diagnostics);
        let delay = keys.number("delay", self.diagnostics);
        let retries = u32::try_from(retries.unwrap_or(3)).unwrap_or(u32::MAX);
        if let (Some(node), true) = (until, repeats) {
            self.diagnostics.push(
                Diagnostic::error("`until` and `loop` cannot be in one task")
                    .at(node.span, "this task has a loop")
                    .help("wait in a task of its own"),
            );
        }
        let until = until.map(|node| self.conditions(node));
        until.map(|until| Retry {
            until,
            retries,
            delay: delay.unwrap_or(5),
        })
    }
}

/// The module or control action called `name`, with or without Ansible's collection before it.
fn find_module(name: &str) -> Option<&'static provision_worker::module::Module> {
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    control::find(name).or_else(|| provision_worker::modules::find(name))
}

fn module_names() -> impl Iterator<Item = &'static str> {
    let modules = provision_worker::modules::MODULES.iter();
    modules.chain(control::CONTROLS).map(|module| module.name)
}

/// How Ansible's older loops begin.
const LOOKUP_LOOP: &str = "with_";

/// What to say about a word of Ansible that has another name here.
fn ansible_word(key: &str) -> Option<String> {
    Some(match key {
        "with_items" | "with_list" => "write `loop:`".into(),
        "with_dict" => "write `loop: \"{{ mapping | dict2items }}\"`".into(),
        "yum" | "dnf" | "dnf5" | "zypper" | "apk" | "pacman" => {
            "`package` works with the package manager of the host".into()
        }
        "systemd" => "write `systemd_service`".into(),
        "gather_facts" | "setup" => "facts come with the connection: leave it out".into(),
        _ if key.starts_with(LOOKUP_LOOP) => {
            "write `loop:` with an expression that yields a list".into()
        }
        _ => return None,
    })
}

/// What a task without a name is called: its module, and its arguments as far as they are short.
fn describe(entry: &Entry) -> String {
    let module = entry.key.as_str().unwrap_or_default();
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
    fn action(
        &mut self,
        entry: &Entry,
        extra: Option<&Node>,
        inherited: &Inherited,
    ) -> Option<Action> {
        let module = find_module(entry.key.as_str()?)?;
        if control::find(module.name).is_none() {
            return self
                .module_call(module, entry, extra, inherited.role.as_ref())
                .map(Action::Module);
        }
        if module.name == control::set_fact::MODULE.name {
            let facts: Definitions = self.definitions("`set_fact`", &entry.value);
            return Some(Action::Control(super::Control::SetFact(facts)));
        }
        self.control(module, entry, extra).map(Action::Control)
    }
}
