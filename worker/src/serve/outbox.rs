//! What the worker says to the controller, gathered so that many short answers make one packet.
//!
//! A thread sends what has waited for long enough, however long the other one is busy with a module. It is woken by
//! a timer and not by each message, as most are sent before their time: a wake-up costs more than the message.

use std::io::{self, BufWriter, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::plan::Failure;
use crate::protocol::{Frame, FromWorker, MAX_FRAME, Outcome, Response};

/// How old an answer may become before it is sent.
const MAX_AGE: Duration = Duration::from_millis(5);

/// The way to the controller.
pub(super) struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    timer: OwnedFd,
}

struct State {
    output: BufWriter<Box<dyn Write + Send>>,
    /// Whether the timer runs, for a message that has not been sent.
    is_waiting: bool,
    is_closed: bool,
}

impl Outbox {
    /// An outbox that is emptied into `output`.
    pub(super) fn new(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                output: BufWriter::with_capacity(64 << 10, Box::new(output)),
                is_waiting: false,
                is_closed: false,
            }),
            timer: timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?,
        });
        let sender = Arc::clone(&shared);
        thread::Builder::new().spawn(move || sender.send_what_is_due())?;
        Ok(Self { shared })
    }

    /// Sends bytes that are no frame, before the first frame.
    pub(super) fn send_raw(&self, bytes: &[u8]) -> io::Result<()> {
        self.shared.lock().output.write_all(bytes)
    }

    /// Puts a message in.
    pub(super) fn put(&self, message: &FromWorker) -> io::Result<()> {
        let frame = frame(message)?;
        let mut state = self.shared.lock();
        frame.write(&mut state.output)?;
        if !state.is_waiting {
            self.shared.set_timer(Some(MAX_AGE))?;
            state.is_waiting = true;
        }
        Ok(())
    }

    /// Sends what is in.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.shared.empty(&mut self.shared.lock())
    }

    /// Sends a message, and with it all before it.
    pub(super) fn send(&self, message: &FromWorker) -> io::Result<()> {
        let frame = frame(message)?;
        let mut state = self.shared.lock();
        frame.write(&mut state.output)?;
        self.shared.empty(&mut state)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        // It cannot fail for a timer that there is; if it did, the thread would end with the process.
        let _ = self.shared.set_timer(Some(Duration::from_nanos(1)));
    }
}

impl Shared {
    fn send_what_is_due(&self) {
        while self.wait_for_timer().is_ok() {
            let mut state = self.lock();
            if state.is_closed {
                return;
            }
            if state.is_waiting {
                // If it fails, so does the next attempt of the thread that works.
                let _ = self.empty(&mut state);
            }
        }
    }

    fn empty(&self, state: &mut State) -> io::Result<()> {
        if state.is_waiting {
            state.is_waiting = false;
            self.set_timer(None)?;
        }
        state.output.flush()
    }

    /// Lets the timer go off after that time, or not at all.
    fn set_timer(&self, after: Option<Duration>) -> io::Result<()> {
        let after = Timespec::try_from(after.unwrap_or_default()).map_err(io::Error::other)?;
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: after,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }

    fn wait_for_timer(&self) -> Result<(), Errno> {
        let mut times = [0; size_of::<u64>()];
        loop {
            match rustix::io::read(&self.timer, &mut times) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message's frame; that of an answer that fits none says so.
fn frame(message: &FromWorker) -> io::Result<Frame> {
    match (Frame::message(message)?, message) {
        (frame, FromWorker::Done(response)) if frame.payload().len() > MAX_FRAME => {
            Frame::message(&FromWorker::Done(shorten(response)?))
        }
        (frame, _) => Ok(frame),
    }
}

/// The response without the outcomes that take more than their share of a frame. They say so and count as
/// failed, because what depends on their output could not go on.
fn shorten(response: &Response) -> io::Result<Response> {
    let share = MAX_FRAME / 2 / response.outcomes.len().max(1);
    let mut outcomes = Vec::with_capacity(response.outcomes.len());
    for outcome in &response.outcomes {
        let size = serde_json::to_vec(outcome)?.len();
        outcomes.push(if size <= share {
            outcome.clone()
        } else {
            too_large(outcome, size, share)
        });
    }
    let id = response.id;
    Ok(Response { id, outcomes })
}

fn too_large(outcome: &Outcome, size: usize, share: usize) -> Outcome {
    let changes = outcome.changes.iter().cloned().map(|mut change| {
        change.diff = None;
        change
    });
    Outcome {
        changes: changes.collect(),
        failure: Some(Failure::new(format!(
            "the result has {size} bytes, more than the {share} that an answer can carry"
        ))),
        millis: outcome.millis,
        plan: outcome.plan,
        apply: outcome.apply,
        ..Outcome::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Changed;

    fn outcome(text_size: usize) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.changes.push(Changed {
            what: "something".into(),
            diff: None,
        });
        outcome
            .output
            .insert("stdout".into(), "x".repeat(text_size).into());
        outcome
    }

    #[test]
    fn an_outcome_that_fits_no_frame_becomes_a_failure_and_spares_the_others() {
        let outcomes = vec![outcome(10), outcome(MAX_FRAME)];
        let response = shorten(&Response { id: 7, outcomes }).expect("it can be encoded");
        assert_eq!(response.outcomes[0], outcome(10));
        let shortened = &response.outcomes[1];
        assert_eq!(shortened.changes, outcome(0).changes);
        assert!(shortened.output.is_empty());
        let failure = shortened.failure.as_ref().expect("it has failed");
        assert!(failure.message.ends_with("that an answer can carry"));
    }
}
