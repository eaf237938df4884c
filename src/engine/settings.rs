//! What the keywords of a task say on a host that are templates, for one item of its loop or for all of them.

use std::borrow::Cow;

use super::calls::{Item, text};
use super::shared::Shared;
use super::view::View;
use crate::event::Status;
use crate::playbook::{Notify, Setting, Task, milliseconds};
use crate::source::{Diagnostic, Span};
use crate::value::{Value, to_json};
use crate::vars::{Scope, Values};

/// The longest time that a program of a task may take where the task does not say, in seconds.
const TASK_TIMEOUT: u64 = 3600;

/// What keywords say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// A failure does not end the host's run.
    pub(super) ignore_errors: bool,
    /// A failure ends the play on all hosts.
    pub(super) any_errors_fatal: bool,
    /// The longest time a program may take, in seconds.
    pub(super) timeout: u64,
    /// How often it is tried again at most, and how long it waits before, in milliseconds.
    pub(super) again: (u64, u64),
    /// The handlers that templates name; those that are written out are the task's to say.
    pub(super) handlers: Vec<usize>,
}

impl Settings {
    /// What they have said, or what is written out where none is a template.
    pub(super) fn of<'s>(said: Option<&'s Self>, task: &Task) -> Cow<'s, Self> {
        said.map_or_else(|| Cow::Owned(Self::written(task)), Cow::Borrowed)
    }

    /// What is written out; where a template stands, what holds without the keyword.
    fn written(task: &Task) -> Self {
        let common = &task.common;
        let timeout = common.timeout.as_ref().and_then(Setting::value);
        let retry = task.retry.as_ref();
        let again = retry.map(|retry| {
            let or_none = |setting: &Setting<u64>| setting.value().unwrap_or_default();
            (or_none(&retry.retries), or_none(&retry.delay))
        });
        Self {
            ignore_errors: common.ignore_errors.value().unwrap_or(false),
            any_errors_fatal: common.any_errors_fatal.value().unwrap_or(false),
            timeout: timeout.unwrap_or(TASK_TIMEOUT),
            again: again.unwrap_or_default(),
            handlers: Vec::new(),
        }
    }

    /// What they say for an item with these variables; nothing if none is a template.
    pub(super) fn rendered(
        shared: &Shared,
        view: View<'_>,
        task: &Task,
        locals: &Values,
    ) -> Result<Option<Box<Self>>, Box<Diagnostic>> {
        if task.templates().next().is_none() {
            return Ok(None);
        }
        let scope = view.scope(shared, locals);
        let render = Render { scope: &scope };
        let (common, mut settings) = (&task.common, Self::written(task));
        let boolean = (flag as fn(&Value) -> Option<bool>, "`true` or `false`");
        let number = (
            whole as fn(&Value) -> Option<u64>,
            "a whole number that is not negative",
        );
        let seconds = (
            milliseconds as fn(&Value) -> Option<u64>,
            "a number of seconds",
        );
        if let Some(wanted) = render.setting("ignore_errors", &common.ignore_errors, boolean)? {
            settings.ignore_errors = wanted;
        }
        let fatal = render.setting("any_errors_fatal", &common.any_errors_fatal, boolean)?;
        settings.any_errors_fatal = fatal.unwrap_or(settings.any_errors_fatal);
        if let Some(timeout) = &common.timeout {
            let limit = render.setting("timeout", timeout, number)?;
            settings.timeout = limit.unwrap_or(settings.timeout);
        }
        if let Some(retry) = &task.retry {
            let (retries, delay) = settings.again;
            settings.again = (
                render
                    .setting("retries", &retry.retries, number)?
                    .unwrap_or(retries),
                render
                    .setting("delay", &retry.delay, seconds)?
                    .unwrap_or(delay),
            );
        }
        for notify in &common.notify {
            render.handlers(view, notify, &mut settings.handlers)?;
        }
        drop(scope);
        Ok(Some(Box::new(settings)))
    }

    /// What they say for the whole task whose items have ended like this; nothing if none is a template. A failure is
    /// ignored if that of every item is, and fatal if that of one is. An item that has changed something notifies.
    pub(super) fn of_all<'a>(items: impl Iterator<Item = (&'a Item, Status)>) -> Option<Box<Self>> {
        let items = items.filter_map(|(item, status)| Some((item.settings.as_deref()?, status)));
        let items: Vec<(&Self, Status)> = items.collect();
        let failed = || {
            let items = items.iter();
            let items = items.filter(|(_, status)| *status == Status::Failed);
            items.map(|(settings, _)| settings)
        };
        let (first, _) = items.first()?;
        let changed = items
            .iter()
            .filter(|(_, status)| *status == Status::Changed);
        Some(Box::new(Self {
            ignore_errors: failed().all(|settings| settings.ignore_errors),
            any_errors_fatal: failed().any(|settings| settings.any_errors_fatal),
            handlers: changed
                .flat_map(|(settings, _)| settings.handlers.iter().copied())
                .collect(),
            ..(*first).clone()
        }))
    }
}

/// Renders keywords.
struct Render<'a> {
    scope: &'a Scope<'a>,
}

impl Render<'_> {
    /// What a keyword says; nothing if it is written out.
    fn setting<T>(
        &self,
        keyword: &str,
        setting: &Setting<T>,
        (read, expected): (fn(&Value) -> Option<T>, &str),
    ) -> Result<Option<T>, Box<Diagnostic>> {
        let Some(template) = setting.template() else {
            return Ok(None);
        };
        let value = template.render(self.scope.templates(), self.scope)?;
        let said = read(&value);
        let wrong = || Box::new(no_such(keyword, expected, &value, template.span));
        said.map(Some).ok_or_else(wrong)
    }

    /// Adds the handlers that a template names.
    fn handlers(
        &self,
        view: View<'_>,
        notify: &Notify,
        handlers: &mut Vec<usize>,
    ) -> Result<(), Box<Diagnostic>> {
        let Some(template) = &notify.template else {
            return Ok(());
        };
        // A handler whose name is the same template is meant by it.
        let written = view.play.notified_by(&notify.name);
        if !written.is_empty() {
            handlers.extend(written);
            return Ok(());
        }
        let value = template.render(self.scope.templates(), self.scope)?;
        for name in value.as_array().unwrap_or(std::slice::from_ref(&value)) {
            let name = name.as_str().ok_or_else(|| {
                no_such(
                    "notify",
                    "a string or a list of strings",
                    &value,
                    notify.span,
                )
            })?;
            handlers.extend(view.play.handlers_for(name, notify.span)?);
        }
        Ok(())
    }
}

fn no_such(keyword: &str, expected: &str, value: &Value, span: Span) -> Diagnostic {
    let found = text(value);
    Diagnostic::error(format!("`{keyword}` must be {expected}, not `{found}`")).at(span, "")
}

fn flag(value: &Value) -> Option<bool> {
    match value.as_str() {
        None => value.as_bool(),
        // What `-e` and files of an inventory give are texts.
        Some(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        },
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => to_json(value).as_u64(),
    }
}
