//! A play as a list of steps: its tasks and handlers in the order in which they can run, and between them the
//! places where a host goes on elsewhere. What is included while the play runs is put into the list then.

use std::collections::HashMap;
use std::sync::Arc;

use super::TagFilter;
use super::needs::{Needs, PlayNeeds};
use crate::event::{Position, StepName, TaskName};
use crate::playbook::{
    Action, Block, BodyId, Control, Entry, Handler, Meta, Play, Task, TemplateFiles, each_task,
};

/// Names a step for as long as the play runs.
pub(super) type StepId = usize;

/// The role and the name of a task; neither, where handlers run.
type Labels<'a> = (Option<&'a Arc<str>>, Option<&'a Arc<str>>);

/// Names a block.
pub(super) type BlockId = usize;

/// Names what has been included once.
pub(super) type InstanceId = usize;

/// One step of a play.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What it is.
    pub(super) kind: StepKind,
    /// How it is shown.
    pub(super) name: TaskName,
    /// Whether it has been shown so, or its name is the same for everybody.
    pub(super) is_named: bool,
    /// What it waits for.
    pub(super) needs: Needs,
    /// The block that it is in, and in which part.
    block: Option<(BlockId, Part)>,
    /// By what it has been included.
    pub(super) instance: Option<InstanceId>,
}

/// What a step is.
#[derive(Clone, Debug)]
pub(super) enum StepKind {
    /// A task.
    Task(Arc<Task>),
    /// Here notified handlers run.
    Flush {
        /// The matching [`StepKind::FlushEnd`].
        end: usize,
        /// It is one of the play itself, at the end of a section.
        section: bool,
    },
    /// A handler, which runs if it has been notified: the play's handler with this index.
    Handler(usize, Arc<Task>),
    /// Behind the handlers.
    FlushEnd {
        /// The first handler.
        start: usize,
    },
    /// The body of a block has ended: what follows is its `rescue`.
    BodyEnd(usize),
    /// Its `rescue` has ended.
    RescueEnd,
    /// Its `always` has ended.
    BlockEnd(usize),
    /// What has been included begins, for the hosts that take part in it.
    Enter {
        /// Which it is.
        instance: usize,
        /// Where the others go on.
        leave: usize,
    },
    /// It ends.
    Leave,
    /// The play ends.
    End,
}

/// A part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Body,
    Rescue,
    Always,
}

/// Where a block goes on.
#[derive(Clone, Debug)]
struct BlockSteps {
    parent: Option<(BlockId, Part)>,
    rescue: Option<StepId>,
    always: Option<StepId>,
    /// Behind the rescue part.
    behind_rescue: StepId,
}

/// What has been included, and by which item of which include.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Inclusion {
    pub(super) include: StepId,
    pub(super) body: BodyId,
    pub(super) number: usize,
    /// The item, as JSON.
    pub(super) item: String,
}

#[derive(Clone, Debug)]
struct Instance {
    inclusion: Inclusion,
    leave: StepId,
}

/// Where a host goes on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refuge {
    /// It is rescued.
    Rescue(StepId),
    /// It fails, but only after the `always` part of this block.
    Always(BlockId, StepId),
}

/// The steps of a play. A batch has its own copy, since what is included while it runs is put in.
#[derive(Clone, Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    order: Vec<StepId>,
    rank: Vec<usize>,
    blocks: Vec<BlockSteps>,
    instances: Vec<Instance>,
    included: HashMap<Inclusion, InstanceId>,
    needs: Arc<PlayNeeds>,
    tags: TagFilter,
    /// Whether what is included can notify a handler.
    bodies_notify: bool,
}

