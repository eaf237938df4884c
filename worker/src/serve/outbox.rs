//! What the worker says to the controller, gathered so that many short answers make one packet.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use crate::plan::Failure;
use crate::protocol::{Frame, FromWorker, MAX_FRAME, Outcome, Response};

/// How old an answer may become before it is sent, if the worker can help it.
const MAX_AGE: Duration = Duration::from_millis(5);

/// The way to the controller.
pub(super) struct Outbox {
    output: BufWriter<Box<dyn Write>>,
    /// When the oldest message was put in that has not been sent.
    oldest: Option<Instant>,
}

impl Outbox {
    /// An outbox that is emptied into `output`.
    pub(super) fn new(output: impl Write + 'static) -> Self {
        Self {
            output: BufWriter::with_capacity(64 << 10, Box::new(output)),
            oldest: None,
        }
    }

    /// Puts bytes in that are no frame.
    pub(super) fn put_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)
    }

    /// Puts a message in.
    pub(super) fn put(&mut self, message: &FromWorker) -> io::Result<()> {
        let frame = match (Frame::message(message)?, message) {
            (frame, FromWorker::Done(response)) if frame.payload().len() > MAX_FRAME => {
                Frame::message(&FromWorker::Done(shorten(response)?))?
            }
            (frame, _) => frame,
        };
        frame.write(&mut self.output)?;
        self.oldest.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Whether a message has waited long enough.
    pub(super) fn is_due(&self) -> bool {
        self.oldest
            .is_some_and(|oldest| oldest.elapsed() >= MAX_AGE)
    }

    /// Sends what is in.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.oldest.take().is_some() {
            self.output.flush()?;
        }
        Ok(())
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
