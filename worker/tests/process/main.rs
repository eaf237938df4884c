//! The worker as the process that a host runs, and the jobs that it starts.

mod jobs;
mod worker;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use provision_worker::host::sha256_of;

use self::worker::Cache;

#[test]
fn the_worker_says_hello_and_ends_with_its_input() {
    let cache = Cache::new();
    let worker = cache.worker();
    let file = File::open(cache.path("provision-worker")).expect("it is there");
    let build = sha256_of(file).expect("it can be read");
    assert_eq!(worker.hello.build, build);
    assert_eq!(
        worker.hello.facts["user"]["name"],
        worker.hello.user.as_str()
    );
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn a_worker_that_others_could_replace_does_not_run() {
    let cache = Cache::new();
    fs::set_permissions(cache.path(""), Permissions::from_mode(0o770)).expect("it is ours");
    let program = cache.path("provision-worker");
    let ended = Command::new(program).output().expect("it starts");
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stdout.is_empty());
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(
        complaint.contains("can be written by others"),
        "{complaint}"
    );
}

#[test]
fn nonsense_ends_the_worker_with_an_error() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    worker.send_raw(b"nonsense");
    assert_eq!(worker.end(), Some(1));
}
