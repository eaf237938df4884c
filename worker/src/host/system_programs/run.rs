//! One program from its start to its end: what it is fed, what it prints, and when it is ended.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::CutShort;
use super::capture::Capture;
use crate::host::{Program, ProgramOutput};

/// How long a group may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long to go on reading after a program's exit from pipes that somebody else still holds open.
const LINGER: Duration = Duration::from_millis(100);

/// A program that is running.
pub(super) struct Run<'a> {
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
    /// Starts it.
    pub(super) fn start(
        program: &Program,
        limit: Option<Duration>,
        stop: Option<&'a PipeReader>,
    ) -> io::Result<Self> {
        let (exit, exit_sender) = io::pipe()?;
        let mut child = super::command(program)?.spawn()?;
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
    pub(super) fn finish(mut self, input: &[u8]) -> io::Result<ProgramOutput> {
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

fn make_nonblocking(pipe: &OwnedFd) -> io::Result<()> {
    let flags = fcntl_getfl(pipe)?;
    Ok(fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?)
}

/// Whether the other end of a pipe, through which nothing is ever sent, has been closed.
pub(super) fn is_closed(pipe: Option<&PipeReader>) -> io::Result<bool> {
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
