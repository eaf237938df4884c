//! A running worker: its hello, and the two directions of frames.
//!
//! The directions are independent, so that one task can read while another writes. A worker must be read from as
//! long as it runs: all channels of a host share one connection, and a full one holds up the others.

use std::io;
use std::time::Duration;

use provision_worker::protocol::{Frame, FromWorker, Hello};

use super::error::{ExecError, Exit, WorkerError};
use super::program::{Input, Output};

/// The length of a frame's header.
const HEADER: usize = 5;

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    /// Who it is, and the facts of its host.
    pub hello: Hello,
    /// The way to it. It ends when this is dropped.
    pub outgoing: WorkerSender,
    /// The way from it.
    pub incoming: WorkerReceiver,
    /// How long it took to send it, if the host did not have it.
    pub uploaded: Option<Duration>,
}

/// The frames to a worker. Dropping it tells the worker that there will be no more.
#[derive(Debug)]
pub struct WorkerSender {
    input: Input,
}

impl WorkerSender {
    pub(super) fn new(input: Input) -> Self {
        Self { input }
    }

    /// Sends a frame; waits while the host does not take it. Interrupted, it leaves a broken frame behind.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), WorkerError> {
        let header = frame.header().map_err(|source| WorkerError::Protocol {
            host: self.input.host().to_owned(),
            source,
        })?;
        // One piece: a header of its own would be a packet of its own.
        let bytes = [&header, frame.payload()].concat();
        Ok(self.input.write(bytes).await?)
    }
}

/// The messages from a worker.
#[derive(Debug)]
pub struct WorkerReceiver {
    output: Output,
    buffer: Vec<u8>,
}

impl WorkerReceiver {
    /// Reads what follows on `buffer`, which holds the bytes that were read too much before.
    pub(super) fn new(output: Output, buffer: Vec<u8>) -> Self {
        Self { output, buffer }
    }

    /// The next message; `None` when the worker has ended as it should. It can be interrupted while it waits.
    pub async fn recv(&mut self) -> Result<Option<FromWorker>, WorkerError> {
        loop {
            if let Some(message) = self.message()? {
                return Ok(Some(message));
            }
            match self.output.next().await? {
                Some(bytes) if self.buffer.is_empty() => self.buffer = bytes,
                Some(bytes) => self.buffer.extend(bytes),
                None if self.buffer.is_empty() && self.output.exit() == Some(&Exit::Status(0)) => {
                    return Ok(None);
                }
                None => return Err(self.ended()),
            }
        }
    }

    /// Takes a whole message from the buffer.
    fn message(&mut self) -> Result<Option<FromWorker>, WorkerError> {
        let Some(header) = self.buffer.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let (frame, length) = Frame::parse_header(*header).map_err(|error| self.garbled(error))?;
        let end = HEADER + length;
        if self.buffer.len() < end {
            return Ok(None);
        }
        let payload = self.buffer[HEADER..end].to_vec();
        if self.buffer.len() == end {
            // The facts are the longest that most workers ever say; their room is not kept.
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..end);
        }
        let message = frame(payload).parse();
        message.map(Some).map_err(|error| self.garbled(error))
    }

    fn garbled(&self, source: io::Error) -> WorkerError {
        WorkerError::Protocol {
            host: self.output.host().to_owned(),
            source,
        }
    }

    fn ended(&self) -> WorkerError {
        let host = self.output.host().to_owned();
        match self.output.exit() {
            Some(Exit::Lost(reason)) => {
                let reason = reason.clone();
                ExecError::Lost { host, reason }.into()
            }
            exit => WorkerError::Ended {
                host,
                exit: exit.cloned().unwrap_or(Exit::Status(0)),
                stderr: self.output.complaint(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::process::Command;

    use super::*;
    use crate::transport::local;

    /// A worker that is this shell script.
    fn worker(script: &str) -> (WorkerSender, WorkerReceiver) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let (input, output) = local::spawn(&"h".into(), command, 100).unwrap();
        (
            WorkerSender::new(input),
            WorkerReceiver::new(output, Vec::new()),
        )
    }

    #[tokio::test]
    async fn messages_arrive_whole_however_they_are_cut() {
        let (sender, mut receiver) = worker(
            "printf 'M\\000\\000'; sleep 0.05; printf '\\000\\012{\"held\":7}M\\000\\000\\000\\012{\"held\":8}'",
        );
        drop(sender);
        assert_eq!(receiver.recv().await.unwrap(), Some(FromWorker::Held(7)));
        assert_eq!(receiver.recv().await.unwrap(), Some(FromWorker::Held(8)));
        assert_eq!(receiver.recv().await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_message_is_an_error() {
        for garbage in [
            "warning",
            "M\\377\\377\\377\\377",
            "M\\000\\000\\000\\002{}",
            "P\\000\\000\\000\\001x",
        ] {
            let (_sender, mut receiver) = worker(&format!("printf '{garbage}'"));
            let error = receiver.recv().await.unwrap_err();
            assert!(matches!(error, WorkerError::Protocol { .. }), "{error}");
        }
    }

    #[tokio::test]
    async fn a_worker_that_dies_says_why() {
        for (script, exit) in [("exit 4", "exit status 4"), ("kill -9 $$", "signal 9")] {
            let (_sender, mut receiver) = worker(&format!("echo 'no memory' >&2; {script}"));
            let error = receiver.recv().await.unwrap_err().to_string();
            assert_eq!(error, format!("the worker on `h` ended: {exit}: no memory"));
        }
    }

    #[tokio::test]
    async fn a_frame_that_nobody_reads_is_an_error() {
        let (mut sender, mut receiver) = worker("exit 0");
        assert_eq!(receiver.recv().await.unwrap(), None);
        let frame = Frame::Piece(vec![0; 1 << 20]);
        assert!(sender.send(&frame).await.is_err());
    }
}
