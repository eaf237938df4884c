//! Checks what can only be checked once everything is loaded: that each handler exists, and that each
//! variable is defined somewhere.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::{Loaded, Play, Task, each_name};
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
    for playbook in &loaded.playbooks {
        for play in &playbook.plays {
            learned.extend(tasks(play).flat_map(Task::learns));
            check_handlers(play, diagnostics);
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
            for task in tasks(play) {
                let mut local = task_names(task);
                local.extend(guarded_names(task));
                let mut visit = |name: &NameUse, span: Span| mentioned(name, span, &local);
                each_name(task, playbook.directory(), &loaded.files, &mut visit);
            }
            check_definitions(play, &mut mentioned);
            let local = local_names(play);
            check_outside(known, used.take(), |name, span| {
                mentioned(name, span, &local);
            });
        }
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

fn tasks(play: &Play) -> impl Iterator<Item = &Task> {
    let sections = play.sections.iter().flat_map(|section| &section.tasks);
    sections
        .chain(play.handlers.iter().map(|handler| &handler.task))
        .map(AsRef::as_ref)
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
    let roles = play.roles.iter().map(|role| &role.defaults);
    for layer in layers.chain(&play.vars_files).chain(roles) {
        names.extend(layer.keys().map(AsRef::as_ref));
    }
    names.extend(learned.iter().map(AsRef::as_ref));
    names
}

/// The variables that only this task sees.
fn task_names(task: &Task) -> HashSet<&str> {
    let mut names: HashSet<&str> = task.vars.keys().map(AsRef::as_ref).collect();
    if let Some(role) = &task.role {
        names.extend(
            role.role
                .vars
                .keys()
                .chain(role.parameters.keys())
                .map(AsRef::as_ref),
        );
        names.extend(["role_name", "role_path"]);
    }
    if let Some(repeat) = &task.repeat {
        names.insert(&repeat.variable);
    }
    names
}

/// The variables that the task's conditions are prepared to miss: the rest of it runs only with them.
fn guarded_names(task: &Task) -> impl Iterator<Item = &str> {
    let conditions = task
        .when
        .iter()
        .filter_map(|when| when.condition.as_ref().ok());
    let names = conditions.flat_map(Condition::names);
    names.filter(|name| name.guarded).map(|name| &*name.name)
}

/// The variables that only some tasks of the play see.
fn local_names(play: &Play) -> HashSet<&str> {
    let mut names: HashSet<&str> = tasks(play).flat_map(task_names).collect();
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
fn check_definitions(play: &Play, mut mentioned: impl FnMut(&NameUse, Span, &HashSet<&str>)) {
    let mut check = |definition: &Definition, local: &HashSet<&str>| {
        definition.each_name(&mut |name, span| mentioned(name, span, local));
    };
    let none = HashSet::new();
    let own = [&play.vars]
        .into_iter()
        .chain(&play.vars_files)
        .flat_map(|layer| layer.values());
    own.chain(&play.become_user)
        .for_each(|definition| check(definition, &none));
    for role in &play.roles {
        let mut own: HashSet<&str> = role.vars.keys().map(AsRef::as_ref).collect();
        let uses = tasks(play).filter_map(|task| task.role.as_ref());
        let uses = uses.filter(|role_use| role_use.role.name == role.name);
        own.extend(
            uses.flat_map(|role_use| role_use.parameters.keys())
                .map(AsRef::as_ref),
        );
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

fn check_handlers(play: &Play, diagnostics: &mut Diagnostics) {
    for task in tasks(play) {
        for (name, span) in &task.notify {
            if play.handlers.iter().any(|handler| handler.answers_to(name)) {
                continue;
            }
            let names = play.handlers.iter().map(|handler| &handler.task.name);
            let topics = play.handlers.iter().flat_map(|handler| &handler.listen);
            let known = names.chain(topics).map(AsRef::as_ref);
            let wrong = Diagnostic::error(format!("there is no handler `{name}`"))
                .at(*span, "notified here")
                .suggest(name, known);
            diagnostics.push(wrong);
        }
    }
}
