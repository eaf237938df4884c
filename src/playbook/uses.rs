//! Which variables a task mentions, for the checks before a run and for the engine, which must know whose
//! results a task waits for.

use std::path::{Path, PathBuf};

use super::{Action, Control, Finder, ModuleCall, Task, TemplateFile, TemplateFiles, When};
use crate::source::Span;
use crate::template::{Condition, NameUse};
use crate::vars::{Definition, place};

/// A part of a task that mentions variables.
enum Part<'a> {
    Definition(&'a Definition),
    Condition(&'a When),
    Template(&'a TemplateFile),
}

/// Calls `visit` for each variable that the task mentions, with the place; those of the definitions that it
/// refers to are not followed.
pub fn each_name(
    task: &Task,
    directory: &Path,
    files: &TemplateFiles,
    visit: &mut dyn FnMut(&NameUse, Span),
) {
    each_part(task, directory, files, &mut |part| match part {
        Part::Definition(definition) => definition.each_name(visit),
        Part::Condition(when) => {
            if let Ok(condition) = &when.condition {
                for name in condition.names() {
                    visit(name, place(&when.node, &name.at));
                }
            }
        }
        Part::Template(loaded) => {
            for name in loaded.template.names() {
                let span = Span {
                    file: loaded.file,
                    start: name.at.start,
                    end: name.at.end,
                };
                visit(name, span);
            }
        }
    });
}

/// Whether a template of the task looks something up: then it may depend on anything.
pub fn looks_up(task: &Task, directory: &Path, files: &TemplateFiles) -> bool {
    let mut found = false;
    each_part(task, directory, files, &mut |part| {
        found |= match part {
            Part::Definition(definition) => definition.looks_up(),
            Part::Condition(when) => when.condition.as_ref().is_ok_and(Condition::looks_up),
            Part::Template(loaded) => loaded.template.looks_up(),
        };
    });
    found
}

fn each_part(
    task: &Task,
    directory: &Path,
    files: &TemplateFiles,
    visit: &mut dyn FnMut(Part<'_>),
) {
    let conditions = [&task.changed_when, &task.failed_when];
    let conditions = conditions.into_iter().flatten().flatten();
    let until = task.retry.iter().flat_map(|retry| &retry.until);
    let common = &task.common;
    let when = common.when.iter().map(AsRef::as_ref);
    for when in when.chain(conditions).chain(until) {
        visit(Part::Condition(when));
    }
    if let Some(repeat) = &task.repeat {
        for definition in [&repeat.items].into_iter().chain(&repeat.label) {
            visit(Part::Definition(definition));
        }
    }
    let escalation = &common.escalation;
    let own = [
        &escalation.user,
        &escalation.method,
        &escalation.flags,
        &common.delegate_to,
    ];
    let own = own.into_iter().flatten().chain(&common.environment);
    for definition in own.chain(common.vars.values()) {
        visit(Part::Definition(definition));
    }
    for definition in task.templates() {
        visit(Part::Definition(definition));
    }
    match &task.action {
        Action::Module(call) => {
            for argument in &call.arguments {
                visit(Part::Definition(&argument.value));
            }
            for path in template_paths(task, call, directory) {
                if let Some(loaded) = files.get(&path, call.trimming()) {
                    visit(Part::Template(loaded));
                }
            }
        }
        Action::Control(control) => each_control_part(control, visit),
    }
}

fn each_control_part(control: &Control, visit: &mut dyn FnMut(Part<'_>)) {
    let mut all = |definitions: &mut dyn Iterator<Item = &Definition>| {
        definitions.for_each(|definition| visit(Part::Definition(definition)));
    };
    match control {
        Control::Assert {
            that,
            fail_msg,
            success_msg,
        } => {
            all(&mut fail_msg.iter().chain(success_msg));
            that.iter().for_each(|when| visit(Part::Condition(when)));
        }
        Control::Debug { what, .. } => all(&mut [what].into_iter()),
        Control::Fail { msg } => all(&mut [msg].into_iter()),
        Control::SetFact(facts) => all(&mut facts.values().map(AsRef::as_ref)),
        Control::Include(include) => all(&mut [&include.name].into_iter()),
        Control::IncludeVars(include) => all(&mut [&include.file].into_iter()),
        Control::AddHost { name, groups, vars } => {
            let own = [name].into_iter().chain(groups);
            all(&mut own.chain(vars.values().map(AsRef::as_ref)));
        }
        Control::GroupBy { key, parents } => all(&mut [key].into_iter().chain(parents)),
        // What a role declares is defined, or is complained of as missing.
        Control::CheckArguments(_) | Control::Meta(_) => {}
    }
}

/// The template files that the module call names literally.
pub fn template_paths(task: &Task, call: &ModuleCall, directory: &Path) -> Vec<PathBuf> {
    let finder = Finder::new(
        task.common
            .role
            .as_ref()
            .map(|role| role.role.path.as_path()),
        directory,
    );
    let is_template = |name: &str| {
        let field = call.module.field(name);
        field.is_some_and(|field| field.kind == provision_worker::arg::Kind::ControllerTemplate)
    };
    call.arguments
        .iter()
        .filter(|argument| is_template(argument.name))
        .filter_map(|argument| finder.find("templates", argument.value.literal()?.as_str()?))
        .collect()
}
