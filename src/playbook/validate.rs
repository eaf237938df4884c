//! Checks what can only be checked once everything is loaded: that each handler exists, and that each
//! variable is defined somewhere.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Loaded, Play, Task, each_name};
use crate::source::{Diagnostic, Diagnostics, Span};
use crate::template::NameUse;
use crate::vars::Definitions;

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
    // What one play registers, a later one may use.
    let mut learned: HashSet<Arc<str>> = HashSet::new();
    for playbook in &loaded.playbooks {
        for play in &playbook.plays {
            learned.extend(tasks(play).flat_map(Task::learns));
            check_handlers(play, diagnostics);
            let names = play_names(play, known, &learned);
            let mut seen = HashSet::new();
            for task in tasks(play) {
                let local = task_names(task);
                let mut visit = |name: &NameUse, span: Span| {
                    let defined = name.guarded
                        || names.contains(&*name.name)
                        || local.contains(&*name.name)
                        || !seen.insert(span);
                    if !defined {
                        let all = names.iter().chain(&local).copied();
                        diagnostics.push(undefined(&name.name, span, all));
                    }
                };
                each_name(task, playbook.directory(), &loaded.files, &mut visit);
            }
            check_definitions(play, &names, diagnostics);
        }
    }
}

fn undefined<'a>(name: &str, span: Span, all: impl Iterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::error(format!("variable `{name}` is not defined"))
        .at(span, "nothing defines it")
        .suggest(name, all)
}

fn tasks(play: &Play) -> impl Iterator<Item = &Task> {
    let sections = play.sections.iter().flat_map(|section| &section.tasks);
    sections.chain(play.handlers.iter().map(|handler| &handler.task)).map(AsRef::as_ref)
}

fn play_names<'a>(
    play: &'a Play,
    known: &'a Known<'_>,
    learned: &'a HashSet<Arc<str>>,
) -> HashSet<&'a str> {
    let mut names: HashSet<&str> = known.magic.iter().copied().collect();
    let layers = known.inventory.iter().copied().chain([known.extra, &play.vars]);
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
        names.extend(role.role.vars.keys().chain(role.parameters.keys()).map(AsRef::as_ref));
        names.extend(["role_name", "role_path"]);
    }
    if let Some(repeat) = &task.repeat {
        names.insert(&repeat.variable);
    }
    names
}

/// Checks the variables that the play's and its roles' own variables mention.
fn check_definitions(play: &Play, names: &HashSet<&str>, diagnostics: &mut Diagnostics) {
    let mut check = |definitions: &Definitions, local: &HashSet<&str>| {
        for definition in definitions.values() {
            definition.each_name(&mut |name, span| {
                if !name.guarded && !names.contains(&*name.name) && !local.contains(&*name.name) {
                    let all = names.iter().chain(local).copied();
                    diagnostics.push(undefined(&name.name, span, all));
                }
            });
        }
    };
    let none = HashSet::new();
    [&play.vars].into_iter().chain(&play.vars_files).for_each(|layer| check(layer, &none));
    for role in &play.roles {
        let mut own: HashSet<&str> = role.vars.keys().map(AsRef::as_ref).collect();
        own.extend(["role_name", "role_path"]);
        check(&role.defaults, &own);
        check(&role.vars, &own);
    }
}

fn check_handlers(play: &Play, diagnostics: &mut Diagnostics) {
    for task in tasks(play) {
        for (name, span) in &task.notify {
            if play.handlers.iter().any(|handler| handler.answers_to(name)) {
                continue;
            }
            let known = play.handlers.iter().map(|handler| &*handler.task.name);
            let wrong = Diagnostic::error(format!("there is no handler `{name}`"))
                .at(*span, "notified here")
                .suggest(name, known);
            diagnostics.push(wrong);
        }
    }
}
