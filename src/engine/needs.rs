//! What a task waits for: the variables that tasks before it learn, and what happens on other hosts.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::playbook::{Action, Control, Play, Task, TemplateFiles, each_name, looks_up};
use crate::template::NameUse;
use crate::vars::{Definition, Definitions};

/// What a task waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    /// The variables that tasks of this play learn and that it uses.
    pub(super) learned: HashSet<Arc<str>>,
    /// It looks at what other hosts have done, so that all of them must have come as far.
    pub(super) others: bool,
}

/// What the tasks of a play can wait for.
#[derive(Debug)]
pub(super) struct PlayNeeds {
    /// What tasks of the play learn.
    learned: HashSet<Arc<str>>,
    /// Every definition of each name, wherever it is.
    definitions: HashMap<Arc<str>, Vec<Arc<Definition>>>,
    directory: PathBuf,
    /// Whether tasks of the play change the inventory.
    regroups: bool,
}

/// What other hosts can change while a play runs.
const OF_OTHERS: [&str; 2] = ["ansible_play_hosts", "play_hosts"];

impl PlayNeeds {
    /// `outside` is every definition that does not belong to the play.
    pub(super) fn new(play: &Play, outside: &[(Arc<str>, Arc<Definition>)]) -> Self {
        let mut learned: HashSet<Arc<str>> = HashSet::from([
            Arc::from("facts"),
            Arc::from("ansible_failed_task"),
            Arc::from("ansible_failed_result"),
        ]);
        let mut definitions: HashMap<Arc<str>, Vec<Arc<Definition>>> = HashMap::new();
        let mut add = |name: &Arc<str>, definition: &Arc<Definition>| {
            definitions
                .entry(name.clone())
                .or_default()
                .push(definition.clone());
        };
        let mut regroups = false;
        let mut seen: HashSet<*const Definitions> = HashSet::new();
        let mut add_all =
            |layer: &Definitions, add: &mut dyn FnMut(&Arc<str>, &Arc<Definition>)| {
                if seen.insert(std::ptr::from_ref(layer)) {
                    layer
                        .iter()
                        .for_each(|(name, definition)| add(name, definition));
                }
            };
        play.each_task(&mut |task| {
            learned.extend(task.learns());
            if let Action::Control(Control::AddHost { .. } | Control::GroupBy { .. }) = task.action
            {
                regroups = true;
            }
            if let Action::Control(Control::IncludeVars(include)) = &task.action {
                for (_, file) in &include.candidates {
                    add_all(file, &mut add);
                }
            }
            if let Some(role) = &task.common.role {
                for role in role.chain() {
                    add_all(&role.defaults, &mut add);
                    add_all(&role.vars, &mut add);
                }
                add_all(&role.parameters, &mut add);
            }
        });
        for layer in [&play.vars].into_iter().chain(&play.vars_files) {
            add_all(layer, &mut add);
        }
        for role in &play.roles {
            add_all(&role.defaults, &mut add);
            add_all(&role.vars, &mut add);
        }
        outside
            .iter()
            .for_each(|(name, definition)| add(name, definition));
        Self {
            learned,
            definitions,
            directory: play.directory().to_owned(),
            regroups,
        }
    }

    pub(super) fn of(&self, task: &Task, files: &TemplateFiles) -> Needs {
        let mut found = Found::default();
        each_name(task, &self.directory, files, &mut |name, _| found.add(name));
        if let Action::Control(Control::CheckArguments(arguments)) = &task.action {
            found.open.extend(arguments.arguments.keys().cloned());
        }
        let mut unknown = task.has_unknown_template() || looks_up(task, &self.directory, files);
        while let Some(name) = found.next() {
            for definition in self.definitions.get(&name).into_iter().flatten() {
                unknown |= definition.looks_up();
                definition.each_name(&mut |inner, _| found.add(inner));
            }
        }
        // A template whose path is only known when the task runs may mention anything.
        if unknown {
            return Needs {
                learned: self.learned.clone(),
                others: true,
            };
        }
        let mut seen = found.seen;
        let groups = self.regroups && (seen.contains("groups") || seen.contains("group_names"));
        let others = found.all_of_others
            || groups
            || OF_OTHERS.iter().any(|name| seen.contains(*name))
            || self.are_learned(found.of_others);
        seen.retain(|name| self.learned.contains(name));
        Needs {
            learned: seen,
            others,
        }
    }

    /// Whether one of these variables depends on what tasks of the play learn.
    fn are_learned(&self, names: Vec<Arc<str>>) -> bool {
        let mut found = Found {
            open: names,
            ..Found::default()
        };
        while let Some(name) = found.next() {
            for definition in self.definitions.get(&name).into_iter().flatten() {
                found.all_of_others |= definition.looks_up();
                definition.each_name(&mut |inner, _| found.add(inner));
            }
        }
        found.all_of_others || found.seen.iter().any(|name| self.learned.contains(name))
    }
}

/// The variables that are found on the way from a task to what it depends on.
#[derive(Default)]
struct Found {
    open: Vec<Arc<str>>,
    seen: HashSet<Arc<str>>,
    /// The variables of other hosts that are used.
    of_others: Vec<Arc<str>>,
    /// Any variable of other hosts may be used.
    all_of_others: bool,
}

impl Found {
    fn add(&mut self, name: &NameUse) {
        if &*name.name == "hostvars" {
            match &name.fields {
                Some(fields) => self.of_others.extend(fields.iter().cloned()),
                None => self.all_of_others = true,
            }
        }
        self.open.push(name.name.clone());
    }

    fn next(&mut self) -> Option<Arc<str>> {
        loop {
            let name = self.open.pop()?;
            if self.seen.insert(name.clone()) {
                return Some(name);
            }
        }
    }
}
