//! The worker as the process that a host runs.

use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};

use provision_worker::host::sha256_of;
use provision_worker::protocol::{Frame, FromWorker, Hello, MAGIC};

const WORKER: &str = env!("CARGO_BIN_EXE_provision-worker");

fn start() -> Child {
    Command::new(WORKER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the worker starts")
}

fn hello(worker: &mut Child) -> Hello {
    let output = worker.stdout.as_mut().expect("it is piped");
    let mut magic = vec![0; MAGIC.len()];
    output.read_exact(&mut magic).expect("the worker writes");
    assert_eq!(magic, MAGIC);
    let frame = Frame::read(output).expect("a frame").expect("not the end");
    match serde_json::from_slice(frame.payload()).expect("a message") {
        FromWorker::Hello(hello) => hello,
        other => panic!("expected a hello, found {other:?}"),
    }
}

#[test]
fn the_worker_says_hello_and_ends_with_its_input() {
    let mut worker = start();
    let hello = hello(&mut worker);
    let file = File::open(WORKER).expect("it is there");
    assert_eq!(hello.build, sha256_of(file).expect("it can be read"));
    assert_eq!(hello.facts["user"]["name"], hello.user.as_str());
    drop(worker.stdin.take());
    let status = worker.wait().expect("it ends");
    assert!(status.success());
}

#[test]
fn nonsense_ends_the_worker_with_an_error() {
    use std::io::Write;
    let mut worker = start();
    hello(&mut worker);
    let mut input = worker.stdin.take().expect("it is piped");
    input.write_all(b"nonsense").expect("the worker reads");
    let status = worker.wait().expect("it ends");
    assert_eq!(status.code(), Some(1));
}
