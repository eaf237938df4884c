//! Runs programs on the real host, each in a process group of its own.
//!
//! No program can hold the worker up: a time limit, or the controller's going away, ends the whole group, and
//! a daemon that has inherited the pipes does not delay its parent's result.

use std::cell::Cell;
use std::fmt;
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::capture::Capture;
use super::{Program, ProgramOutput, Programs};

/// The PATH of programs where the worker's own is not one for system administration.
const SUPERUSER_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a group may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long to go on reading after a program's exit from pipes that somebody else still holds open.
const LINGER: Duration = Duration::from_millis(100);

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

    /// Sets the time limit of programs that have none of their own.
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
        let limit = program.timeout.or(self.time_limit.get());
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

/// A program that is running.
struct Run<'a> {
    child: Child,
    group: Pid,
    /// Closed by the other side when the program has exited. It has not been reaped by then, so its process
    /// group cannot have become somebody else's.
    exit: PipeReader,
    exited: Option<Instant>,
    stdout: Stream,
    stderr: Stream,
    started: Instant,
    limit: Option<Duration>,
    stop: Option<&'a PipeReader>,
    ending: Option<Ending>,
}

/// A program that is being ended.
struct Ending {
    since: Instant,
    by_limit: bool,
}

/// One of a program's output streams.
#[derive(Default)]
struct Stream {
    /// `None` once it has been read to its end.
    pipe: Option<OwnedFd>,
    capture: Capture,
}

