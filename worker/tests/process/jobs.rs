//! Jobs: started by one worker, asked after by another.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use provision_worker::protocol::{Background, FromWorker, Outcome, Request, ToWorker};
use serde_json::{Value, json};

use super::worker::{Cache, Worker, mapping, request};

/// Long enough for anything here; a test that fails takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

fn background(limit: u64, job: &str) -> Background {
    let job = job.to_owned();
    Background { limit, job }
}

/// A request to run a shell's script as a job.
fn script(id: u64, job: &str, script: &str) -> Request {
    Request {
        background: Some(Box::new(background(300, job))),
        ..request(id, "shell", &json!({ "cmd": script }))
    }
}

fn status(worker: &mut Worker, job: &str) -> Outcome {
    worker.outcome(request(90, "async_status", &json!({ "jid": job })))
}

fn fields(outcome: &Outcome) -> &serde_json::Map<String, Value> {
    let failure = outcome.failure.as_ref();
    failure.map_or(&outcome.output, |failure| &failure.output)
}

/// The job's status once it has ended.
fn ended(worker: &mut Worker, job: &str) -> Outcome {
    wait_for(|| Some(status(worker, job)).filter(|status| fields(status)["finished"] == 1))
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it never comes");
        thread::sleep(Duration::from_millis(5));
    }
}

fn message(outcome: &Outcome) -> &str {
    let failure = outcome.failure.as_ref();
    &failure.expect("it fails").message
}

/// Whether the process that wrote its number to the file is gone.
fn is_gone(pid: &str) -> bool {
    // A zombie has no command line.
    fs::read(Path::new("/proc").join(pid.trim()).join("cmdline")).is_ok_and(|line| line.is_empty())
        || !Path::new("/proc").join(pid.trim()).exists()
}

