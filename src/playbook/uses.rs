//! Which variables a task mentions, for the checks before a run and for the engine, which must know whose
//! results a task waits for.

use std::path::{Path, PathBuf};

use super::{Action, Control, Finder, ModuleCall, Task, TemplateFiles, When};
use crate::source::Span;
use crate::template::NameUse;
use crate::vars::place;

/// Calls `visit` for each variable that the task mentions, with the place; those of the definitions that it
/// refers to are not followed.
pub fn each_name(
    task: &Task,
    directory: &Path,
    files: &TemplateFiles,
    visit: &mut dyn FnMut(&NameUse, Span),
) {
    let conditions = [&task.changed_when, &task.failed_when];
    let conditions = conditions.into_iter().flatten().flatten();
    let until = task.retry.iter().flat_map(|retry| &retry.until);
    let common = &task.common;
    for when in common
        .when
        .iter()
        .map(AsRef::as_ref)
        .chain(conditions)
        .chain(until)
    {
        each_condition_name(when, visit);
    }
    if let Some(repeat) = &task.repeat {
        repeat.items.each_name(visit);
        repeat.label.iter().for_each(|label| label.each_name(visit));
    }
    let escalation = &common.escalation;
    let own = [
        &escalation.user,
        &escalation.method,
        &escalation.flags,
        &common.delegate_to,
    ];
    let own = own.into_iter().flatten().chain(&common.environment);
    own.for_each(|definition| definition.each_name(visit));
    common
        .vars
        .values()
        .for_each(|definition| definition.each_name(visit));
    match &task.action {
        Action::Module(call) => {
            call.arguments
                .iter()
                .for_each(|argument| argument.value.each_name(visit));
            for path in template_paths(task, call, directory) {
                let Some(loaded) = files.get(&path) else {
                    continue;
                };
                for name in loaded.template.names() {
                    visit(
                        name,
                        Span {
                            file: loaded.file,
                            start: name.at.start,
                            end: name.at.end,
                        },
                    );
                }
            }
        }
        Action::Control(control) => each_control_name(control, visit),
    }
}

fn each_condition_name(when: &When, visit: &mut dyn FnMut(&NameUse, Span)) {
    if let Ok(condition) = &when.condition {
        for name in condition.names() {
            visit(name, place(&when.node, &name.at));
        }
    }
}

fn each_control_name(control: &Control, visit: &mut dyn FnMut(&NameUse, Span)) {
    match control {
        Control::Assert {
            that,
            fail_msg,
            success_msg,
        } => {
            that.iter()
                .for_each(|when| each_condition_name(when, visit));
            fail_msg
                .iter()
                .chain(success_msg)
                .for_each(|message| message.each_name(visit));
        }
        Control::Debug { what, .. } => what.each_name(visit),
        Control::Fail { msg } => msg.each_name(visit),
        Control::SetFact(facts) => facts
            .values()
            .for_each(|definition| definition.each_name(visit)),
        Control::Include(include) => include.name.each_name(visit),
        Control::IncludeVars(include) => include.file.each_name(visit),
        Control::AddHost { name, groups, vars } => {
            let own = [name].into_iter().chain(groups);
            own.for_each(|definition| definition.each_name(visit));
            vars.values()
                .for_each(|definition| definition.each_name(visit));
        }
        Control::GroupBy { key, parents } => {
            let own = [key].into_iter().chain(parents);
            own.for_each(|definition| definition.each_name(visit));
        }
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