impl Program {
    /// The steps of a play, without the tasks that `tags` does not admit.
    pub(super) fn new(
        play: &Play,
        tags: &TagFilter,
        files: &TemplateFiles,
        needs: PlayNeeds,
    ) -> Self {
        let mut bodies_notify = false;
        for body in &play.bodies {
            each_task(&body.entries, &mut |task| {
                bodies_notify |= !task.common.notify.is_empty();
            });
        }
        let mut program = Self {
            steps: Vec::new(),
            order: Vec::new(),
            rank: Vec::new(),
            blocks: Vec::new(),
            instances: Vec::new(),
            included: HashMap::new(),
            needs: Arc::new(needs),
            tags: tags.clone(),
            bodies_notify,
        };
        let mut builder = Builder::new(&mut program, play, files, None, Vec::new());
        for section in &play.sections {
            builder.entries(section, None);
            builder.flush(None, true);
        }
        builder.push(StepKind::End, None);
        let count = program.steps.len();
        program.order = (0..count).collect();
        program.rank = (0..count).collect();
        program
    }

    pub(super) fn step(&self, id: StepId) -> &Step {
        &self.steps[id]
    }

    /// How a step is shown from now on.
    pub(super) fn call(&mut self, id: StepId, name: Arc<str>) {
        self.steps[id].name.name = name;
        self.steps[id].is_named = true;
    }

    pub(super) fn rank(&self, id: StepId) -> usize {
        self.rank[id]
    }

    pub(super) fn at_rank(&self, rank: usize) -> StepId {
        self.order[rank]
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn first(&self) -> StepId {
        self.order[0]
    }

    pub(super) fn end(&self) -> StepId {
        self.order[self.order.len() - 1]
    }

    /// The step behind `id`.
    pub(super) fn next(&self, id: StepId) -> StepId {
        let next = (self.rank[id] + 1).min(self.order.len() - 1);
        self.order[next]
    }

    /// Where a host that has come to the end of a block's body goes on.
    pub(super) fn behind_rescue(&self, block: BlockId) -> StepId {
        self.blocks[block].behind_rescue
    }

    /// Where a host goes on that has failed at `id`.
    pub(super) fn refuge(&self, id: StepId) -> Option<Refuge> {
        let mut place = self.steps[id].block;
        if let StepKind::BlockEnd(block) = self.steps[id].kind {
            place = self.blocks[block].parent;
        }
        while let Some((block, part)) = place {
            let steps = &self.blocks[block];
            if let (Part::Body, Some(rescue)) = (part, steps.rescue) {
                return Some(Refuge::Rescue(rescue));
            }
            if let (Part::Body | Part::Rescue, Some(always)) = (part, steps.always) {
                return Some(Refuge::Always(block, always));
            }
            place = steps.parent;
        }
        None
    }

    /// Whether a failure at `id` is rescued in the end, after whatever `always` comes before.
    pub(super) fn is_rescued(&self, id: StepId) -> bool {
        let mut place = self.steps[id].block;
        while let Some((block, part)) = place {
            let steps = &self.blocks[block];
            if part == Part::Body && steps.rescue.is_some() {
                return true;
            }
            place = steps.parent;
        }
        false
    }

    /// Where handlers run that a host still has to run after it has failed at `id`.
    pub(super) fn next_flush(&self, id: StepId) -> Option<StepId> {
        let after = self.order[self.rank[id]..].iter().copied();
        let is_flush =
            |id: &StepId| matches!(self.steps[*id].kind, StepKind::Flush { section: true, .. });
        after.into_iter().find(is_flush)
    }

    /// The name of a step, or of the include or the handlers' place that it belongs to.
    pub(super) fn name_of(&self, id: StepId) -> Option<StepName> {
        let mut id = id;
        // Between tasks, the next one counts.
        while matches!(
            self.steps[id].kind,
            StepKind::BodyEnd(_)
                | StepKind::RescueEnd
                | StepKind::BlockEnd(_)
                | StepKind::Enter { .. }
                | StepKind::Leave
        ) {
            id = self.next(id);
        }
        while let Some(instance) = self.steps[id].instance {
            id = self.instances[instance].inclusion.include;
        }
        let top = |id: &StepId| self.steps[*id].instance.is_none();
        if matches!(
            self.steps[id].kind,
            StepKind::Handler(..) | StepKind::FlushEnd { .. }
        ) {
            let before = self.order[..=self.rank[id]].iter().rev().copied();
            id = before
                .filter(top)
                .find(|&id| matches!(self.steps[id].kind, StepKind::Flush { .. }))?;
        }
        let (role, task) = self.labels(id)?;
        let before = self.order[..self.rank[id]].iter().copied().filter(top);
        let number = before
            .filter(|&other| self.labels(other) == Some((role, task)))
            .count();
        Some(StepName {
            role: role.cloned(),
            task: task.cloned(),
            number,
        })
    }

    /// The step of that name.
    pub(super) fn find(&self, name: &StepName) -> Option<StepId> {
        let labels = Some((name.role.as_ref(), name.task.as_ref()));
        let mut steps = self.order.iter().copied();
        let is_it = |id: &StepId| self.steps[*id].instance.is_none() && self.labels(*id) == labels;
        steps.by_ref().filter(is_it).nth(name.number)
    }

    /// The role and the name of a task; of a place where handlers run, nothing.
    fn labels(&self, id: StepId) -> Option<Labels<'_>> {
        let step = &self.steps[id];
        match step.kind {
            // As it is written: what it is shown as may differ from run to run.
            StepKind::Task(ref task) => Some((step.name.role.as_ref(), Some(&task.name))),
            StepKind::Flush { .. } => Some((None, None)),
            _ => None,
        }
    }

