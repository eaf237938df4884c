//! Carries out what never leaves the controller.

use std::sync::Arc;

use super::calls::{Item, ItemState, Prepared, first_false, text};
use super::host::{Ended, PendingState};
use super::play::PlayRun;
use super::program::{Inclusion, StepId};
use super::result::{ended, rejudged, total_of};
use super::run::Run;
use super::shared::Shared;
use super::view::View;
use crate::event::Status;
use crate::inventory::{GroupName, HostName};
use crate::playbook::{Action, Control, Include, IncludeVars, Meta, RoleArguments, Task};
use crate::source::Diagnostic;
use crate::template::Lookup;
use crate::value::{Value, to_json};
use crate::vars::{Definition, Definitions, Form};

type Done<T> = Result<T, Box<Diagnostic>>;

impl PlayRun<'_> {
    /// Carries out a control action for each item that runs, in order: what one sets, the next may use.
    pub(super) fn control(
        &mut self,
        host: usize,
        step: StepId,
        task: &Arc<Task>,
        prepared: &Prepared,
    ) -> Done<Ended> {
        let mut all = Vec::new();
        for (number, item) in prepared.items.iter().enumerate() {
            all.push(match item.state {
                ItemState::Call(_) => {
                    let ended = self.control_item(host, step, task, number, item)?;
                    rejudged(self.shared, self.view(host, step), task, item, ended)?
                }
                ItemState::Skipped(_) => ended(Status::Skipped, None),
            });
        }
        Ok(total_of(prepared, all))
    }

    fn control_item(
        &mut self,
        host: usize,
        step: StepId,
        task: &Arc<Task>,
        number: usize,
        item: &Item,
    ) -> Done<Ended> {
        let Action::Control(control) = &task.action else {
            return Ok(ended(Status::Ok, None));
        };
        match control {
            Control::Include(include) => self.include(host, step, include, number, item),
            Control::IncludeVars(include) => self.include_vars(host, step, include, item),
            Control::AddHost { name, groups, vars } => {
                self.add_host(host, step, item, name, groups.as_ref(), vars)
            }
            Control::GroupBy { key, parents } => {
                self.group_by(host, step, item, key, parents.as_ref())
            }
            Control::SetFact(facts) => self.set_fact(host, step, task, item, facts),
            _ => {
                let view = self.view(host, step);
                said(self.shared, view, item, control)
            }
        }
    }

    fn set_fact(
        &mut self,
        host: usize,
        step: StepId,
        task: &Arc<Task>,
        item: &Item,
        facts: &Definitions,
    ) -> Done<Ended> {
        let mut done = ended(Status::Ok, None);
        let owner = match (task.common.delegate_facts, &task.common.delegate_to) {
            (true, Some(_)) => self.delegate(host, step, task, item)?,
            _ => host,
        };
        let view = self.view(host, step);
        let scope = view.scope(self.shared, &item.locals);
        let mut values = Vec::new();
        for (name, definition) in facts {
            values.push((
                name.clone(),
                definition.render(&self.shared.templates, &scope)?,
            ));
        }
        drop(scope);
        if owner == host {
            done.facts.extend(values.iter().cloned());
        }
        // The next item sees it already.
        self.hosts[owner].learn(values);
        Ok(done)
    }

    fn render(&self, host: usize, step: StepId, item: &Item, what: &Definition) -> Done<Value> {
        let view = self.view(host, step);
        let scope = view.scope(self.shared, &item.locals);
        what.render(&self.shared.templates, &scope)
    }

    fn include(
        &mut self,
        host: usize,
        step: StepId,
        include: &Include,
        number: usize,
        item: &Item,
    ) -> Done<Ended> {
        let name = text(&self.render(host, step, item, &include.name)?);
        let body = match include.find(&name) {
            Some(Ok(body)) => *body,
            Some(Err(wrong)) => return Err(Box::new(Diagnostic::clone(wrong))),
            None => {
                let what = if include.role { "role" } else { "file" };
                let known = include.names();
                let wrong = Diagnostic::error(format!("there is no {what} `{name}` to include"))
                    .at(include.name.span, "")
                    .suggest(&name, known.iter().map(String::as_str));
                return Err(Box::new(wrong));
            }
        };
        let inclusion = Inclusion {
            include: step,
            body,
            number,
            item: item
                .value
                .as_ref()
                .map(|value| to_json(value).to_string())
                .unwrap_or_default(),
        };
        let instance = match self.program.included(&inclusion) {
            Some(instance) => instance,
            None => {
                let (instance, at, count) =
                    self.program
                        .include(self.play, &self.shared.files, inclusion);
                self.make_room(at, count);
                instance
            }
        };
        let entered = &mut self.hosts[host].progress.entered;
        entered.insert(instance, item.locals.clone());
        let said = format!("included {}", self.play.bodies[body].name);
        let mut done = ended(Status::Ok, None);
        done.result.message = None;
        done.result.output = Some(said);
        Ok(done)
    }

    /// New steps have come in: what is kept by rank moves with the steps.
    fn make_room(&mut self, at: usize, count: usize) {
        self.frontier.insert(at, count);
        let moved = self.finished.split_off(&at);
        let moved = moved
            .into_iter()
            .map(|(rank, results)| (rank + count, results));
        self.finished.extend(moved);
        for rank in [&mut self.fatal, &mut self.let_go_at].into_iter().flatten() {
            if *rank >= at {
                *rank += count;
            }
        }
    }

    fn include_vars(
        &mut self,
        host: usize,
        step: StepId,
        include: &IncludeVars,
        item: &Item,
    ) -> Done<Ended> {
        let name = text(&self.render(host, step, item, &include.file)?);
        let Some(definitions) = include.find(&name) else {
            let wrong = Diagnostic::error(format!("there is no file `{name}` of variables"))
                .at(include.file.span, "");
            return Err(Box::new(wrong));
        };
        self.hosts[host].include(definitions);
        Ok(ended(Status::Ok, None))
    }

    fn add_host(
        &mut self,
        host: usize,
        step: StepId,
        item: &Item,
        name: &Definition,
        groups: Option<&Definition>,
        vars: &Definitions,
    ) -> Done<Ended> {
        let at = |wrong: String| Box::new(Diagnostic::error(wrong).at(name.span, ""));
        let text = text(&self.render(host, step, item, name)?);
        let new = HostName::new(text.as_str()).map_err(|error| at(error.to_string()))?;
        let groups = self.groups(host, step, item, groups)?;
        let mut values = Vec::new();
        for (name, definition) in vars {
            let value = self.render(host, step, item, definition)?;
            let definition = Definition {
                span: definition.span,
                form: Form::Value(value),
            };
            values.push((name.clone(), Arc::new(definition)));
        }
        let is_new = !self.shared.inventory.hosts.contains_key(new.as_str());
        let joins = groups.iter().any(|group| {
            let hosts = self.shared.inventory.hosts_in(group.as_str());
            !hosts.contains(&new)
        });
        self.shared.inventory.add_host(new.clone(), &groups);
        let given = self.shared.given.entry(new.clone()).or_default();
        given.extend(values);
        self.take_group_vars(&new);
        self.regroup();
        let mut done = ended(Status::Ok, None);
        if is_new || joins {
            done.result.output = Some(format!("added {text}"));
        }
        Ok(done)
    }

    /// The groups that an argument names.
    fn groups(
        &self,
        host: usize,
        step: StepId,
        item: &Item,
        what: Option<&Definition>,
    ) -> Done<Vec<GroupName>> {
        let Some(definition) = what else {
            return Ok(Vec::new());
        };
        let value = self.render(host, step, item, definition)?;
        GroupName::listed(&value)
            .map_err(|wrong| Box::new(Diagnostic::error(wrong).at(definition.span, "")))
    }

    fn group_by(
        &mut self,
        host: usize,
        step: StepId,
        item: &Item,
        key: &Definition,
        parents: Option<&Definition>,
    ) -> Done<Ended> {
        let key = self.groups(host, step, item, Some(key))?;
        let parents = self.groups(host, step, item, parents)?;
        let name = self.hosts[host].name.to_string();
        if let Ok(name) = HostName::new(name) {
            for group in key {
                self.shared.inventory.add_to_group(&name, &group, &parents);
            }
            self.take_group_vars(&name);
        }
        self.regroup();
        Ok(ended(Status::Ok, None))
    }

    /// Gives a host the variables of the groups that it belongs to now.
    fn take_group_vars(&mut self, name: &HostName) {
        let shared = &mut *self.shared;
        let mut vars = Run::vars_of(&shared.inventory, name, &mut shared.templates);
        let given = shared.given.get(name).into_iter().flatten();
        vars.extend(given.map(|(name, definition)| (name.clone(), definition.clone())));
        if let Some(number) = self.hosts.find(name.as_str()) {
            self.hosts[number].set_vars(&vars);
        }
        shared.vars.insert(name.clone(), vars);
    }

    /// Tells templates who belongs to which group now.
    pub(super) fn regroup(&mut self) {
        let inventory = &self.shared.inventory;
        for run in self.hosts.iter_mut() {
            if let Some((name, _)) = inventory.hosts.get_key_value(&*run.name) {
                let own = super::host::group_names(inventory, name);
                run.know("group_names", own);
            }
        }
        let groups = super::host::groups(inventory);
        self.shared.set_magic("groups", groups);
    }

    /// What an action of the run itself does once it has ended well.
    pub(super) fn carry_out(&mut self, host: usize, meta: Meta) {
        match meta {
            Meta::Noop | Meta::FlushHandlers => {}
            Meta::EndHost => self.stop(host),
            Meta::EndBatch | Meta::EndPlay => {
                self.end_play |= meta == Meta::EndPlay;
                for host in self.batch.clone() {
                    self.stop(host);
                }
            }
            Meta::ClearFacts | Meta::ResetConnection => {
                if meta == Meta::ClearFacts {
                    self.hosts[host].forget_facts();
                }
                self.reconnect(host);
            }
            Meta::RefreshInventory => self.refresh_inventory(),
        }
    }

    /// Nothing more of the play runs on the host, and that is no failure.
    fn stop(&mut self, host: usize) {
        if self.hosts[host].is_active() {
            let end = self.program.end();
            let progress = &mut self.hosts[host].progress;
            progress.queue.clear();
            progress.notified.clear();
            progress.held = None;
            progress.cursor = end;
            // Nothing wakes it but the others' coming to the end.
            progress.parked = true;
            self.update_position(host);
        }
    }

    fn refresh_inventory(&mut self) {
        let Some(reload) = &self.shared.reload else {
            return;
        };
        let read = reload(&mut self.shared.sources, &mut self.shared.templates);
        match read {
            Err(diagnostic) => {
                let message = self.shared.explain(&diagnostic);
                self.events.event(&crate::event::Event::Warning {
                    host: None,
                    message: format!("the inventory stays as it was: {message}"),
                });
            }
            Ok((inventory, vars)) => {
                self.shared.inventory = inventory;
                self.shared.vars = vars;
                for run in self.hosts.iter_mut() {
                    if let Some(vars) = self.shared.vars.get(&*run.name) {
                        run.set_vars(vars);
                    }
                }
                self.regroup();
            }
        }
    }
}

