//! Checks what can only be checked once everything is loaded: that each handler exists, and that each
//! variable is defined somewhere.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Action, BodyId, Control, Loaded, Play, Role, Task, each_name, each_task};
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::template::{Condition, NameUse, habit};
use crate::vars::{Definition, Definitions};

/// The variables that are there whatever the playbook says.
pub struct Known<'a> {
    /// What the run itself knows.
    pub magic: &'a [&'a str],
    /// The command line's.
    pub extra: &'a Definitions,
    /// All that the inventory defines, for any host.
    pub inventory: &'a [&'a Definitions],
}

/// Checks all plays.
pub fn validate(loaded: &Loaded, known: &Known<'_>, diagnostics: &mut Diagnostics) {
    let mut seen = HashSet::new();
    // What one play registers, a later one may use.
    let mut learned: HashSet<Arc<str>> = HashSet::new();
    for play in loaded.plays() {
        let tasks = Tasks::of(play);
        learned.extend(tasks.iter().flat_map(Task::learns));
        for task in tasks.iter() {
            if let Action::Control(Control::AddHost { vars, .. }) = &task.action {
                learned.extend(vars.keys().cloned());
            }
        }
        check_handlers(play, &tasks, diagnostics);
        check_course(play, &tasks, diagnostics);
        let names = play_names(play, known, &learned);
        let used: RefCell<Vec<Arc<str>>> = RefCell::default();
        let mut mentioned = |name: &NameUse, span: Span, local: &HashSet<&str>| {
            used.borrow_mut().push(name.name.clone());
            let defined = names.contains(&*name.name) || local.contains(&*name.name);
            if !defined && !name.guarded && seen.insert(span) {
                let all = names.iter().chain(local).copied();
                diagnostics.push(undefined(&name.name, span, all));
            }
        };
        for (task, bodies) in &tasks.0 {
            let mut local = task_names(task);
            local.extend(guarded_names(task));
            local.extend(bodies.iter().copied());
            let mut visit = |name: &NameUse, span: Span| mentioned(name, span, &local);
            each_name(task, play.directory(), &loaded.files, &mut visit);
        }
        check_definitions(play, &tasks, &mut mentioned);
        let local = local_names(play, &tasks);
        check_outside(known, used.take(), |name, span| {
            mentioned(name, span, &local);
        });
    }
}

fn undefined<'a>(name: &str, span: Span, all: impl Iterator<Item = &'a str>) -> Diagnostic {
    let wrong = Diagnostic::error(format!("variable `{name}` is not defined"))
        .at(span, "nothing defines it");
    match habit(name) {
        Some(help) => wrong.help(help),
        None => wrong.suggest(name, all),
    }
}

/// The tasks of a play, each with the variables that it sees because of the loops it is included by.
struct Tasks<'a>(Vec<(&'a Task, HashSet<&'a str>)>);

impl<'a> Tasks<'a> {
    fn of(play: &'a Play) -> Self {
        let none = HashSet::new();
        let mut seen: HashMap<BodyId, HashSet<&str>> = HashMap::new();
        let top: Vec<&Task> = {
            let mut top = Vec::new();
            for entries in &play.sections {
                each_task(entries, &mut |task| top.push(&**task));
            }
            top.extend(play.handlers.iter().map(|handler| &*handler.task));
            top
        };
        let inside = |body: BodyId| {
            let mut inside = Vec::new();
            each_task(&play.bodies[body].entries, &mut |task| inside.push(&**task));
            inside
        };
        let mut open: Vec<(BodyId, HashSet<&str>)> = Vec::new();
        top.iter()
            .for_each(|task| open.extend(included(task, &none)));
        while let Some((body, names)) = open.pop() {
            let known = seen.entry(body);
            let is_new = matches!(known, std::collections::hash_map::Entry::Vacant(_));
            let known = known.or_default();
            if !is_new && names.is_subset(known) {
                continue;
            }
            known.extend(names);
            let known = known.clone();
            for task in inside(body) {
                open.extend(included(task, &known));
            }
        }
        let mut tasks: Vec<_> = top.into_iter().map(|task| (task, HashSet::new())).collect();
        for body in 0..play.bodies.len() {
            let names = seen.remove(&body).unwrap_or_default();
            tasks.extend(inside(body).into_iter().map(|task| (task, names.clone())));
        }
        Self(tasks)
    }

    fn iter(&self) -> impl Iterator<Item = &'a Task> {
        self.0.iter().map(|(task, _)| *task)
    }
}

/// The bodies that a task may include, with the variables that their tasks see because of its loop and `outer`.
fn included<'a>(
    task: &'a Task,
    outer: &HashSet<&'a str>,
) -> impl Iterator<Item = (BodyId, HashSet<&'a str>)> {
    let mut names = outer.clone();
    names.extend(loop_names(task));
    let candidates = task
        .include()
        .into_iter()
        .flat_map(|include| &include.candidates);
    candidates.filter_map(move |(_, body)| Some((*body.as_ref().ok()?, names.clone())))
}

/// The variables of a task's loop.
fn loop_names(task: &Task) -> impl Iterator<Item = &str> {
    task.repeat.iter().flat_map(|repeat| {
        let extended = repeat.extended.then_some("ansible_loop");
        let named = [Some(&*repeat.variable), repeat.index.as_deref(), extended];
        named.into_iter().flatten()
    })
}