    /// The first task whose name, with or without its role's before it, is `name`.
    pub(super) fn named(&self, name: &str) -> Option<StepId> {
        self.order
            .iter()
            .copied()
            .find(|&id| match &self.steps[id].kind {
                StepKind::Task(task) => is_called(task, name),
                _ => false,
            })
    }

    /// What has been included for the same item before.
    pub(super) fn included(&self, inclusion: &Inclusion) -> Option<InstanceId> {
        self.included.get(inclusion).copied()
    }

    /// Puts the steps of a body behind its include. Returns the instance, and the rank and number of its steps.
    pub(super) fn include(
        &mut self,
        play: &Play,
        files: &TemplateFiles,
        inclusion: Inclusion,
    ) -> (InstanceId, usize, usize) {
        let id = self.instances.len();
        let include = inclusion.include;
        // Items keep their order, whichever host comes first.
        let before = self.instances.iter().filter(|other| {
            other.inclusion.include == include && other.inclusion.number <= inclusion.number
        });
        let behind = before
            .map(|other| other.leave)
            .max_by_key(|&leave| self.rank[leave])
            .unwrap_or(include);
        let body = inclusion.body;
        let mut position: Vec<u32> = self.steps[include].name.position.0.to_vec();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        position.extend([number(inclusion.number), number(id)]);
        let block = self.steps[include].block;
        let first = self.steps.len();
        let mut builder = Builder::new(self, play, files, Some(id), position);
        builder.push(StepKind::Leave, block);
        builder.entries(&play.bodies[body].entries, block);
        let leave = builder.push(StepKind::Leave, block);
        self.steps[first].kind = StepKind::Enter {
            instance: id,
            leave,
        };
        self.included.insert(inclusion.clone(), id);
        self.instances.push(Instance { inclusion, leave });
        let at = self.rank[behind] + 1;
        let count = self.steps.len() - first;
        self.order.splice(at..at, first..first + count);
        self.rank.resize(self.steps.len(), 0);
        for (rank, &id) in self.order.iter().enumerate().skip(at) {
            self.rank[id] = rank;
        }
        (id, at, count)
    }
}

/// Whether a task is called `name`, with or without its role's name before it.
pub(super) fn is_called(task: &Task, name: &str) -> bool {
    let role = task.common.role.as_ref().map(|role| &*role.role.name);
    &*task.name == name
        || name
            .split_once(" : ")
            .is_some_and(|(before, after)| Some(before) == role && &*task.name == after)
}

impl Step {
    /// The task or handler.
    pub(super) fn task(&self) -> Option<&Arc<Task>> {
        match &self.kind {
            StepKind::Task(task) | StepKind::Handler(_, task) => Some(task),
            _ => None,
        }
    }
}

struct Builder<'a> {
    program: &'a mut Program,
    play: &'a Play,
    files: &'a TemplateFiles,
    instance: Option<InstanceId>,
    position: Vec<u32>,
    /// Whether a task since the last flush could have notified something.
    dirty: bool,
    count: u32,
}

