//! From a task to the calls of a request: loop, conditions, rendered arguments, contents.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use provision_worker::arg::Kind;
use serde_json::Map;

use super::content::{self, ContentSource};
use super::settings::Settings;
use super::shared::Shared;
use super::view::View;
use crate::playbook::{Action, Finder, ModuleCall, Task, When, in_file};
use crate::source::Diagnostic;
use crate::template::Trimming;
use crate::value::{Value, to_json};
use crate::vars::{Definition, Scope, Values, diagnostic};

/// The value of `omit`: an argument that has it is left out. No other text begins with a control character.
pub(super) const OMIT: &str = "\u{1}omit";

/// A task that is ready to be sent.
pub(super) struct Prepared {
    /// One for each item of the loop; one if there is none.
    pub(super) items: Vec<Item>,
    /// Whether the task has a loop.
    pub(super) is_loop: bool,
}

impl Prepared {
    /// Whether any item runs.
    pub(super) fn runs(&self) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item.state, ItemState::Call(_)))
    }
}

impl Prepared {
    /// Keeps nothing that can be had again: what is sent may wait for long, on many hosts.
    pub(super) fn forget(&mut self) {
        for item in &mut self.items {
            if item.value.is_none() {
                item.locals = Values::new();
            }
        }
    }

    /// The condition that does not hold, if there is no loop and the task is skipped.
    pub(super) fn skipped_alone(&self) -> Option<&str> {
        match &self.items[..] {
            [
                Item {
                    state: ItemState::Skipped(condition),
                    ..
                },
            ] if !self.is_loop => Some(condition),
            _ => None,
        }
    }
}

/// One item of a loop, or the task itself.
pub(super) struct Item {
    /// What is shown of it.
    pub(super) label: String,
    pub(super) value: Option<Value>,
    /// The variables of its loop and around it; of a task without a loop that has been sent, they are the view's.
    pub(super) locals: Values,
    pub(super) state: ItemState,
    /// What its keywords say, if it runs and one of them is a template.
    pub(super) settings: Option<Box<Settings>>,
}

/// Whether an item runs.
pub(super) enum ItemState {
    /// It runs, as the call with this index.
    Call(usize),
    /// The condition does not hold.
    Skipped(String),
}

/// The calls of a request and the contents that they may need.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) arguments: Vec<Map<String, serde_json::Value>>,
    pub(super) contents: Vec<(String, ContentSource)>,
}

type Rendered<T> = Result<T, Box<Diagnostic>>;

/// Evaluates the loop and the conditions of a task.
pub(super) fn prepare(shared: &Shared, view: View<'_>, task: &Task) -> Rendered<Prepared> {
    let values = match items(shared, view, task) {
        Ok(values) => values,
        // What cannot be looped over need not be if the task is not to run, as in Ansible.
        Err(wrong) => return skipped_whole(shared, view, task).ok_or(wrong),
    };
    let is_loop = values.is_some();
    let numbers: Vec<Option<usize>> = match &values {
        Some(items) => (0..items.len()).map(Some).collect(),
        None => vec![None],
    };
    let values = values.unwrap_or_default();
    let mut prepared = Vec::new();
    let mut calls = 0;
    for number in numbers {
        let locals = view.locals(number.map(|number| (number, values.as_slice())));
        let scope = view.scope(shared, &locals);
        let state = match first_false(task.common.when.iter().map(AsRef::as_ref), &scope)? {
            Some(condition) => ItemState::Skipped(condition),
            None => {
                calls += 1;
                ItemState::Call(calls - 1)
            }
        };
        let value = number.map(|number| values[number].clone());
        let runs = matches!(state, ItemState::Call(_));
        let label = task
            .repeat
            .as_ref()
            .and_then(|repeat| repeat.label.as_ref());
        let label = label.map(|label| label.render(&shared.templates, &scope));
        let label = match (label, &value) {
            (Some(Ok(label)), _) => text(&label),
            (Some(Err(wrong)), _) if runs => return Err(wrong),
            (_, Some(value)) => text(value),
            (_, None) => String::new(),
        };
        drop(scope);
        let settings = if runs {
            Settings::rendered(shared, view, task, &locals)?
        } else {
            None
        };
        prepared.push(Item {
            label,
            value,
            locals,
            state,
            settings,
        });
    }
    Ok(Prepared {
        items: prepared,
        is_loop,
    })
}

