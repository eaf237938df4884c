//! A worker as a process, in a directory of its own as on a host.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use provision_worker::protocol::{Frame, FromWorker, Hello, MAGIC, Outcome, Request, ToWorker};
use serde_json::{Map, Value};
use tempfile::TempDir;

const WORKER: &str = env!("CARGO_BIN_EXE_provision-worker");

/// The directory that a worker lies in.
pub(crate) struct Cache(TempDir);

/// A running worker.
pub(crate) struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) hello: Hello,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a scratch directory");
        // By a program of its own: a file that this process had open for writing might not be executable yet.
        let copied = Command::new("cp")
            .arg(WORKER)
            .arg(directory.path())
            .status();
        assert!(copied.expect("cp runs").success());
        Self(directory)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn worker(&self) -> Worker {
        let mut child = Command::new(self.path("provision-worker"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the worker starts");
        let output = child.stdout.as_mut().expect("it is piped");
        let mut magic = vec![0; MAGIC.len()];
        output.read_exact(&mut magic).expect("the worker writes");
        assert_eq!(magic, MAGIC);
        let input = child.stdin.take();
        let mut worker = Worker {
            child,
            input,
            hello: Hello {
                build: String::new(),
                user: String::new(),
                facts: Value::Null,
            },
        };
        worker.hello = match worker.receive() {
            FromWorker::Hello(hello) => hello,
            other => panic!("expected a hello, found {other:?}"),
        };
        worker
    }
}

/// A plain request with one call.
pub(crate) fn request(id: u64, module: &str, arguments: &Value) -> Request {
    Request {
        id,
        module: module.into(),
        calls: vec![mapping(arguments)],
        ..Request::default()
    }
}

pub(crate) fn mapping(arguments: &Value) -> Map<String, Value> {
    let mapping = arguments.as_object();
    mapping.expect("arguments are a mapping").clone()
}

impl Worker {
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("it is open");
        input.write_all(bytes).expect("the worker reads");
    }

    pub(crate) fn send(&mut self, message: &ToWorker) {
        let frame = Frame::message(message).expect("it can be encoded");
        let mut bytes = Vec::new();
        frame.write(&mut bytes).expect("a vector takes it");
        self.send_raw(&bytes);
    }

    pub(crate) fn receive(&mut self) -> FromWorker {
        let output = self.child.stdout.as_mut().expect("it is piped");
        let frame = Frame::read(output).expect("a frame").expect("not the end");
        serde_json::from_slice(frame.payload()).expect("a message")
    }

    /// Sends the request and receives its outcomes.
    pub(crate) fn outcomes(&mut self, request: Request) -> Vec<Outcome> {
        let id = request.id;
        self.send(&ToWorker::Run(request));
        match self.receive() {
            FromWorker::Done(response) if response.id == id => response.outcomes,
            other => panic!("expected the response to {id}, found {other:?}"),
        }
    }

    /// The outcome of a request with one call, after which the worker takes others, whatever it is.
    pub(crate) fn outcome(&mut self, request: Request) -> Outcome {
        let mut outcomes = self.outcomes(Request {
            keep_going: true,
            ..request
        });
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Closes the worker's input and waits for its end.
    pub(crate) fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().expect("it ends").code()
    }
}