impl<'a> Builder<'a> {
    fn new(
        program: &'a mut Program,
        play: &'a Play,
        files: &'a TemplateFiles,
        instance: Option<InstanceId>,
        position: Vec<u32>,
    ) -> Self {
        Self {
            program,
            play,
            files,
            instance,
            position,
            // What has been notified before an include can be asked to run in it.
            dirty: instance.is_some(),
            count: 0,
        }
    }

    fn entries(&mut self, entries: &[Entry], block: Option<(BlockId, Part)>) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task, block),
                Entry::Block(inner) => self.block(inner, block),
            }
        }
    }

    fn task(&mut self, task: &Arc<Task>, block: Option<(BlockId, Part)>) {
        if let Action::Control(Control::Meta(Meta::FlushHandlers)) = &task.action {
            self.flush(block, false);
        } else if self.program.tags.admits(&task.common.tags) {
            self.dirty |= !task.common.notify.is_empty();
            self.dirty |= task.include().is_some() && self.program.bodies_notify;
            self.push(StepKind::Task(task.clone()), block);
        }
    }

    fn block(&mut self, block: &Block, parent: Option<(BlockId, Part)>) {
        if block.rescue.is_empty() && block.always.is_empty() {
            return self.entries(&block.body, parent);
        }
        let id = self.program.blocks.len();
        self.program.blocks.push(BlockSteps {
            parent,
            rescue: None,
            always: None,
            behind_rescue: 0,
        });
        self.entries(&block.body, Some((id, Part::Body)));
        let body_end = self.push(StepKind::BodyEnd(id), Some((id, Part::Body)));
        self.entries(&block.rescue, Some((id, Part::Rescue)));
        let rescue_end = self.push(StepKind::RescueEnd, Some((id, Part::Rescue)));
        self.entries(&block.always, Some((id, Part::Always)));
        self.push(StepKind::BlockEnd(id), Some((id, Part::Always)));
        let steps = &mut self.program.blocks[id];
        // Steps are numbered as they are made, so that the one behind another has the next number.
        steps.rescue = (!block.rescue.is_empty()).then_some(body_end + 1);
        steps.always = (!block.always.is_empty()).then_some(rescue_end + 1);
        steps.behind_rescue = rescue_end + 1;
    }

    fn flush(&mut self, block: Option<(BlockId, Part)>, section: bool) {
        if !self.dirty || self.play.handlers.is_empty() {
            return;
        }
        // Hosts in another part of a block do not come by here, and what a handler notifies that stands before it
        // waits for the next flush.
        let handlers = &self.play.handlers;
        let notifying = |handler: &Handler| !handler.task.common.notify.is_empty();
        self.dirty = self.instance.is_some() || block.is_some() || handlers.iter().any(notifying);
        let start = self.program.steps.len() + 1;
        let end = start + self.play.handlers.len();
        self.push(StepKind::Flush { end, section }, block);
        for (index, handler) in self.play.handlers.iter().enumerate() {
            self.push(StepKind::Handler(index, handler.task.clone()), block);
        }
        self.push(StepKind::FlushEnd { start }, block);
    }

    fn push(&mut self, kind: StepKind, block: Option<(BlockId, Part)>) -> StepId {
        self.count += 1;
        let (task, handler) = match &kind {
            StepKind::Task(task) => (Some(task), false),
            StepKind::Handler(_, task) => (Some(task), true),
            _ => (None, false),
        };
        let role = task.and_then(|task| task.common.role.as_ref());
        let mut position = self.position.clone();
        position.push(self.count);
        let name = TaskName {
            position: Position(position.into()),
            role: role.map(|role| role.role.name.clone()),
            name: task.map_or_else(|| Arc::from(""), |task| task.name.clone()),
            handler,
            at: task.map_or_else(|| Arc::from(""), |task| task.at.clone()),
        };
        let needs = task.map(|task| self.program.needs.of(task, self.files));
        let is_named = task.is_none_or(|task| task.title.is_none());
        self.program.steps.push(Step {
            kind,
            name,
            is_named,
            needs: needs.unwrap_or_default(),
            block,
            instance: self.instance,
        });
        self.program.steps.len() - 1
    }
}
