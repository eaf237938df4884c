//! Loads lists of tasks, tasks, blocks and handlers.

use std::sync::Arc;

use provision_worker::arg::Kind;

use super::action;
use super::common::{Common, Level};
use super::keys::{Keys, expected};
use super::keywords::{APPLY, BLOCK, HANDLER, LOOP_CONTROL, TASK};
use super::load::Loader;
use super::setting::{SECONDS, milliseconds};
use super::task::When;
use super::{Action, Block, Control, Entry, Handler, Loop, Meta, Retry, Setting, Task};
use crate::source::{Diagnostic, Node};
use crate::template::Text;
use crate::value::Value;
use crate::vars::{Definition, Form, diagnostic, is_variable_name};

/// What stands for several tasks, which handlers are not.
const NO_HANDLER: [&str; 5] = [
    "block",
    "include_tasks",
    "include_role",
    "import_tasks",
    "import_role",
];

impl Loader<'_> {
    /// A list of tasks and blocks; what is imported stands in it in place of the import.
    pub(super) fn entries(&mut self, node: &Node, outer: &Common) -> Vec<Entry> {
        self.entries_of("tasks", node, outer)
    }

    /// The same below `key`.
    pub(super) fn entries_of(&mut self, key: &str, node: &Node, outer: &Common) -> Vec<Entry> {
        let nodes = self.list(key, node);
        let mut entries = Vec::new();
        for node in nodes {
            let has = |key: &str| {
                node.as_map()
                    .is_some_and(|map| map.iter().any(|e| e.name() == key))
            };
            if has("block") || has("rescue") || has("always") {
                entries.extend(self.block(node, outer));
            } else if let Some(imported) = self.import(node, outer) {
                entries.extend(imported);
            } else {
                let task = self.task(node, outer, false);
                entries.extend(task.map(|(task, _)| Entry::Task(task)));
            }
        }
        entries
    }

    pub(super) fn handlers(&mut self, node: &Node, outer: &Common) -> Vec<Handler> {
        let nodes = self.list("handlers", node);
        let mut handlers = Vec::new();
        for node in nodes {
            let entries = node.as_map().unwrap_or_default().iter();
            let mut refused = entries.filter_map(|entry| {
                let short = entry.name().rsplit('.').next();
                let name = NO_HANDLER.iter().find(|name| short == Some(**name));
                Some((entry.key.span, *name?))
            });
            if let Some((at, name)) = refused.next() {
                let wrong = Diagnostic::error(format!("a handler cannot be `{name}`"));
                self.diagnostics.push(wrong.at(at, "in this handler"));
                continue;
            }
            let Some((task, listen)) = self.task(node, outer, true) else {
                continue;
            };
            if let Action::Control(Control::Meta(Meta::FlushHandlers)) = task.action {
                let wrong = Diagnostic::error("a handler cannot be `meta: flush_handlers`");
                self.diagnostics.push(wrong.at(task.span, "this handler"));
                continue;
            }
            handlers.push(Handler { task, listen });
        }
        handlers
    }

    fn block(&mut self, node: &Node, outer: &Common) -> Option<Entry> {
        let mut keys = Keys::new(node, &BLOCK, self.diagnostics)?;
        keys.string("name", self.diagnostics);
        let common = self.common(&mut keys, outer, Level::Tasks);
        let mut part = |key: &'static str, loader: &mut Self| match keys.take(key) {
            Some(node) => loader.entries_of(key, node, &common),
            None => Vec::new(),
        };
        let body = part("block", self);
        let rescue = part("rescue", self);
        let always = part("always", self);
        if keys.given("block").is_none() {
            let part = keys.given("rescue").or(keys.given("always"));
            let at = part.map_or(node.span, |entry| entry.key.span);
            let wrong = Diagnostic::error("`rescue` and `always` need a `block`");
            self.diagnostics.push(wrong.at(at, "there is none here"));
        }
        for (key, help) in [
            ("loop", "put the tasks into a file and use `include_tasks`"),
            ("register", "its tasks can"),
            ("until", "its tasks can"),
        ] {
            if let Some(entry) = keys.refuse(key) {
                let wrong = Diagnostic::error(format!("a block cannot have `{key}`"))
                    .at(entry.key.span, "")
                    .help(help);
                self.diagnostics.push(wrong);
            }
        }
        keys.finish(self.diagnostics);
        Some(Entry::Block(Arc::new(Block {
            span: node.span,
            body,
            rescue,
            always,
        })))
    }

    fn task(
        &mut self,
        node: &Node,
        outer: &Common,
        handler: bool,
    ) -> Option<(Arc<Task>, Vec<Arc<str>>)> {
        let place = if handler { &HANDLER } else { &TASK };
        let mut keys = Keys::new(node, place, self.diagnostics)?;
        let title = keys.given("name").map(|entry| &entry.value);
        let title = title.and_then(|node| self.title(node));
        let name = keys.string("name", self.diagnostics);
        let mut common = self.common(&mut keys, outer, Level::Tasks);
        let repeat = self.repeat(&mut keys);
        let register = self.variable(&mut keys, "register");
        let changed_when = keys.take("changed_when").map(|node| self.conditions(node));
        let failed_when = keys.take("failed_when").map(|node| self.conditions(node));
        let retry = self.retry(&mut keys);
        let background = self.background(&mut keys, &mut common);
        let extra = keys.take("args");
        let listen = if handler {
            keys.strings("listen", self.diagnostics)
        } else {
            Vec::new()
        };

        let entry = self.action_entry(&mut keys, node, place.what)?;
        let is_local = keys.given("local_action").is_some();
        if is_local {
            common.delegate_to = Some(Arc::new(action::localhost(entry.key.span)));
        }
        let action = self.action(&entry, extra, &keys, outer, &mut common)?;
        self.refuse_on_controller(&action, &keys);
        self.refuse_in_background(&action, background.and(keys.given("async")));
        let shown = name.map_or_else(|| action::describe(&entry), str::to_owned);
        let (line, _) = self.sources.line_column(node.span);
        let at = format!("{}:{line}", self.sources.path(node.span.file).display());
        let task = Task {
            name: shown.into(),
            title,
            span: node.span,
            at: at.into(),
            action,
            sets_connection: common.sets_connection(),
            common,
            repeat,
            register,
            changed_when,
            failed_when,
            retry,
            background,
        };
        let listen = listen.into_iter().map(|(_, topic)| topic).collect();
        Some((Arc::new(task), listen))
    }

    /// The template that a name is. One that is wrong is a name like any other.
    fn title(&mut self, node: &Node) -> Option<Definition> {
        let text = self.templates.compile_text(node.as_str()?).ok()?;
        let is_template = !matches!(text, Text::Literal(_));
        is_template.then(|| Definition {
            span: node.span,
            form: Form::Text(text, Box::new(node.clone())),
        })
    }

    /// What is carried out by the controller has no host that it could wait for or leave alone with it.
    fn refuse_on_controller(&mut self, action: &Action, keys: &Keys<'_>) {
        let Action::Control(control) = action else {
            return;
        };
        let general: &[&str] = &["until", "async", "poll", "become"];
        let of_includes: &[&str] = &[
            "register",
            "notify",
            "changed_when",
            "failed_when",
            "environment",
            "become_user",
            "delegate_to",
        ];
        let includes = matches!(control, Control::Include(_));
        let refused = general
            .iter()
            .chain(of_includes.iter().filter(|_| includes));
        for key in refused {
            let Some(entry) = keys.given(key) else {
                continue;
            };
            let name = control.name();
            let mut wrong = Diagnostic::error(format!("`{key}` means nothing for `{name}`"))
                .at(entry.key.span, "");
            if includes && APPLY.find(key).is_some() {
                wrong = wrong.help("what is meant for the included tasks goes below `apply`");
            } else if includes {
                wrong = wrong.help("the included tasks can have it");
            }
            self.diagnostics.push(wrong);
        }
    }

    /// Nobody is there to hand out the controller's files to what goes on by itself.
    fn refuse_in_background(&mut self, action: &Action, key: Option<&crate::source::Entry>) {
        let (Some(key), Action::Module(call)) = (key, action) else {
            return;
        };
        let needs_file = |argument: &super::Argument| {
            let field = call.module.field(argument.name);
            field.is_some_and(|field| {
                matches!(field.kind, Kind::ControllerFile | Kind::ControllerTemplate)
            })
        };
        let on_host = call.arguments.iter().any(|argument| {
            argument.name == "remote_src"
                && argument.value.literal().and_then(Value::as_bool) == Some(true)
        });
        if !on_host && call.arguments.iter().any(needs_file) {
            let name = call.module.name;
            let wrong = Diagnostic::error(format!("`{name}` cannot go on in the background"))
                .at(key.key.span, "with `poll: 0`")
                .help("it needs files of the controller: leave `poll` out to wait for it");
            self.diagnostics.push(wrong);
        }
    }

    /// `async` and `poll`. A task that is waited for is one with a time limit.
    fn background(&mut self, keys: &mut Keys<'_>, common: &mut Common) -> Option<u64> {
        let limit = keys.number("async", self.diagnostics);
        let poll = keys.number("poll", self.diagnostics);
        let limit = limit.filter(|limit| *limit > 0)?;
        if poll == Some(0) {
            return Some(limit);
        }
        common.timeout = Some(Setting::Value(limit));
        None
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
        let (mut label, mut index, mut pause, mut extended) = (None, None, None, false);
        if let Some(node) = keys.take("loop_control")
            && let Some(mut control) = Keys::new(node, &LOOP_CONTROL, self.diagnostics)
        {
            if let Some(name) = self.variable(&mut control, "loop_var") {
                variable = name;
            }
            label = control.take("label").map(|node| self.definition(node));
            index = self.variable(&mut control, "index_var");
            pause = control
                .take("pause")
                .and_then(|node| self.seconds("pause", node));
            extended = control
                .boolean("extended", self.diagnostics)
                .unwrap_or(false);
            control.finish(self.diagnostics);
        }
        // An older loop has been complained of by its key; its items are not undefined as well.
        let older = |entry: &&crate::source::Entry| entry.name().starts_with(action::LOOKUP_LOOP);
        let older = keys
            .rest()
            .find(older)
            .map(|entry| self.definition(&entry.value));
        items.or(older).map(|items| Loop {
            items,
            variable,
            index,
            pause,
            extended,
            label,
        })
    }

    /// A number of seconds, in milliseconds.
    fn seconds(&mut self, key: &str, node: &Node) -> Option<u64> {
        let value = node.to_value();
        let seconds = (value.as_str().is_none())
            .then(|| milliseconds(&value))
            .flatten();
        if seconds.is_none() {
            self.diagnostics.push(expected(key, SECONDS, node));
        }
        seconds
    }

    fn items(&mut self, node: &Node) -> Definition {
        let items = self.definition(node);
        if items
            .literal()
            .is_some_and(|value| !value.is_array() && !value.is_map() && !value.is_none())
        {
            let mut wrong = expected("loop", "a list", node);
            if let Some(name) = node.as_str().filter(|text| is_variable_name(text)) {
                wrong = wrong.help(format!("if it is a variable: `loop: \"{{{{ {name} }}}}\"`"));
            }
            self.diagnostics.push(wrong);
        }
        items
    }

    /// Takes the name of a variable.
    fn variable(&mut self, keys: &mut Keys<'_>, key: &'static str) -> Option<Arc<str>> {
        let node = keys.take(key)?;
        match node.as_str().filter(|name| is_variable_name(name)) {
            Some(name) => Some(Arc::from(name)),
            None => {
                self.diagnostics
                    .push(expected(key, "the name of a variable", node));
                None
            }
        }
    }

    fn retry(&mut self, keys: &mut Keys<'_>) -> Option<Retry> {
        let until = keys.take("until").map(|node| self.conditions(node));
        let retries = self.number(keys, "retries");
        let delay = keys
            .take("delay")
            .and_then(|node| match self.template(node) {
                Some(template) => Some(Setting::Template(template)),
                None => self.seconds("delay", node).map(Setting::Value),
            });
        if until.is_none() && retries.is_none() {
            return None;
        }
        Some(Retry {
            until: until.unwrap_or_default(),
            retries: retries.unwrap_or(Setting::Value(3)),
            delay: delay.unwrap_or(Setting::Value(5000)),
        })
    }
}