/// The task as a whole, if its condition does not hold without any item.
fn skipped_whole(shared: &Shared, view: View<'_>, task: &Task) -> Option<Prepared> {
    let locals = view.locals(None);
    let scope = view.scope(shared, &locals);
    let conditions = task.common.when.iter().map(AsRef::as_ref);
    let condition = first_false(conditions, &scope).ok().flatten()?;
    drop(scope);
    Some(Prepared {
        items: vec![Item {
            label: String::new(),
            value: None,
            locals,
            state: ItemState::Skipped(condition),
            settings: None,
        }],
        is_loop: false,
    })
}

/// The items of the task's loop; those of a mapping are its entries.
fn items(shared: &Shared, view: View<'_>, task: &Task) -> Rendered<Option<Vec<Value>>> {
    let Some(repeat) = &task.repeat else {
        return Ok(None);
    };
    let locals = view.locals(None);
    let scope = view.scope(shared, &locals);
    let value = repeat.items.render(&shared.templates, &scope)?;
    if let Some(items) = value.as_array() {
        return Ok(Some(items.to_vec()));
    }
    let Some(map) = value.as_map() else {
        let wrong = Diagnostic::error("`loop` must be a list or a mapping").at(
            repeat.items.span,
            format!("this is {}", crate::value::type_name(&value)),
        );
        return Err(Box::new(wrong));
    };
    let entry = |(key, value): (&crate::value::Key<'_>, &Value)| {
        let mut entry = crate::value::Map::new();
        entry.insert("key".into(), crate::value::key_text(key).into());
        entry.insert("value".into(), value.clone());
        Value::from(entry)
    };
    Ok(Some(map.iter().map(entry).collect()))
}

/// The first condition that does not hold, as it was written.
pub(super) fn first_false<'w>(
    conditions: impl IntoIterator<Item = &'w When>,
    scope: &Scope<'_>,
) -> Rendered<Option<String>> {
    for when in conditions {
        if !holds(when, scope)? {
            return Ok(Some(
                when.node.as_str().unwrap_or("false").trim().to_owned(),
            ));
        }
    }
    Ok(None)
}

fn holds(when: &When, scope: &Scope<'_>) -> Rendered<bool> {
    match &when.condition {
        Err(constant) => Ok(*constant),
        Ok(condition) => scope
            .templates()
            .evaluate_condition(condition, scope)
            .map_err(|error| Box::new(diagnostic(&error, &when.node))),
    }
}

/// The environment of the task's programs. An item of its loop has none of its own: the first one is looked at.
pub(super) fn environment(
    shared: &Shared,
    view: View<'_>,
    task: &Task,
    prepared: &Prepared,
) -> Rendered<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    let Some(item) = super::advance::running(prepared).next() else {
        return Ok(environment);
    };
    for definition in &task.common.environment {
        let scope = view.scope(shared, &item.locals);
        let value = definition.render(&shared.templates, &scope)?;
        let Some(map) = value.as_map() else {
            let wrong = Diagnostic::error("`environment` must be a mapping of names to values").at(
                definition.span,
                format!("this is {}", crate::value::type_name(&value)),
            );
            return Err(Box::new(wrong));
        };
        for (name, value) in map {
            if value.as_str() != Some(OMIT) {
                environment.insert(crate::value::key_text(name), text(value));
            }
        }
    }
    Ok(environment)
}

/// Renders the arguments of each item that runs.
pub(super) fn calls(
    shared: &mut Shared,
    view: View<'_>,
    call: &ModuleCall,
    prepared: &Prepared,
) -> Rendered<Calls> {
    let mut calls = Calls::default();
    for item in &prepared.items {
        if matches!(item.state, ItemState::Call(_)) {
            let arguments = arguments(shared, view, call, item, &mut calls.contents)?;
            calls.arguments.push(arguments);
        }
    }
    Ok(calls)
}

