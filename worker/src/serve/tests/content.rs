//! The worker asks for what it lacks, and takes nothing else for it.

use std::path::Path;

use serde_json::json;

use super::controller::{Controller, request};
use super::message;
use crate::arg::Content;
use crate::host::sha256_of;
use crate::protocol::{FromWorker, Request, ToWorker};

/// The controller's file with these bytes.
fn content(bytes: &[u8]) -> Content {
    Content {
        sha256: sha256_of(bytes).expect("a slice can be read"),
        size: bytes.len() as u64,
        name: "motd".into(),
    }
}

fn write(id: u64, file: &Path, content: &Content) -> Request {
    request(
        id,
        "note",
        &[json!({ "path": file, "src": content.to_value() })],
    )
}

/// Starts to write the content and waits until its pieces are asked for.
fn asked(controller: &mut Controller, id: u64, content: &Content) {
    let file = controller.path("file");
    controller.send(&ToWorker::Run(write(id, &file, content)));
    let need = FromWorker::NeedContent(content.sha256.clone());
    assert_eq!(controller.receive(), need);
}

#[test]
fn content_arrives_in_pieces_among_requests() {
    let mut controller = Controller::start();
    let (file, other) = (controller.path("file"), controller.path("other"));
    asked(&mut controller, 1, &content(b"hello world"));
    controller.send_piece(b"hello ");
    controller.send(&ToWorker::Run(request(
        2,
        "stat",
        &[json!({ "path": other })],
    )));
    controller.send_piece(b"world");
    assert_eq!(controller.done(1)[0].changes.len(), 1);
    assert_eq!(controller.done(2)[0].failure, None);
    assert_eq!(std::fs::read(file).expect("it is there"), b"hello world");
    controller.end();
}

#[test]
fn empty_content_is_not_asked_for() {
    let mut controller = Controller::start();
    let file = controller.path("file");
    let outcome = controller.outcome(write(1, &file, &content(b"")));
    assert_eq!(message(&outcome), None);
    assert_eq!(std::fs::read(file).expect("it is there"), b"");
    controller.end();
}

#[test]
fn content_with_another_hash_is_refused() {
    let mut controller = Controller::start();
    asked(&mut controller, 1, &content(b"hello"));
    controller.send_piece(b"HELLO");
    let outcome = controller.done(1).remove(0);
    let said = message(&outcome).expect("it fails");
    assert!(
        said.ends_with("`motd` has changed on the controller meanwhile"),
        "{said}"
    );
    assert!(!controller.path("file").exists());
    controller.end();
}

#[test]
fn content_that_cannot_be_supplied_is_a_failure_and_no_more() {
    let mut controller = Controller::start();
    asked(&mut controller, 1, &content(b"hello"));
    controller.send_piece(b"he");
    controller.send_piece(b"");
    let outcome = controller.done(1).remove(0);
    let said = message(&outcome).expect("it fails");
    assert!(
        said.ends_with("the controller can no longer read `motd`"),
        "{said}"
    );
    controller.send(&ToWorker::Resume);
    asked(&mut controller, 2, &content(b"hello"));
    controller.send_piece(b"hello");
    assert_eq!(message(&controller.done(2)[0]), None);
    controller.end();
}

#[test]
fn content_larger_than_the_queue_of_pieces_arrives() {
    let mut controller = Controller::start();
    let bytes = vec![b'x'; 9 << 20];
    asked(&mut controller, 1, &content(&bytes));
    for piece in bytes.chunks(crate::protocol::MAX_PIECE) {
        controller.send_piece(piece);
    }
    assert_eq!(message(&controller.done(1)[0]), None);
    controller.end();
}

#[test]
fn a_piece_that_was_not_asked_for_ends_the_worker() {
    let mut controller = Controller::start();
    controller.send_piece(b"hello");
    let error = controller.error();
    assert_eq!(
        error.to_string(),
        "a piece of a file arrived that was not asked for"
    );
}
