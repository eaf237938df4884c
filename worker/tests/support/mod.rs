//! Cases for modules: a host in a scratch directory, arguments, and what is to come of them.
//!
//! [`Case::run`] holds every module to the same promises: planning writes nothing, applying does what the plan
//! said and leaves no other trace, and a second plan is empty. A case only says what is particular to it.

mod contents;
mod programs;
mod tree;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use provision_worker::host::{Host, Program, Writer};
use provision_worker::modules;
use provision_worker::plan::{Change, Diff, Failure, Output, Plan};
use serde_json::{Map, Value};

pub(crate) use self::contents::{Known, known};
pub(crate) use self::programs::{Scripted, exits, says};
pub(crate) use self::tree::{Entry, Tree, dir, file, link, own_gid, own_uid};

/// A module, its arguments, the host before and after.
pub(crate) struct Case {
    module: &'static str,
    args: Value,
    before: Vec<Entry>,
    changes: Vec<String>,
    after: Vec<Entry>,
    gone: Vec<&'static str>,
    programs: Scripted,
    contents: Vec<Known>,
    unpredictable: bool,
    every_time: bool,
    meanwhile: Option<fn(&Path)>,
}

/// What a case left behind, for what else there is to say about it.
#[derive(Debug)]
pub(crate) struct Ran {
    /// What is registered in check mode.
    pub(crate) checked: Output,
    /// What is registered when the plan has been carried out.
    pub(crate) applied: Output,
    /// The diff of each change.
    pub(crate) diffs: Vec<Diff>,
    /// The programs that the first plan and its apply ran.
    pub(crate) programs: Vec<Program>,
    /// How often content was asked of the controller, both plans and the apply included.
    pub(crate) fetches: usize,
    /// How many bytes were read for the last plan and for carrying it out.
    pub(crate) read: (u64, u64),
}

impl Ran {
    /// The command lines of [`programs`](Self::programs).
    pub(crate) fn command_lines(&self) -> Vec<String> {
        self.programs.iter().map(programs::command_line).collect()
    }
}

impl Case {
    /// A case of `module` with `args`, on an empty host where nothing is to be changed.
    pub(crate) fn new(module: &'static str, args: Value) -> Self {
        Self {
            module,
            args,
            before: Vec::new(),
            changes: Vec::new(),
            after: Vec::new(),
            gone: Vec::new(),
            programs: Scripted::new(),
            contents: Vec::new(),
            unpredictable: false,
            every_time: false,
            meanwhile: None,
        }
    }

    /// What is on the host at first. Directories above an entry need no entry of their own.
    pub(crate) fn before(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        self.before.extend(entries);
        self
    }

    /// The changes that the plan is to consist of, as `what` words them, in order.
    pub(crate) fn changes<const N: usize>(mut self, changes: [&str; N]) -> Self {
        self.changes = changes.map(str::to_owned).into();
        self
    }

    /// What is new or different on the host afterwards. All else must be as it was.
    pub(crate) fn after(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        self.after.extend(entries);
        self
    }

