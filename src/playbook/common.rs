//! The keywords that plays, blocks, roles, imports and tasks have in common, and how they are inherited.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::keys::{Keys, expected};
use super::load::Loader;
use super::{Notify, RoleUse, Setting, When};
use crate::inventory::connection::{BecomeMethod, become_flags, is_connection_variable};
use crate::source::{Diagnostic, Node};
use crate::vars::{Definition, Definitions};

/// What a task has from itself and from everything around it.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a language"
)]
pub struct Common {
    /// The role it belongs to.
    pub role: Option<RoleUse>,
    /// All must hold, the outermost first.
    pub when: Vec<Arc<When>>,
    /// Its variables, the nearest last.
    pub vars: Arc<Definitions>,
    /// The variables of the includes around it, the nearest last: also among `vars`, but stronger than what a host
    /// has learned.
    pub parameters: Arc<Definitions>,
    /// Its tags.
    pub tags: BTreeSet<Arc<str>>,
    /// How it becomes another user.
    pub escalation: Escalation,
    /// The environment of its programs: mappings of which a later one wins.
    pub environment: Vec<Arc<Definition>>,
    /// Handlers to run when it has changed something.
    pub notify: Vec<Notify>,
    /// A failure does not end the host's run.
    pub ignore_errors: Setting<bool>,
    /// A host that cannot be reached goes on with the next task.
    pub ignore_unreachable: bool,
    /// A failure on one host ends the play on all.
    pub any_errors_fatal: Setting<bool>,
    /// Nothing of its arguments and results may be shown.
    pub no_log: bool,
    /// `false`: it runs even in check mode, because it only reads.
    pub check_mode: Option<bool>,
    /// Whether the texts before and after a change are shown.
    pub diff: Option<bool>,
    /// On the first host only; the others take over its result.
    pub run_once: bool,
    /// On how many hosts at the same time at most.
    pub throttle: Option<usize>,
    /// The longest time a program of it may take, in seconds.
    pub timeout: Option<Setting<u64>>,
    /// The host that carries it out in place of its own.
    pub delegate_to: Option<Arc<Definition>>,
    /// What it learns belongs to the host that carries it out.
    pub delegate_facts: bool,
    /// It is carried out on the controller.
    pub local: bool,
    /// Arguments of modules where the task does not give them, the nearest last: module, arguments.
    pub module_defaults: Vec<(Arc<str>, Node)>,
}

impl Common {
    /// Whether a connection variable is among the variables that it has of its own or from a role.
    pub(super) fn sets_connection(&self) -> bool {
        let role = self.role.as_ref();
        let roles = role.into_iter().flat_map(RoleUse::chain);
        let of_roles = roles.flat_map(|role| [&role.defaults, &role.vars]);
        let parameters = role.map(|role| &*role.parameters);
        let layers = [&*self.vars, &*self.parameters].into_iter();
        let layers = layers.chain(of_roles).chain(parameters);
        let mut names = layers.flat_map(|layer| layer.keys());
        names.any(|name| is_connection_variable(name))
    }
}

/// How to become another user.
#[derive(Clone, Debug, Default)]
pub struct Escalation {
    /// Whether to.
    pub wanted: Option<bool>,
    /// The user.
    pub user: Option<Arc<Definition>>,
    /// By which program.
    pub method: Option<Arc<Definition>>,
    /// Options for that program.
    pub flags: Option<Arc<Definition>>,
}

/// Where the keywords stand: not all of them may stand everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Play,
    /// An entry of `roles`; its `vars` are parameters.
    Role,
    /// A task, a block, an import, or `apply`.
    Tasks,
}

