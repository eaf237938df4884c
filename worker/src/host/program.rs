//! Programs that a module runs: always by argument vector, never through a shell that the module composes.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::CutShort;
use crate::plan::{Failure, Output};

/// A program to run and what it is run with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The program, found in PATH if it has no slash, and its arguments.
    pub argv: Vec<OsString>,
    /// Variables added to the worker's own environment.
    pub environment: Vec<(String, String)>,
    /// The directory it starts in.
    pub directory: Option<PathBuf>,
    /// What it reads. Never a secret in `argv`: secrets go here.
    pub stdin: Vec<u8>,
    /// When to end it and all its children, if the task's own limit does not come first.
    pub timeout: Option<Duration>,
}

impl Program {
    /// The program called `name`.
    pub fn new(name: impl Into<OsString>) -> Self {
        Self {
            argv: vec![name.into()],
            ..Self::default()
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.argv.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, arguments: I) -> Self {
        self.argv.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets what the program reads from its standard input.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    /// The program's name, for messages.
    pub fn name(&self) -> String {
        self.argv
            .first()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// The failure to start it at all, or to let it run to its end.
    pub fn not_started(&self, error: &io::Error) -> Failure {
        let name = self.name();
        let cut_short = error.get_ref().and_then(|inner| inner.downcast_ref());
        match (error.kind(), cut_short) {
            (_, Some(CutShort { limit, output })) => Failure {
                ended_after: *limit,
                ..Failure::new(format!("`{name}` was {error}")).with_output(output.fields())
            },
            (io::ErrorKind::NotFound, None) => Failure::new(format!("`{name}` is not installed")),
            _ => Failure::new(format!("cannot run `{name}`: {error}")),
        }
    }
}

/// What a program left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Its exit status; 128 + N if signal N ended it.
    pub rc: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained.
    pub stderr: Vec<u8>,
}

impl ProgramOutput {
    /// Whether it exited with 0.
    pub fn success(&self) -> bool {
        self.rc == 0
    }

    /// What it printed, as text.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it complained, as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The fields that a module registers for a program: `rc`, `stdout`, `stdout_lines` and the same for
    /// stderr. The last line break is dropped.
    pub fn fields(&self) -> Output {
        let mut fields = Output::new();
        fields.insert("rc".into(), self.rc.into());
        for (name, text) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            let text = text.strip_suffix('\n').unwrap_or(&text);
            fields.insert(name.into(), text.into());
            fields.insert(
                format!("{name}_lines"),
                text.lines().collect::<Vec<_>>().into(),
            );
        }
        fields
    }

    /// The failure of `program`, which says what it complained.
    pub fn failure(&self, program: &Program) -> Failure {
        let stderr = self.stderr();
        let last = stderr
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("")
            .trim();
        let colon = if last.is_empty() { "" } else { ": " };
        Failure::new(format!(
            "`{}` exited with {}{colon}{last}",
            program.name(),
            self.rc
        ))
        .with_output(self.fields())
    }
}

/// Runs programs. Tests have one of their own.
pub trait Programs {
    /// Runs a program to its end. An exit status other than 0 is not an error here.
    fn run(&self, program: &Program) -> io::Result<ProgramOutput>;
}

impl<P: Programs + ?Sized> Programs for Rc<P> {
    fn run(&self, program: &Program) -> io::Result<ProgramOutput> {
        (**self).run(program)
    }
}