/// What an action has to say that changes nothing in the run.
fn said(shared: &Shared, view: View<'_>, item: &Item, control: &Control) -> Done<Ended> {
    let scope = view.scope(shared, &item.locals);
    let render = |definition: &Definition| definition.render(&shared.templates, &scope);
    Ok(match control {
        Control::Fail { msg } => ended(Status::Failed, Some(text(&render(msg)?))),
        Control::Debug { what, variable } => {
            let shown = text(&render(what)?);
            let prefix = variable
                .as_ref()
                .map(|name| format!("{name} = "))
                .unwrap_or_default();
            ended(Status::Ok, Some(format!("{prefix}{shown}")))
        }
        Control::Assert {
            that,
            fail_msg,
            success_msg,
        } => match first_false(that, &scope)? {
            None => {
                let said = success_msg.as_ref().map(render).transpose()?;
                ended(Status::Ok, said.map(|said| text(&said)))
            }
            Some(condition) => {
                let said = fail_msg.as_ref().map(render).transpose()?;
                let said =
                    said.map(|said| format!("{} (`{condition}` does not hold)", text(&said)));
                let said = said.unwrap_or_else(|| format!("`{condition}` does not hold"));
                ended(Status::Failed, Some(said))
            }
        },
        Control::CheckArguments(arguments) => {
            let problems = problems(arguments, &scope);
            if problems.is_empty() {
                ended(Status::Ok, None)
            } else {
                let problems: Vec<String> = problems.into_iter().map(|(_, said)| said).collect();
                ended(Status::Failed, Some(problems.join("\n")))
            }
        }
        _ => ended(Status::Ok, None),
    })
}

/// What is wrong with the arguments of a role, by argument.
pub(super) fn problems(arguments: &RoleArguments, scope: &dyn Lookup) -> Vec<(Arc<str>, String)> {
    let mut problems = Vec::new();
    for (name, spec) in &arguments.arguments {
        let problem = match scope.get(name) {
            Err(error) => Some(format!("`{name}`: {}", error.message)),
            Ok(None) if spec.required => {
                Some(format!("the role `{}` needs `{name}`", arguments.role))
            }
            Ok(None) => None,
            Ok(Some(value)) if value.is_none() && !spec.required => None,
            Ok(Some(value)) => spec.check(name, &value).err(),
        };
        problems.extend(problem.map(|problem| (name.clone(), problem)));
    }
    problems
}

/// What the host takes up next without having ended anything.
pub(super) fn ready(ended: Ended) -> PendingState {
    PendingState::Ready(Box::new(ended))
}
