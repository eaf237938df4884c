//! The worker as a process: says hello, then carries out the controller's requests strictly in order.
//!
//! One thread reads frames into the [`inbox`], this one works. When the controller closes the worker's input,
//! the program that is running is ended and the worker exits: it leaves nothing of itself behind.
//! This is the only place that decides whether a plan is applied; modules cannot tell check mode from any other.

mod background;
mod contents;
mod inbox;
mod outbox;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::process;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use self::contents::ControllerContents;
use self::inbox::{Inbox, Order};
pub use self::inbox::{MAX_QUEUED_BYTES, MAX_QUEUED_REQUESTS};
use self::outbox::Outbox;
use crate::facts;
use crate::host::{Host, SystemPrograms, sha256_of};
use crate::job;
use crate::module::Module;
use crate::modules;
use crate::outcome::{applied, failed, foreseen, prepare};
use crate::protocol::{FromWorker, Hello, MAGIC, Outcome, Request, Response};

/// How long a module may go on after the controller has gone; it may be in the middle of writing a file.
const FAREWELL: Duration = Duration::from_secs(30);

/// Serves the controller until it closes `input`.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<()> {
    let outbox = Outbox::new(output)?;
    outbox.send_raw(MAGIC)?;
    outbox.send(&FromWorker::Hello(hello()?))?;
    carry_out(input, outbox, modules::find)
}

fn hello() -> io::Result<Hello> {
    let facts = facts::gather(Path::new("/"));
    Ok(Hello {
        build: sha256_of(File::open("/proc/self/exe")?)?,
        user: facts["user"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        facts,
    })
}

/// Carries out what is asked for in `input` with the modules that `find` knows.
fn carry_out(
    input: impl Read + Send + 'static,
    outbox: Outbox,
    find: fn(&str) -> Option<&'static Module>,
) -> io::Result<()> {
    let inbox = Arc::new(Inbox::default());
    let (stop, running) = io::pipe()?;
    let (working, finished) = mpsc::channel::<()>();
    let filled = Arc::clone(&inbox);
    thread::Builder::new().spawn(move || {
        filled.fill(&mut BufReader::with_capacity(64 << 10, input));
        drop(running);
        if finished.recv_timeout(FAREWELL) == Err(mpsc::RecvTimeoutError::Timeout) {
            leave();
        }
    })?;
    let server = Server::new(inbox, outbox, SystemPrograms::until(stop), find);
    let result = server.run();
    let synced = server.host.sync_directories();
    drop(working);
    match result {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
            ) =>
        {
            synced
        }
        result => result,
    }
}

#[expect(
    clippy::exit,
    reason = "the thread that should return is stuck in a module and nobody waits for it"
)]
fn leave() -> ! {
    process::exit(1)
}

/// The thread that works.
struct Server {
    inbox: Arc<Inbox>,
    outbox: Rc<Outbox>,
    programs: Rc<SystemPrograms>,
    host: Host,
    find: fn(&str) -> Option<&'static Module>,
}

impl Server {
    fn new(
        inbox: Arc<Inbox>,
        outbox: Outbox,
        programs: SystemPrograms,
        find: fn(&str) -> Option<&'static Module>,
    ) -> Self {
        let (outbox, programs) = (Rc::new(outbox), Rc::new(programs));
        let contents = ControllerContents {
            inbox: Arc::clone(&inbox),
            outbox: Rc::clone(&outbox),
        };
        let host_programs = Box::new(Rc::clone(&programs));
        Self {
            host: Host::new("/", host_programs, Box::new(contents)).with_cache(job::cache()),
            inbox,
            outbox,
            programs,
            find,
        }
    }

    /// Carries out orders until the controller has gone, which is an error here.
    fn run(&self) -> io::Result<()> {
        let mut has_failed = false;
        loop {
            if self.inbox.is_idle() {
                self.outbox.flush()?;
            }
            match self.inbox.next()? {
                Order::Resume => has_failed = false,
                Order::Run(request) if has_failed => {
                    self.inbox.finish(request.id);
                    self.outbox.put(&FromWorker::NotRun(request.id))?;
                }
                Order::Run(request) => {
                    let outcomes = self.request(&request)?;
                    let failed = outcomes.iter().any(|outcome| outcome.failure.is_some());
                    has_failed = failed && !request.keep_going;
                    self.inbox.finish(request.id);
                    let id = request.id;
                    let response = Response { id, outcomes };
                    self.outbox.put(&FromWorker::Done(response))?;
                }
            }
        }
    }

    /// Carries out all calls of a request, those after a failed one too.
    fn request(&self, request: &Request) -> io::Result<Vec<Outcome>> {
        let limit = request.timeout.map(Duration::from_secs);
        self.programs.set_time_limit(limit);
        let prepared = prepare(request, &self.host, self.find);
        let mut outcomes = Vec::with_capacity(request.calls.len());
        for (index, arguments) in request.calls.iter().enumerate() {
            if let Some(pause) = request.pause.filter(|_| index > 0) {
                self.inbox.pause(Duration::from_millis(pause))?;
            }
            outcomes.push(match (&prepared, &request.background) {
                (Err(failure), _) => failed(failure.clone()),
                (Ok(module), None) => self.call(request, module, arguments)?,
                (Ok(module), Some(background)) => {
                    let job = job::name(background, index, request.calls.len());
                    self.start_job(request, module, arguments, job)?
                }
            });
        }
        Ok(outcomes)
    }

    fn call(
        &self,
        request: &Request,
        module: &Module,
        arguments: &Map<String, Value>,
    ) -> io::Result<Outcome> {
        let started = Instant::now();
        let mut held = Duration::ZERO;
        let mut plan = (module.plan)(arguments, &self.host);
        let is_to_be_held = request.hold && !request.check && !self.inbox.is_granted(request.id);
        if is_to_be_held && plan.as_ref().is_ok_and(|plan| !plan.is_empty()) {
            held = self.hold(request.id)?;
            // The host may have changed meanwhile.
            plan = (module.plan)(arguments, &self.host);
        }
        let planned = started.elapsed().saturating_sub(held);
        let mut outcome = match plan {
            Err(failure) => failed(failure),
            Ok(plan) if request.check || plan.is_empty() => foreseen(plan, request.diff),
            Ok(plan) => {
                self.outbox.flush()?;
                applied(plan, &self.host, request.diff)
            }
        };
        let spent = started.elapsed().saturating_sub(held);
        let number = |number| u64::try_from(number).unwrap_or(u64::MAX);
        outcome.millis = number(spent.as_millis());
        outcome.plan = number(planned.as_micros());
        outcome.apply = number(spent.saturating_sub(planned).as_micros());
        Ok(outcome)
    }

    /// Waits until the controller lets the request change the host. Returns how long that took.
    fn hold(&self, id: u64) -> io::Result<Duration> {
        let started = Instant::now();
        self.outbox.send(&FromWorker::Held(id))?;
        self.inbox.wait_for_go(id)?;
        Ok(started.elapsed())
    }
}
