//! A controller that says exactly what the test wants it to say.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tempfile::TempDir;

use super::note;
use crate::modules;
use crate::protocol::{Frame, FromWorker, Outcome, Request, ToWorker};
use crate::serve::carry_out;
use crate::serve::outbox::Outbox;

/// A controller whose worker runs on a thread.
pub(super) struct Controller {
    stream: UnixStream,
    worker: JoinHandle<io::Result<()>>,
    scratch: TempDir,
}

/// A plain request.
pub(super) fn request(id: u64, module: &str, calls: &[Value]) -> Request {
    let call = |call: &Value| call.as_object().expect("arguments are a mapping").clone();
    Request {
        id,
        module: module.into(),
        calls: calls.iter().map(call).collect(),
        ..Request::default()
    }
}

impl Controller {
    /// Starts a worker that knows the module `note` besides the usual ones.
    pub(super) fn start() -> Self {
        let (stream, other) = UnixStream::pair().expect("a pair of sockets");
        let input = other.try_clone().expect("a second descriptor");
        let worker = thread::spawn(move || {
            carry_out(input, Outbox::new(other)?, |name| match name {
                "note" => Some(&note::MODULE),
                name => modules::find(name),
            })
        });
        Self {
            stream,
            worker,
            scratch: tempfile::tempdir().expect("a scratch directory"),
        }
    }

    /// A file of this test.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(super) fn send(&mut self, message: &ToWorker) {
        self.send_many(std::iter::once(message));
    }

    pub(super) fn send_many<'a>(&mut self, messages: impl Iterator<Item = &'a ToWorker>) {
        let mut bytes = Vec::new();
        for message in messages {
            let frame = Frame::message(message).expect("it can be encoded");
            frame.write(&mut bytes).expect("a vector takes it");
        }
        self.send_raw(&bytes);
    }

    pub(super) fn send_piece(&mut self, piece: &[u8]) {
        let frame = Frame::Piece(piece.to_vec());
        frame.write(&mut self.stream).expect("the worker reads");
    }

    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the worker reads");
    }

    pub(super) fn receive(&mut self) -> FromWorker {
        let frame = Frame::read(&mut self.stream).expect("the worker writes");
        let frame = frame.expect("the worker has not ended");
        serde_json::from_slice(frame.payload()).expect("it is a message")
    }

    /// Receives the response to the request.
    pub(super) fn done(&mut self, id: u64) -> Vec<Outcome> {
        match self.receive() {
            FromWorker::Done(response) if response.id == id => response.outcomes,
            other => panic!("expected the response to {id}, found {other:?}"),
        }
    }

    /// Sends the request and receives the response to it.
    pub(super) fn outcomes(&mut self, request: Request) -> Vec<Outcome> {
        let id = request.id;
        self.send(&ToWorker::Run(request));
        self.done(id)
    }

    /// The outcome of a request with one call.
    pub(super) fn outcome(&mut self, request: Request) -> Outcome {
        let mut outcomes = self.outcomes(request);
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Goes away and waits for the worker's orderly end. The test's files are there as long as what is returned.
    pub(super) fn end(self) -> TempDir {
        let closed = self.stream.shutdown(Shutdown::Write);
        closed.expect("it is open");
        let result = self.worker.join().expect("it does not panic");
        result.expect("the controller's going is no error");
        self.scratch
    }

    /// Waits for the worker to end with an error.
    pub(super) fn error(self) -> io::Error {
        let result = self.worker.join().expect("it does not panic");
        result.expect_err("it ends with an error")
    }
}