impl Loader<'_> {
    /// Takes the common keywords from `keys`, on top of what is inherited.
    pub(super) fn common(&mut self, keys: &mut Keys<'_>, outer: &Common, level: Level) -> Common {
        let mut common = outer.clone();
        if level != Level::Play {
            self.conditions_of(keys, &mut common);
            if let Some(node) = keys.take("delegate_to") {
                common.delegate_to = Some(Arc::new(self.definition(node)));
            }
            if let Some(value) = keys.boolean("delegate_facts", self.diagnostics) {
                common.delegate_facts = value;
            }
        }
        if level == Level::Tasks {
            self.vars_of(keys, &mut common);
            common.notify.extend(self.notify(keys));
        }
        self.flags(keys, &mut common);
        self.escalation(keys, &mut common.escalation);
        common.tags.extend(keys.tags(self.diagnostics));
        if let Some(node) = keys.take("environment") {
            self.environment(node, &mut common.environment);
        }
        if let Some(number) = keys.number("throttle", self.diagnostics) {
            common.throttle = usize::try_from(number).ok().filter(|limit| *limit > 0);
        }
        common.timeout = self.number(keys, "timeout").or(common.timeout);
        if let Some(node) = keys.take("connection") {
            match node.as_str() {
                Some("local") => common.local = true,
                Some("ssh" | "smart") => common.local = false,
                _ => self
                    .diagnostics
                    .push(expected("connection", "`ssh` or `local`", node)),
            }
        }
        if let Some(node) = keys.take("module_defaults") {
            self.module_defaults(node, &mut common.module_defaults);
        }
        common
    }

    /// Takes `when`.
    pub(super) fn conditions_of(&mut self, keys: &mut Keys<'_>, common: &mut Common) {
        if let Some(node) = keys.take("when") {
            let conditions = self.conditions(node);
            common.when.extend(conditions.into_iter().map(Arc::new));
        }
    }

    /// Takes `vars`.
    pub(super) fn vars_of(&mut self, keys: &mut Keys<'_>, common: &mut Common) {
        if let Some(node) = keys.take("vars") {
            let vars = self.definitions("`vars`", node);
            Arc::make_mut(&mut common.vars).extend(vars);
        }
    }

    fn flags(&mut self, keys: &mut Keys<'_>, common: &mut Common) {
        for (key, setting) in [
            ("ignore_errors", &mut common.ignore_errors),
            ("any_errors_fatal", &mut common.any_errors_fatal),
        ] {
            if let Some(given) = self.boolean(keys, key) {
                *setting = given;
            }
        }
        for (key, flag) in [
            ("ignore_unreachable", &mut common.ignore_unreachable),
            ("no_log", &mut common.no_log),
            ("run_once", &mut common.run_once),
        ] {
            if let Some(value) = keys.boolean(key, self.diagnostics) {
                *flag = value;
            }
        }
        let check_mode = keys.boolean("check_mode", self.diagnostics);
        common.check_mode = check_mode.or(common.check_mode);
        common.diff = keys.boolean("diff", self.diagnostics).or(common.diff);
    }

    fn escalation(&mut self, keys: &mut Keys<'_>, escalation: &mut Escalation) {
        let wanted = keys.boolean("become", self.diagnostics);
        escalation.wanted = wanted.or(escalation.wanted);
        for (key, place) in [
            ("become_user", &mut escalation.user),
            ("become_method", &mut escalation.method),
            ("become_flags", &mut escalation.flags),
        ] {
            if let Some(node) = keys.take(key) {
                let definition = self.definition(node);
                let text = definition.literal().and_then(|value| value.as_str());
                if let Some(wrong) = text.and_then(|text| wrong_escalation(key, text)) {
                    self.diagnostics.push(wrong.at(node.span, ""));
                }
                *place = Some(Arc::new(definition));
            }
        }
    }

    /// A mapping, a template that gives one, or a list of these.
    fn environment(&mut self, node: &Node, environment: &mut Vec<Arc<Definition>>) {
        for node in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            let definition = self.definition(node);
            if definition.literal().is_some_and(|value| !value.is_map()) {
                self.diagnostics.push(expected(
                    "environment",
                    "a mapping of names to values",
                    node,
                ));
            }
            environment.push(Arc::new(definition));
        }
    }

    fn module_defaults(&mut self, node: &Node, defaults: &mut Vec<(Arc<str>, Node)>) {
        let Some(entries) = node.as_map() else {
            let what = "a mapping of modules to arguments";
            self.diagnostics
                .push(expected("module_defaults", what, node));
            return;
        };
        for entry in entries {
            let Some(module) = super::action::find(entry.name()) else {
                let names = super::action::names();
                let wrong = Diagnostic::error(format!("there is no module `{}`", entry.name()))
                    .at(entry.key.span, "not known here")
                    .suggest(entry.name(), names);
                self.diagnostics
                    .push(wrong.note("`provision doc` lists the modules"));
                continue;
            };
            if entry.value.as_map().is_none() && !entry.value.is_null() {
                let what = format!("the defaults of `{}` must be a mapping", module.name);
                let wrong = Diagnostic::error(what).at(
                    entry.value.span,
                    format!("this is {}", entry.value.type_name()),
                );
                self.diagnostics.push(wrong);
                continue;
            }
            for argument in entry.value.as_map().unwrap_or_default() {
                if module.field(argument.name()).is_none() {
                    let known = module.fields.iter().map(|field| field.name);
                    let problem =
                        format!("`{}` has no argument `{}`", module.name, argument.name());
                    let wrong = Diagnostic::error(problem)
                        .at(argument.key.span, "not known here")
                        .suggest(argument.name(), known);
                    self.diagnostics.push(wrong);
                }
            }
            defaults.push((Arc::from(module.name), entry.value.clone()));
        }
    }
}

/// What is wrong with a literal keyword about becoming another user.
fn wrong_escalation(key: &str, text: &str) -> Option<Diagnostic> {
    let known = BecomeMethod::ALL.map(BecomeMethod::name);
    match key {
        "become_method" if BecomeMethod::named(text).is_none() => {
            let wrong = Diagnostic::error(format!("there is no `become_method` `{text}`"));
            let wrong = wrong.suggest(text, known.into_iter());
            Some(wrong.note(format!("known: {}", known.join(", "))))
        }
        "become_flags" if become_flags(text).is_none() => Some(Diagnostic::error(
            "`become_flags` must be words of a shell, without `'` and `!` in them",
        )),
        _ => None,
    }
}
