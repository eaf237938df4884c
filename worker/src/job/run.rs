//! The job's side: one call, a limit, and the record of what came of it.

use std::io::{self, Read, Write};
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::{Records, STARTED, cache, check_name};
use crate::host::{Host, NoContents, SystemPrograms};
use crate::module::Module;
use crate::outcome::{applied, failed, foreseen, prepare};
use crate::plan::Failure;
use crate::protocol::{Background, Outcome, Request};

/// How long a module may go on after its limit, when its program has been ended; it may be in the middle of
/// writing a file.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the call that `input` says with the modules that `find` knows. Says on `output` that it has begun.
pub fn run(
    mut input: impl Read,
    mut output: impl Write,
    find: fn(&str) -> Option<&'static Module>,
) -> io::Result<()> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let request: Request = serde_json::from_slice(&text)?;
    let wrong = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
    let Some(background) = request.background.clone() else {
        return Err(wrong("the request is none for a job".into()));
    };
    let Background { limit, job } = *background;
    check_name(&job).map_err(wrong)?;
    match rustix::process::setsid() {
        // Whoever leads a group, as in a shell, has a session to itself or wants none.
        Ok(_) | Err(Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let cache = cache();
    let records = Records::new(&cache);
    let running = records.begin(&job)?;
    output.write_all(STARTED.as_bytes())?;
    output.flush()?;
    drop(output);

    let limit = Duration::from_secs(limit);
    let (stop, going) = io::pipe()?;
    let (working, finished) = mpsc::channel();
    let is_late = Arc::new(AtomicBool::new(false));
    let watch = Watch {
        limit,
        going,
        finished,
        is_late: Arc::clone(&is_late),
        records: records.clone(),
        job: job.clone(),
    };
    thread::Builder::new().spawn(move || watch.keep())?;

    let programs = Box::new(Rc::new(SystemPrograms::until(stop)));
    let host = Host::new("/", programs, Box::new(NoContents)).with_cache(cache);
    let begun = Instant::now();
    let mut outcome = outcome(&request, &host, find);
    drop(working);
    if is_late.load(Ordering::SeqCst)
        && let Some(failure) = outcome.failure.take()
    {
        outcome.failure = Some(late(limit).with_output(failure.output));
    }
    outcome.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let synced = host.sync_directories();
    records.end(&job, outcome)?;
    drop(running);
    synced
}

fn outcome(request: &Request, host: &Host, find: fn(&str) -> Option<&'static Module>) -> Outcome {
    let planned = prepare(request, host, find).and_then(|module| {
        let arguments = request.calls.first().cloned().unwrap_or_default();
        (module.plan)(&arguments, host)
    });
    match planned {
        Err(failure) => failed(failure),
        Ok(plan) if plan.is_empty() => foreseen(plan, request.diff),
        Ok(plan) => applied(plan, host, request.diff),
    }
}

fn late(limit: Duration) -> Failure {
    Failure::new(format!(
        "the job was ended after {} s, the time that `async` gives it",
        limit.as_secs()
    ))
}

/// Who ends the job at its limit.
struct Watch {
    limit: Duration,
    /// As long as it is open, programs may run.
    going: io::PipeWriter,
    /// Closed by the thread that works, when it has done so.
    finished: Receiver<()>,
    is_late: Arc<AtomicBool>,
    records: Records,
    job: String,
}

impl Watch {
    fn keep(self) {
        let is_over = |time| self.finished.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
        if is_over(self.limit) {
            return;
        }
        self.is_late.store(true, Ordering::SeqCst);
        drop(self.going);
        if !is_over(GRACE) {
            // If that does not succeed, the job counts as one that has died.
            let _ = self.records.end(&self.job, failed(late(self.limit)));
            leave();
        }
    }
}

#[expect(
    clippy::exit,
    reason = "the thread that should return is stuck in a module and nobody waits for it"
)]
fn leave() -> ! {
    process::exit(1)
}
