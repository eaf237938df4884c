//! Runs programs on the real host, each in a process group of its own.
//!
//! No program can hold the worker up: a time limit, or the controller's going away, ends the whole group, and
//! a daemon that has inherited the pipes does not delay its parent's result.

mod capture;
mod run;
#[cfg(test)]
pub(crate) mod tests;

use std::cell::Cell;
use std::fmt;
use std::io::{self, PipeReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use self::run::{Run, is_closed};
use super::{Program, ProgramOutput, Programs};

/// The PATH of programs where the worker's own is not one for system administration.
const SUPERUSER_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The programs of the host.
#[derive(Default)]
pub struct SystemPrograms {
    stop: Option<PipeReader>,
    time_limit: Cell<Option<Duration>>,
}

impl SystemPrograms {
    /// Runs programs until the other end of `stop` is closed. Then the one that is running is ended and no
    /// other is started.
    pub fn until(stop: PipeReader) -> Self {
        Self {
            stop: Some(stop),
            time_limit: Cell::default(),
        }
    }

    /// Sets the time limit of all programs. One that has a limit of its own is ended by the shorter of the two.
    pub fn set_time_limit(&self, limit: Option<Duration>) {
        self.time_limit.set(limit);
    }
}

impl Programs for SystemPrograms {
    fn run(&self, program: &Program) -> io::Result<ProgramOutput> {
        if is_closed(self.stop.as_ref())? {
            let output = ProgramOutput::default();
            return Err(CutShort {
                limit: None,
                output,
            }
            .into_error());
        }
        let limits = [program.timeout, self.time_limit.get()];
        let limit = limits.into_iter().flatten().min();
        Run::start(program, limit, self.stop.as_ref())?.finish(&program.stdin)
    }
}

/// Why a program was ended before its time, and what it had printed by then. It is the inner error of an
/// [`io::Error`] of the kind `TimedOut` or `Interrupted`.
#[derive(Debug)]
pub struct CutShort {
    /// The time limit that it exceeded; `None` if the controller had gone.
    pub limit: Option<Duration>,
    /// Its output until then.
    pub output: ProgramOutput,
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "ended after {} s", limit.as_secs_f64()),
            None => f.write_str("ended because the controller has gone"),
        }
    }
}

impl std::error::Error for CutShort {}

impl CutShort {
    fn into_error(self) -> io::Error {
        let kind = match self.limit {
            Some(_) => io::ErrorKind::TimedOut,
            None => io::ErrorKind::Interrupted,
        };
        io::Error::new(kind, self)
    }
}

fn command(program: &Program) -> io::Result<Command> {
    let (name, arguments) = program.argv.split_first().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected a program, found an empty list",
        )
    })?;
    let mut command = Command::new(name);
    if !std::env::var("PATH").is_ok_and(|path| path.split(':').any(|dir| dir == "/usr/sbin")) {
        command.env("PATH", SUPERUSER_PATH);
    }
    if let Some(directory) = &program.directory {
        // Else its absence would look like that of the program.
        if !directory.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!("there is no directory `{}`", directory.display()),
            ));
        }
        command.current_dir(directory);
    }
    let has_input = !program.stdin.is_empty();
    command
        .args(arguments)
        .envs(
            program
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .process_group(0)
        .stdin(if has_input {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}