fn play_names<'a>(
    play: &'a Play,
    known: &'a Known<'_>,
    learned: &'a HashSet<Arc<str>>,
) -> HashSet<&'a str> {
    let mut names: HashSet<&str> = known.magic.iter().copied().collect();
    let layers = known
        .inventory
        .iter()
        .copied()
        .chain([known.extra, &play.vars]);
    let roles = play
        .roles
        .iter()
        .flat_map(|role| [&role.defaults, &role.vars]);
    for layer in layers.chain(&play.vars_files).chain(roles) {
        names.extend(layer.keys().map(AsRef::as_ref));
    }
    names.extend(learned.iter().map(AsRef::as_ref));
    names.extend(play.prompts.iter().map(|prompt| &*prompt.name));
    names
}

/// The variables that only this task sees.
fn task_names(task: &Task) -> HashSet<&str> {
    let vars = task.common.vars.keys();
    let mut names: HashSet<&str> = vars.map(AsRef::as_ref).collect();
    if let Some(role) = &task.common.role {
        let parameters = role.parameters.keys();
        let own = (role.chain()).flat_map(|role| role.defaults.keys().chain(role.vars.keys()));
        names.extend(own.chain(parameters).map(AsRef::as_ref));
        names.extend(["role_name", "role_path"]);
    }
    names.extend(loop_names(task));
    names
}

/// The variables that the task's conditions are prepared to miss: the rest of it runs only with them.
fn guarded_names(task: &Task) -> impl Iterator<Item = &str> {
    let conditions = task
        .common
        .when
        .iter()
        .filter_map(|when| when.condition.as_ref().ok());
    let names = conditions.flat_map(Condition::names);
    names.filter(|name| name.guarded).map(|name| &*name.name)
}

/// The variables that only some tasks of the play see.
fn local_names<'a>(play: &'a Play, tasks: &Tasks<'a>) -> HashSet<&'a str> {
    let mut names: HashSet<&str> = tasks.iter().flat_map(task_names).collect();
    names.extend(
        play.roles
            .iter()
            .flat_map(|role| role.vars.keys())
            .map(AsRef::as_ref),
    );
    names.extend(["role_name", "role_path"]);
    names
}

/// Checks the variables that the play's and its roles' own variables mention.
fn check_definitions(
    play: &Play,
    tasks: &Tasks<'_>,
    mut mentioned: impl FnMut(&NameUse, Span, &HashSet<&str>),
) {
    let mut check = |definition: &Definition, local: &HashSet<&str>| {
        definition.each_name(&mut |name, span| mentioned(name, span, local));
    };
    let none = HashSet::new();
    let own = [&play.vars]
        .into_iter()
        .chain(&play.vars_files)
        .flat_map(|layer| layer.values());
    let escalation = &play.common.escalation;
    let of_play = [
        &escalation.user,
        &escalation.method,
        &escalation.flags,
        &play.connection.user,
    ];
    own.chain(of_play.into_iter().flatten())
        .for_each(|definition| check(definition, &none));
    let mut roles: Vec<&Arc<Role>> = play.roles.iter().collect();
    for role_use in tasks.iter().filter_map(|task| task.common.role.as_ref()) {
        if !roles.iter().any(|role| Arc::ptr_eq(role, &role_use.role)) {
            roles.push(&role_use.role);
        }
    }
    for role in roles {
        let mut own: HashSet<&str> = HashSet::new();
        let uses = tasks.iter().filter_map(|task| task.common.role.as_ref());
        let uses = uses.filter(|role_use| role_use.role.name == role.name);
        for role_use in uses {
            let seen = role_use.chain();
            let seen = seen.flat_map(|role| role.defaults.keys().chain(role.vars.keys()));
            let seen = seen.chain(role_use.parameters.keys());
            own.extend(seen.map(AsRef::<str>::as_ref));
        }
        let of_role = role.defaults.keys().chain(role.vars.keys());
        own.extend(of_role.map(AsRef::<str>::as_ref));
        own.extend(["role_name", "role_path"]);
        role.defaults
            .values()
            .chain(role.vars.values())
            .for_each(|definition| check(definition, &own));
    }
}

/// Checks what the inventory's and the command line's variables mention, as far as the play uses them: an
/// inventory may hold more than this playbook needs.
fn check_outside(
    known: &Known<'_>,
    mut open: Vec<Arc<str>>,
    mut mentioned: impl FnMut(&NameUse, Span),
) {
    let mut done: HashSet<Arc<str>> = HashSet::new();
    let mut visited: HashSet<*const Definition> = HashSet::new();
    while let Some(name) = open.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let layers = known.inventory.iter().copied().chain([known.extra]);
        for definition in layers.filter_map(|layer| layer.get(&name)) {
            if visited.insert(Arc::as_ptr(definition)) {
                definition.each_name(&mut |inner, span| {
                    open.push(inner.name.clone());
                    mentioned(inner, span);
                });
            }
        }
    }
}

fn check_handlers(play: &Play, tasks: &Tasks<'_>, diagnostics: &mut Diagnostics) {
    for notify in tasks.iter().flat_map(|task| &task.common.notify) {
        // Whom a template means, the run will say.
        if notify.template.is_none() {
            diagnostics.extend(play.handlers_for(&notify.name, notify.span).err());
        }
    }
}

/// What waits for other hosts cannot be where no host waits for another.
fn check_course(play: &Play, tasks: &Tasks<'_>, diagnostics: &mut Diagnostics) {
    if !play.course.free {
        return;
    }
    for task in tasks.iter().filter(|task| task.common.run_once) {
        let wrong = Diagnostic::error("`run_once` needs `strategy: linear`")
            .at(task.span, "this task runs once for all hosts")
            .also(play.span, "and with `free` no host waits for another");
        diagnostics.push(wrong);
    }
}
