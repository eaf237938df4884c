//! A play as a list of steps: its tasks and handlers in the order in which they can run.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::event::TaskName;
use crate::playbook::{Action, Control, Play, Task, TemplateFiles, each_name};
use crate::vars::Definitions;

/// Which tasks to run, by their tags.
#[derive(Clone, Debug, Default)]
pub struct TagFilter {
    /// Run only tasks with one of these; all if there are none.
    pub only: BTreeSet<String>,
    /// Do not run tasks with one of these.
    pub skip: BTreeSet<String>,
}

impl TagFilter {
    /// Whether a task with these tags is to run. `always` and `never` mean what they mean in Ansible.
    pub fn admits(&self, tags: &BTreeSet<Arc<str>>) -> bool {
        let has = |tag: &str| tags.contains(tag);
        let any = |wanted: &BTreeSet<String>| wanted.iter().any(|tag| has(tag));
        let named = any(&self.only)
            || (self.only.contains("tagged") && !tags.is_empty())
            || (self.only.contains("untagged") && tags.is_empty());
        let wanted = if has("never") {
            named
        } else {
            named || self.only.is_empty() || self.only.contains("all") || has("always")
        };
        wanted && !any(&self.skip)
    }
}

/// One step of a play.
#[derive(Debug)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// How it is shown.
    pub name: TaskName,
    /// The variables that tasks of this play learn and that this step needs.
    pub needs: HashSet<Arc<str>>,
}

/// What a step is.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A task.
    Task(Arc<Task>),
    /// Here notified handlers run; the step behind the last of them is `end`.
    Flush {
        /// The position of the matching [`StepKind::FlushEnd`].
        end: usize,
    },
    /// A handler, which runs if it has been notified: the play's handler with this index.
    Handler(usize, Arc<Task>),
    /// Behind the handlers; the first of them is `start`.
    FlushEnd {
        /// The position of the first handler.
        start: usize,
    },
}

impl Step {
    /// The task or handler.
    pub fn task(&self) -> Option<&Arc<Task>> {
        match &self.kind {
            StepKind::Task(task) | StepKind::Handler(_, task) => Some(task),
            StepKind::Flush { .. } | StepKind::FlushEnd { .. } => None,
        }
    }
}

/// The steps of a play, without the tasks that `tags` does not admit.
pub fn steps(
    play: &Play,
    tags: &TagFilter,
    directory: &Path,
    files: &TemplateFiles,
    inventory: &[&Definitions],
) -> Vec<Step> {
    let mut builder = Builder {
        play,
        steps: Vec::new(),
        dirty: false,
    };
    for section in &play.sections {
        for task in &section.tasks {
            match &task.action {
                Action::Control(Control::FlushHandlers) => builder.flush(),
                _ if tags.admits(&task.tags) => builder.task(task),
                _ => {}
            }
        }
        builder.flush();
    }
    let mut steps = builder.steps;
    let needs = Needs::new(play, &steps, inventory);
    for step in &mut steps {
        if let Some(task) = step.task().cloned() {
            step.needs = needs.of(&task, directory, files);
        }
    }
    steps
}

struct Builder<'a> {
    play: &'a Play,
    steps: Vec<Step>,
    /// Whether a task since the last flush could have notified something.
    dirty: bool,
}

impl Builder<'_> {
    fn task(&mut self, task: &Arc<Task>) {
        self.dirty |= !task.notify.is_empty();
        self.push(StepKind::Task(task.clone()));
    }

    fn flush(&mut self) {
        if !self.dirty {
            return;
        }
        self.dirty = false;
        let start = self.steps.len() + 1;
        let end = start + self.play.handlers.len();
        self.push(StepKind::Flush { end });
        for (index, handler) in self.play.handlers.iter().enumerate() {
            self.push(StepKind::Handler(index, handler.task.clone()));
        }
        self.push(StepKind::FlushEnd { start });
    }

    fn push(&mut self, kind: StepKind) {
        let (task, handler) = match &kind {
            StepKind::Task(task) => (Some(task), false),
            StepKind::Handler(_, task) => (Some(task), true),
            StepKind::Flush { .. } | StepKind::FlushEnd { .. } => (None, false),
        };
        let name = TaskName {
            position: self.steps.len() + 1,
            role: task
                .and_then(|task| task.role.as_ref())
                .map(|role| role.role.name.clone()),
            name: task.map_or_else(|| Arc::from("handlers"), |task| task.name.clone()),
            handler,
            at: task.map_or_else(|| Arc::from(""), |task| task.at.clone()),
        };
        self.steps.push(Step {
            kind,
            name,
            needs: HashSet::new(),
        });
    }
}

/// Finds out which learned variables a task needs, through all definitions that it could refer to.
struct Needs<'a> {
    /// What tasks of the play learn, and the facts, which come with the first answer of a host.
    learned: HashSet<Arc<str>>,
    definitions: HashMap<&'a str, Vec<&'a Definitions>>,
}

impl<'a> Needs<'a> {
    fn new(play: &'a Play, steps: &[Step], inventory: &[&'a Definitions]) -> Self {
        let tasks = steps.iter().filter_map(Step::task);
        let mut learned: HashSet<Arc<str>> = tasks.flat_map(|task| task.learns()).collect();
        learned.insert(Arc::from("facts"));
        let mut definitions: HashMap<&str, Vec<&Definitions>> = HashMap::new();
        let roles = play
            .roles
            .iter()
            .flat_map(|role| [&role.defaults, &role.vars]);
        let layers = inventory
            .iter()
            .copied()
            .chain([&play.vars])
            .chain(&play.vars_files);
        for layer in layers.chain(roles) {
            for name in layer.keys() {
                definitions.entry(name).or_default().push(layer);
            }
        }
        Self {
            learned,
            definitions,
        }
    }

    fn of(&self, task: &Task, directory: &Path, files: &TemplateFiles) -> HashSet<Arc<str>> {
        let mut seen: HashSet<Arc<str>> = HashSet::new();
        let mut open: Vec<Arc<str>> = Vec::new();
        each_name(task, directory, files, &mut |name, _| {
            open.push(name.name.clone());
        });
        let parameters = task.role.iter().flat_map(|role| role.parameters.values());
        parameters.for_each(|d| d.each_name(&mut |name, _| open.push(name.name.clone())));
        // A template whose path is only known when the task runs may mention anything.
        if task.has_unknown_template() {
            return self.learned.clone();
        }
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            for layer in self.definitions.get(&*name).into_iter().flatten() {
                layer[&*name].each_name(&mut |inner, _| open.push(inner.name.clone()));
            }
        }
        seen.retain(|name| self.learned.contains(name));
        seen
    }
}