#[test]
fn a_job_outlives_its_worker_and_another_worker_tells_what_came_of_it() {
    let cache = Cache::new();
    let (gate, mark) = (cache.path("gate"), cache.path("mark"));
    let mut worker = cache.worker();
    let wait = format!(
        "while [ ! -e {} ]; do sleep 0.01; done; echo done $WHAT; echo x >{}",
        gate.display(),
        mark.display()
    );
    let started = worker.outcome(Request {
        environment: [("WHAT".to_owned(), "this".to_owned())].into(),
        ..script(1, "j1.7", &wait)
    });
    assert_eq!(started.failure, None);
    assert_eq!(started.changes.len(), 1);
    let file = cache.path("async/j1.7.json");
    let expected = json!({
        "ansible_job_id": "j1.7", "started": 1, "finished": 0, "results_file": file,
    });
    assert_eq!(Value::Object(started.output), expected);
    let running = status(&mut worker, "j1.7");
    assert_eq!(running.changes, []);
    assert_eq!(Value::Object(running.output), expected);
    let cleanup = json!({ "jid": "j1.7", "mode": "cleanup" });
    let early = worker.outcome(request(2, "async_status", &cleanup));
    assert_eq!(
        message(&early),
        "the job `j1.7` is still running: wait until it is `finished`"
    );
    assert_eq!(worker.end(), Some(0));

    fs::write(&gate, "").expect("it can be written");
    let mut worker = cache.worker();
    let outcome = ended(&mut worker, "j1.7");
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.changes.len(), 1);
    assert_eq!(outcome.output["stdout"], "done this");
    assert_eq!(outcome.output["rc"], 0);
    assert_eq!(outcome.output["ansible_job_id"], "j1.7");
    assert!(mark.exists());

    let erased = worker.outcome(request(3, "async_status", &cleanup));
    assert_eq!(erased.output["erased"], json!(file));
    assert!(!file.exists());
    let again = worker.outcome(request(4, "async_status", &cleanup));
    assert_eq!((again.failure, again.changes), (None, Vec::new()));
    let gone = status(&mut worker, "j1.7");
    assert_eq!(
        message(&gone),
        "there is no job `j1.7` of this user on the host"
    );
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn a_job_that_fails_makes_its_status_fail() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    worker.outcome(script(1, "j1", "echo half; exit 3"));
    let outcome = ended(&mut worker, "j1");
    assert!(message(&outcome).contains("exited with 3"));
    assert_eq!(fields(&outcome)["rc"], 3);
    assert_eq!(fields(&outcome)["stdout"], "half");
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn the_limit_ends_the_program_of_a_job() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    let pid = cache.path("pid");
    let sleep = format!("echo before; sleep 300 & echo $! >{}; wait", pid.display());
    worker.outcome(Request {
        background: Some(Box::new(background(1, "j1"))),
        // It would end a program that is waited for.
        timeout: Some(0),
        ..script(1, "j1", &sleep)
    });
    let outcome = ended(&mut worker, "j1");
    assert_eq!(
        message(&outcome),
        "the job was ended after 1 s, the time that `async` gives it"
    );
    assert_eq!(fields(&outcome)["stdout"], "before");
    let pid = fs::read_to_string(pid).expect("it has begun");
    wait_for(|| is_gone(&pid).then_some(()));
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn a_job_that_is_killed_has_died() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    let pid = cache.path("pid");
    worker.outcome(script(
        1,
        "j1",
        &format!(
            "echo $PPID >{0}.new; mv {0}.new {0}; sleep 1",
            pid.display()
        ),
    ));
    wait_for(|| pid.exists().then_some(()));
    let job = fs::read_to_string(pid).expect("it is there");
    // Its name, in brackets, has no space; the session is the fourth number after the state.
    let stat = fs::read_to_string(format!("/proc/{}/stat", job.trim())).expect("it runs");
    assert_eq!(
        stat.split(' ').nth(5),
        Some(job.trim()),
        "a session of its own"
    );
    let command = fs::read(format!("/proc/{}/cmdline", job.trim())).expect("it runs");
    assert!(
        !String::from_utf8_lossy(&command).contains("sleep"),
        "nothing of the task"
    );
    let killed = worker.outcome(request(
        2,
        "command",
        &json!({ "argv": ["kill", "-9", job.trim()] }),
    ));
    assert_eq!(killed.failure, None);
    let outcome = ended(&mut worker, "j1");
    assert_eq!(
        message(&outcome),
        "the job `j1` has died without a result: somebody ended it, or the host was restarted"
    );
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn each_call_of_a_loop_is_a_job_of_its_own() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    let calls = ["echo a", "echo b"].map(|script| mapping(&json!({ "cmd": script })));
    let outcomes = worker.outcomes(Request {
        calls: calls.to_vec(),
        ..script(1, "j1", "")
    });
    let jobs: Vec<_> = outcomes
        .iter()
        .map(|o| &o.output["ansible_job_id"])
        .collect();
    assert_eq!(jobs, ["j1.1", "j1.2"]);
    assert_eq!(ended(&mut worker, "j1.1").output["stdout"], "a");
    assert_eq!(ended(&mut worker, "j1.2").output["stdout"], "b");
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn a_job_is_not_started_before_go_nor_in_check_mode() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    let checked = worker.outcome(Request {
        check: true,
        hold: true,
        ..script(1, "j1", "true")
    });
    assert_eq!(
        checked.unknown.as_deref(),
        Some("what a job changes is known when it has ended")
    );
    worker.send(&ToWorker::Run(Request {
        hold: true,
        ..script(2, "j2", "true")
    }));
    assert_eq!(worker.receive(), FromWorker::Held(2));
    assert!(!cache.path("async").exists());
    worker.send(&ToWorker::Go(2));
    assert!(matches!(worker.receive(), FromWorker::Done(_)));
    assert_eq!(ended(&mut worker, "j2").failure, None);
    assert_eq!(worker.end(), Some(0));
}

#[test]
fn what_cannot_be_a_job_fails_at_once() {
    let cache = Cache::new();
    let mut worker = cache.worker();
    let escape = worker.outcome(script(1, "../j1", "true"));
    assert!(message(&escape).starts_with("\"../j1\" is no job: "));
    let unknown = worker.outcome(Request {
        background: Some(Box::new(background(1, "j1"))),
        ..request(2, "no_such", &json!({}))
    });
    assert_eq!(message(&unknown), "there is no module `no_such`");
    let incomplete = worker.outcome(Request {
        background: Some(Box::new(background(1, "j1"))),
        ..request(3, "stat", &json!({}))
    });
    assert_eq!(
        message(&incomplete),
        "argument `path`: required, but not given"
    );
    let file = json!({ "sha256": "00", "size": 1, "name": "motd" });
    let sent = worker.outcome(Request {
        background: Some(Box::new(background(1, "j1"))),
        ..request(6, "copy", &json!({ "src": file, "dest": "/etc/motd" }))
    });
    assert!(
        message(&sent).starts_with("argument `src`: a job cannot get files from the controller")
    );
    assert!(!cache.path("async").exists());
    assert_eq!(worker.outcome(script(4, "j1", "true")).failure, None);
    let twice = worker.outcome(script(5, "j1", "true"));
    assert!(message(&twice).starts_with("the job `j1` did not start: File exists"));
    assert_eq!(worker.end(), Some(0));
}