    /// What is on the host before and must not be there afterwards, with all that is below it.
    pub(crate) fn gone<const N: usize>(mut self, paths: [&'static str; N]) -> Self {
        self.gone.extend(paths);
        self
    }

    /// The programs of the host.
    pub(crate) fn programs(mut self, programs: Scripted) -> Self {
        self.programs = programs;
        self
    }

    /// A file that the controller has. Use [`Known::value`] as the argument.
    pub(crate) fn content(mut self, content: &Known) -> Self {
        self.contents.push(content.clone());
        self
    }

    /// Nobody can say beforehand what the module does; so nothing is said about a second plan.
    pub(crate) fn unpredictable(mut self) -> Self {
        self.unpredictable = true;
        self
    }

    /// The module is asked to do something each time, such as a restart; so a second plan is the same.
    pub(crate) fn every_time(mut self) -> Self {
        self.every_time = true;
        self
    }

    /// What happens on the host between a plan and its apply that fails.
    pub(crate) fn meanwhile(mut self, happens: fn(&Path)) -> Self {
        self.meanwhile = Some(happens);
        self
    }

    /// Plans, applies, plans again, and compares.
    #[track_caller]
    pub(crate) fn run(self) -> Ran {
        let stage = Stage::new(&self);
        let plan = self
            .plan_without_writing(&stage)
            .expect("the plan succeeds");
        let whats: Vec<&str> = plan.changes().iter().map(|c| c.what.as_str()).collect();
        assert_eq!(whats, self.changes, "the changes of the plan");
        assert_eq!(plan.unpredictable_reason().is_some(), self.unpredictable);
        let diffs = diffs(&plan);
        let checked = self
            .plan_without_writing(&stage)
            .expect("the plan succeeds")
            .into_output();

        stage.log.borrow_mut().clear();
        let plan = self
            .plan_without_writing(&stage)
            .expect("the plan succeeds");
        let before = bytes_read();
        let applied = stage.apply(plan).expect("applying succeeds");
        let read = (*stage.planned.borrow(), bytes_read() - before);
        let programs = stage.log.borrow().clone();
        stage.tree.assert_is(&self.after, &self.gone);

        if !self.unpredictable {
            let again = self
                .plan_without_writing(&stage)
                .expect("the second plan succeeds");
            if self.every_time {
                let again: Vec<&str> = again.changes().iter().map(|c| c.what.as_str()).collect();
                assert_eq!(again, self.changes, "a second plan is the same");
            } else {
                assert_eq!(diffs_of(again.changes()), [], "a second plan is empty");
            }
        }
        Ran {
            checked,
            applied,
            diffs,
            programs,
            fetches: *stage.fetches.borrow(),
            read,
        }
    }

    /// Plans, and expects that to fail.
    #[track_caller]
    pub(crate) fn plan_fails(self) -> Failure {
        let stage = Stage::new(&self);
        match self.plan_without_writing(&stage) {
            Ok(plan) => panic!("expected a failure, planned {:?}", diffs_of(plan.changes())),
            Err(failure) => failure,
        }
    }

    /// Plans and applies, and expects the latter to fail and to leave the host as `after` and `gone` say.
    #[track_caller]
    pub(crate) fn apply_fails(self) -> Failure {
        let stage = Stage::new(&self);
        let plan = self
            .plan_without_writing(&stage)
            .expect("the plan succeeds");
        if let Some(happens) = self.meanwhile {
            happens(stage.tree.root());
        }
        let failure = stage.apply(plan).expect_err("applying fails");
        stage.tree.assert_is(&self.after, &self.gone);
        failure
    }

    #[track_caller]
    fn plan_without_writing(&self, stage: &Stage) -> Result<Plan, Failure> {
        let module = modules::find(self.module)
            .unwrap_or_else(|| panic!("there is no module `{}`", self.module));
        let args: &Map<String, Value> = self.args.as_object().expect("arguments are a mapping");
        if let Err(error) = (module.validate)(args) {
            return Err(error.into());
        }
        let before = stage.tree.look();
        let read = bytes_read();
        let plan = (module.plan)(args, &stage.host);
        *stage.planned.borrow_mut() = bytes_read() - read;
        stage.tree.assert_untouched_since(&before);
        plan
    }
}

/// The host of a case.
struct Stage {
    tree: Tree,
    host: Host,
    log: Rc<RefCell<Vec<Program>>>,
    fetches: Rc<RefCell<usize>>,
    may_write: Rc<RefCell<bool>>,
    /// How many bytes the last plan has read.
    planned: RefCell<u64>,
}

impl Stage {
    fn new(case: &Case) -> Self {
        let tree = Tree::grow(&case.before);
        let may_write = Rc::new(RefCell::new(false));
        let log = Rc::default();
        let fetches = Rc::default();
        let programs = case
            .programs
            .on(&tree, Rc::clone(&log), Rc::clone(&may_write));
        let contents = contents::Stored::new(&case.contents, Rc::clone(&fetches));
        let host = Host::new(tree.root(), Box::new(programs), Box::new(contents));
        Self {
            tree,
            host,
            log,
            fetches,
            may_write,
            planned: RefCell::new(0),
        }
    }

    fn apply(&self, plan: Plan) -> Result<Output, Failure> {
        *self.may_write.borrow_mut() = true;
        let applied = plan.apply(&Writer::new(&self.host));
        *self.may_write.borrow_mut() = false;
        applied
    }
}

/// How many bytes this thread has read until now, from whatever file.
fn bytes_read() -> u64 {
    let counters = std::fs::read_to_string("/proc/thread-self/io").expect("a file of the kernel");
    let mut lines = counters.lines();
    let read = lines.find_map(|line| line.strip_prefix("rchar: "));
    read.and_then(|count| count.parse().ok()).expect("a number")
}

fn diffs(plan: &Plan) -> Vec<Diff> {
    plan.changes().iter().map(|c| c.diff.clone()).collect()
}

fn diffs_of(changes: &[Change]) -> Vec<(&str, &Diff)> {
    changes.iter().map(|c| (c.what.as_str(), &c.diff)).collect()
}

/// Where `path` of a host is below `root`.
fn below(root: &Path, path: &str) -> std::path::PathBuf {
    root.join(path.trim_start_matches('/'))
}