impl<'a> Run<'a> {
    fn start(
        program: &Program,
        limit: Option<Duration>,
        stop: Option<&'a PipeReader>,
    ) -> io::Result<Self> {
        let (exit, exit_sender) = io::pipe()?;
        let mut child = command(program)?.spawn()?;
        let group = Pid::from_child(&child);
        let watch = thread::Builder::new().spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(group), options) {}
            drop(exit_sender);
        });
        let streams = Stream::new(child.stdout.take().map(OwnedFd::from))
            .and_then(|out| Ok((out, Stream::new(child.stderr.take().map(OwnedFd::from))?)));
        let (stdout, stderr) = match watch.and(streams) {
            Ok(streams) => streams,
            Err(error) => {
                // Nobody would ever look after it.
                let _ = kill_process_group(group, Signal::KILL);
                let _ = child.wait();
                return Err(error);
            }
        };
        Ok(Self {
            child,
            group,
            exit,
            exited: None,
            stdout,
            stderr,
            started: Instant::now(),
            limit,
            stop,
            ending: None,
        })
    }

    /// Feeds it, reads what it prints, and waits for its end.
    fn finish(mut self, input: &[u8]) -> io::Result<ProgramOutput> {
        let waited = self.wait_for_end(input);
        if self.ending.is_some() || waited.is_err() {
            // Those of the group that have not heeded the first signal, if there was one.
            let _ = kill_process_group(self.group, Signal::KILL);
        }
        let rc = self.reap()?;
        waited?;
        let output = ProgramOutput {
            rc,
            stdout: self.stdout.capture.finish(),
            stderr: self.stderr.capture.finish(),
        };
        match self.ending {
            None => Ok(output),
            Some(ending) => Err(CutShort {
                limit: self.limit.filter(|_| ending.by_limit),
                output,
            }
            .into_error()),
        }
    }

    fn wait_for_end(&mut self, input: &[u8]) -> io::Result<()> {
        let mut input = Input::new(self.child.stdin.take().map(OwnedFd::from), input)?;
        while !self.is_over() {
            self.wait(&mut input)?;
        }
        Ok(())
    }

    /// Whether there is nothing more to wait for.
    fn is_over(&self) -> bool {
        let all_read = self.stdout.pipe.is_none() && self.stderr.pipe.is_none();
        let gave_up = |since: Instant, patience| since.elapsed() >= patience;
        match (self.exited, &self.ending) {
            (Some(_), _) if all_read => true,
            (_, Some(ending)) => gave_up(ending.since, GRACE),
            (Some(exited), None) => gave_up(exited, LINGER),
            (None, None) => false,
        }
    }

    /// Waits until something can be read or written or a time has come, and does what is due.
    fn wait(&mut self, input: &mut Input<'_>) -> io::Result<()> {
        let timeout = self.time_left().map(timespec);
        let stop = self.stop.filter(|_| self.ending.is_none());
        let exit = self.exited.is_none().then_some(&self.exit);
        let nothing = PollFlags::empty();
        let mut fds: Vec<_> = [
            (self.stdout.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (self.stderr.pipe.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (input.pipe.as_ref().map(AsFd::as_fd), PollFlags::OUT),
            (exit.map(AsFd::as_fd), nothing),
            (stop.map(AsFd::as_fd), nothing),
        ]
        .into_iter()
        .filter_map(|(fd, events)| Some(PollFd::from_borrowed_fd(fd?, events)))
        .collect();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let (is_stopped, has_exited) = (is_closed(stop)?, is_closed(exit)?);

        if has_exited {
            self.exited = Some(Instant::now());
        }
        input.write()?;
        self.stdout.read()?;
        self.stderr.read()?;
        let over_limit = self
            .limit
            .is_some_and(|limit| self.started.elapsed() >= limit);
        let running = self.exited.is_none() && self.ending.is_none();
        if running && (over_limit || is_stopped) {
            let _ = kill_process_group(self.group, Signal::TERM);
            self.ending = Some(Ending {
                since: Instant::now(),
                by_limit: !is_stopped,
            });
        }
        Ok(())
    }

    /// How long until something is due; `None` if nothing ever is.
    fn time_left(&self) -> Option<Duration> {
        let (since, patience) = match (&self.ending, self.exited) {
            (Some(ending), _) => (ending.since, GRACE),
            (None, Some(exited)) => (exited, LINGER),
            (None, None) => (self.started, self.limit?),
        };
        Some(patience.saturating_sub(since.elapsed()))
    }

    /// The exit status. What is still alive has been killed: should the kernel be unable to end it, it is
    /// left behind.
    fn reap(&mut self) -> io::Result<i32> {
        if self.exited.is_none() {
            let mut exit = [PollFd::new(&self.exit, PollFlags::empty())];
            if poll(&mut exit, Some(&timespec(GRACE)))? == 0 {
                return Ok(128 + Signal::KILL.as_raw());
            }
        }
        let status = self.child.wait()?;
        Ok(exit_code(status))
    }
}

impl Stream {
    fn new(pipe: Option<OwnedFd>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            make_nonblocking(pipe)?;
        }
        Ok(Self {
            pipe,
            capture: Capture::default(),
        })
    }

    /// Reads what is there.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        // A bounded number of times, for nobody else has a turn meanwhile.
        for _ in 0..32 {
            let Some(pipe) = &self.pipe else { break };
            match rustix::io::read(pipe, &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => self.capture.push(&buffer[..length]),
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// What a program still has to be given.
struct Input<'a> {
    /// `None` once it has been given all or has closed its end.
    pipe: Option<OwnedFd>,
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn new(pipe: Option<OwnedFd>, rest: &'a [u8]) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            make_nonblocking(pipe)?;
        }
        Ok(Self { pipe, rest })
    }

    /// Writes as much as is taken.
    fn write(&mut self) -> io::Result<()> {
        while let Some(pipe) = &self.pipe {
            match rustix::io::write(pipe, self.rest) {
                Ok(length) => self.rest = &self.rest[length..],
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                // That it does not want to read all of it is the program's own affair.
                Err(rustix::io::Errno::PIPE) => self.pipe = None,
                Err(error) => return Err(error.into()),
            }
            if self.rest.is_empty() {
                self.pipe = None;
            }
        }
        Ok(())
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

fn make_nonblocking(pipe: &OwnedFd) -> io::Result<()> {
    let flags = fcntl_getfl(pipe)?;
    Ok(fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?)
}

/// Whether the other end of a pipe, through which nothing is ever sent, has been closed.
fn is_closed(pipe: Option<&PipeReader>) -> io::Result<bool> {
    let Some(pipe) = pipe else { return Ok(false) };
    let mut fds = [PollFd::new(pipe, PollFlags::empty())];
    match poll(&mut fds, Some(&Timespec::default())) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Rounded up to a millisecond, so that the time has come when the wait is over.
fn timespec(duration: Duration) -> Timespec {
    let duration = duration + Duration::from_millis(1);
    Timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn shell(script: impl Into<std::ffi::OsString>) -> Program {
        Program::new("sh").arg("-c").arg(script)
    }

    fn run(program: &Program) -> ProgramOutput {
        SystemPrograms::default().run(program).expect("it runs")
    }

    fn cut_short(error: io::Error) -> CutShort {
        let inner = error.into_inner().expect("it has a reason");
        *inner
            .downcast()
            .expect("the reason is why it was cut short")
    }

    /// The process whose id a script has written, gone or a zombie that nobody has reaped yet.
    fn is_dead(pid_file: &Path) -> bool {
        let pid = fs::read_to_string(pid_file).expect("the script has written its id");
        match fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        }
    }

    #[test]
    fn output_and_exit_status_are_returned() {
        let output = run(&shell("echo out; echo err >&2; exit 3"));
        assert_eq!(output.rc, 3);
        assert_eq!(output.stdout(), "out\n");
        assert_eq!(output.stderr(), "err\n");
    }

    #[test]
    fn a_signal_counts_from_128() {
        assert_eq!(run(&shell("kill -9 $$")).rc, 137);
    }

    #[test]
    fn input_larger_than_a_pipe_comes_back() {
        let input: Vec<u8> = (0..900_000u32).map(|n| (n % 251) as u8).collect();
        let output = run(&Program::new("cat").stdin(input.clone()));
        assert!(output.stdout == input);
    }

    #[test]
    fn input_that_nobody_reads_is_no_error() {
        assert_eq!(run(&Program::new("true").stdin(vec![0; 1 << 20])).rc, 0);
    }

    #[test]
    fn long_output_is_bounded() {
        let output = run(&shell("head -c 20000000 /dev/zero | tr '\\0' x; echo end"));
        assert!(output.stdout.len() < (2 << 20) + 100);
        assert!(output.stdout.ends_with(b"xend\n"));
        assert!(output.stdout().contains(" bytes left out ...]"));
    }

    #[test]
    fn a_time_limit_ends_the_whole_group() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let child = scratch.path().join("child");
        let script = format!(
            "trap '' TERM; sleep 300 & echo $! >{}; echo on; wait",
            child.display()
        );
        let mut program = shell(script);
        program.timeout = Some(Duration::from_millis(300));
        let error = SystemPrograms::default()
            .run(&program)
            .expect_err("it takes too long");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "ended after 0.3 s");
        assert_eq!(cut_short(error).output.stdout(), "on\n");
        assert!(is_dead(&child));
    }

    #[test]
    fn the_task_limit_counts_where_the_program_has_none() {
        let programs = SystemPrograms::default();
        programs.set_time_limit(Some(Duration::from_millis(50)));
        let error = programs
            .run(&Program::new("sleep").arg("300"))
            .expect_err("it takes too long");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_daemon_that_keeps_the_pipes_does_not_delay_the_result() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let pid_file: PathBuf = scratch.path().join("daemon");
        let script = format!(
            "setsid sleep 300 & echo $! >{}; echo started",
            pid_file.display()
        );
        let output = run(&shell(script));
        assert_eq!(output.stdout(), "started\n");
        assert!(!is_dead(&pid_file), "only a time limit ends it");
        run(&shell(format!("kill $(cat {})", pid_file.display())));
    }

    #[test]
    fn a_stop_ends_the_program_and_starts_no_other() {
        let (stop, sender) = io::pipe().expect("a pipe");
        let programs = SystemPrograms::until(stop);
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let ready = scratch.path().join("ready");
        let waiter = {
            let ready = ready.clone();
            thread::spawn(move || {
                while !ready.exists() {
                    thread::sleep(Duration::from_millis(5));
                }
                drop(sender);
            })
        };
        let script = format!(
            "echo $$ >{0}.new; mv {0}.new {0}; sleep 300",
            ready.display()
        );
        let error = programs.run(&shell(script)).expect_err("it is stopped");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        assert!(is_dead(&ready));
        waiter.join().expect("the waiter ends");
        let error = programs
            .run(&Program::new("true"))
            .expect_err("it is not started");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn a_missing_directory_is_not_a_missing_program() {
        let mut program = Program::new("true");
        program.directory = Some("/nowhere/at/all".into());
        let error = SystemPrograms::default()
            .run(&program)
            .expect_err("there is none");
        assert_eq!(error.to_string(), "there is no directory `/nowhere/at/all`");
        let missing = Program::new("no-such-program-anywhere");
        let error = SystemPrograms::default()
            .run(&missing)
            .expect_err("there is none");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
