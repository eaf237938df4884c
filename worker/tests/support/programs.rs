//! The programs of a host that is a scratch directory: what they answer, and what they do to its files.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use provision_worker::host::{CutShort, Program, ProgramOutput, Programs};

use super::tree::{Root, Tree};

type Behaviour = Rc<dyn Fn(&Root, &Program) -> io::Result<ProgramOutput>>;

/// Programs that do as a case says. One that it says nothing about fails the test.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    rules: Vec<Rule>,
}

#[derive(Clone)]
struct Rule {
    command: &'static str,
    writes: bool,
    behaviour: Behaviour,
}

/// A program that exits with 0 and prints `stdout`.
pub(crate) fn says(stdout: &str) -> ProgramOutput {
    ProgramOutput {
        stdout: stdout.into(),
        ..ProgramOutput::default()
    }
}

/// A program that exits with `rc` and complains `stderr`.
pub(crate) fn exits(rc: i32, stderr: &str) -> ProgramOutput {
    ProgramOutput {
        rc,
        stderr: stderr.into(),
        ..ProgramOutput::default()
    }
}

impl Scripted {
    /// No programs.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// `command` (words joined by blanks; more words may follow) only reads the host. What it answers may
    /// depend on the host's files.
    pub(crate) fn reads(
        self,
        command: &'static str,
        behaviour: impl Fn(&Root) -> ProgramOutput + 'static,
    ) -> Self {
        self.rule(command, false, Rc::new(move |root, _| Ok(behaviour(root))))
    }

    /// `command` may change the host's files. Running it while planning fails the test.
    pub(crate) fn writes(
        self,
        command: &'static str,
        behaviour: impl Fn(&Root) -> ProgramOutput + 'static,
    ) -> Self {
        self.writes_with(command, move |root, _| behaviour(root))
    }

    /// Like [`writes`](Self::writes), for a program whose arguments or input matter.
    pub(crate) fn writes_with(
        self,
        command: &'static str,
        behaviour: impl Fn(&Root, &Program) -> ProgramOutput + 'static,
    ) -> Self {
        self.rule(
            command,
            true,
            Rc::new(move |root, program| Ok(behaviour(root, program))),
        )
    }

    /// `command` is not installed.
    pub(crate) fn missing(self, command: &'static str) -> Self {
        self.rule(
            command,
            false,
            Rc::new(|_, _| Err(io::ErrorKind::NotFound.into())),
        )
    }

    /// `command` does not end by itself where it has a limit of its own, and says nothing where it has none.
    pub(crate) fn hangs_while_limited(self, command: &'static str) -> Self {
        let behaviour = |_: &Root, program: &Program| match program.timeout {
            Some(limit) => {
                let output = ProgramOutput::default();
                let cut_short = CutShort {
                    limit: Some(limit),
                    output,
                };
                Err(io::Error::new(io::ErrorKind::TimedOut, cut_short))
            }
            None => Ok(says("")),
        };
        self.rule(command, true, Rc::new(behaviour))
    }

    fn rule(mut self, command: &'static str, writes: bool, behaviour: Behaviour) -> Self {
        self.rules.push(Rule {
            command,
            writes,
            behaviour,
        });
        self
    }

    /// These programs on the host whose files are `tree`, without a case.
    pub(crate) fn alone(&self, tree: &Tree, may_write: bool) -> impl Programs + 'static {
        self.on(tree, Rc::default(), Rc::new(RefCell::new(may_write)))
    }

    /// These programs on the host whose files are `tree`.
    pub(super) fn on(
        &self,
        tree: &Tree,
        log: Rc<RefCell<Vec<Program>>>,
        may_write: Rc<RefCell<bool>>,
    ) -> Running {
        Running {
            rules: self.rules.clone(),
            root: tree.handle(),
            log,
            may_write,
        }
    }
}

/// The words of a program, joined by blanks.
pub(super) fn command_line(program: &Program) -> String {
    let words: Vec<_> = program
        .argv
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

/// [`Scripted`] programs on a host.
pub(super) struct Running {
    rules: Vec<Rule>,
    root: Root,
    log: Rc<RefCell<Vec<Program>>>,
    may_write: Rc<RefCell<bool>>,
}

impl Programs for Running {
    fn run(&self, program: &Program) -> io::Result<ProgramOutput> {
        let line = command_line(program);
        self.log.borrow_mut().push(program.clone());
        let rule = self
            .rules
            .iter()
            .filter(|rule| {
                line.strip_prefix(rule.command)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
            .max_by_key(|rule| rule.command.len())
            .unwrap_or_else(|| panic!("the case says nothing about the program `{line}`"));
        assert!(
            !rule.writes || *self.may_write.borrow(),
            "planning ran `{line}`, which may change the host"
        );
        (rule.behaviour)(&self.root, program)
    }
}