fn arguments(
    shared: &mut Shared,
    view: View<'_>,
    call: &ModuleCall,
    item: &Item,
    contents: &mut Vec<(String, ContentSource)>,
) -> Rendered<Map<String, serde_json::Value>> {
    let mut map = Map::new();
    {
        let scope = view.scope(shared, &item.locals);
        for argument in &call.arguments {
            let value = argument.value.render(&shared.templates, &scope)?;
            if let Some(value) = without_omitted(&value) {
                map.insert(argument.name.to_owned(), value);
            }
        }
    }
    let on_host = map.get("remote_src") == Some(&serde_json::Value::Bool(true));
    for argument in &call.arguments {
        let kind = call.module.field(argument.name).map(|field| field.kind);
        let name = map
            .get(argument.name)
            .and_then(|value| value.as_str())
            .map(str::to_owned);
        let (Some(kind @ (Kind::ControllerFile | Kind::ControllerTemplate)), Some(name)) =
            (kind, name)
        else {
            continue;
        };
        if on_host {
            continue;
        }
        let file = ControllerFile {
            definition: &argument.value,
            name,
            kind,
            trimming: Trimming::of(|name| map.get(name)?.as_bool()),
        };
        let (content, source) = file.read(shared, view, item)?;
        map.insert(argument.name.to_owned(), content.to_value());
        contents.push((content.sha256, source));
    }
    Ok(map)
}

/// The value as JSON, without the parts that are to be left out; `None` if the whole argument is.
fn without_omitted(value: &Value) -> Option<serde_json::Value> {
    fn clean(json: &mut serde_json::Value) {
        let omitted = |json: &serde_json::Value| json.as_str() == Some(OMIT);
        match json {
            serde_json::Value::Array(items) => {
                items.retain(|item| !omitted(item));
                items.iter_mut().for_each(clean);
            }
            serde_json::Value::Object(map) => {
                map.retain(|_, value| !omitted(value));
                map.values_mut().for_each(clean);
            }
            _ => {}
        }
    }
    let mut json = (value.as_str() != Some(OMIT)).then(|| to_json(value))?;
    clean(&mut json);
    Some(json)
}

/// A file of the controller that an argument names.
struct ControllerFile<'a> {
    definition: &'a Definition,
    name: String,
    kind: Kind,
    /// What tags take away with them, if it is a template.
    trimming: Trimming,
}

impl ControllerFile<'_> {
    fn read(
        &self,
        shared: &mut Shared,
        view: View<'_>,
        item: &Item,
    ) -> Rendered<(provision_worker::arg::Content, ContentSource)> {
        let is_template = self.kind == Kind::ControllerTemplate;
        let folder = if is_template { "templates" } else { "files" };
        let role = view.task.and_then(|task| task.common.role.as_ref());
        let role = role.map(|role| role.role.path.as_path());
        let finder = Finder::new(role, &shared.directory);
        let Some(path) = finder.find(folder, &self.name) else {
            return Err(Box::new(
                self.wrong(format!("there is no file `{}`", self.name)),
            ));
        };
        if is_template {
            return render_template(shared, view, item, &path, self.trimming);
        }
        let loaded = shared.contents.load(&path, &mut shared.sources);
        loaded.map_err(|error| {
            Box::new(self.wrong(format!("cannot read {}: {error}", path.display())))
        })
    }

    fn wrong(&self, message: String) -> Diagnostic {
        Diagnostic::error(message).at(self.definition.span, "named here")
    }
}

/// The content of a template, rendered for an item.
fn render_template(
    shared: &mut Shared,
    view: View<'_>,
    item: &Item,
    path: &Path,
    trimming: Trimming,
) -> Rendered<(provision_worker::arg::Content, ContentSource)> {
    let (sources, templates) = (&mut shared.sources, &mut shared.templates);
    let loaded = shared.files.load(path, trimming, sources, templates)?;
    let scope = view.scope(shared, &item.locals);
    let rendered = shared.templates.render_file(&loaded.template, &scope);
    let rendered = rendered.map_err(|error| {
        let length = shared.sources.text(loaded.file).len();
        Box::new(in_file(&error, loaded.file, length))
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".tera").unwrap_or(&name).to_owned();
    Ok(content::of_text(rendered, name))
}

/// A value as it is shown: a string as it is, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => to_json(value).to_string(),
    }
}

/// The module call of a task, if that is what it does.
pub(super) fn module_call(task: &Arc<Task>) -> Option<&ModuleCall> {
    match &task.action {
        Action::Module(call) => Some(call),
        Action::Control(_) => None,
    }
}
