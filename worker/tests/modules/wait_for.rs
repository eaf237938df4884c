//! `wait_for` ends as soon as it can and says what it waited for.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use serde_json::json;

use crate::support::{Case, file};

#[test]
fn what_is_there_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    Case::new("wait_for", json!({ "port": port })).run();
    Case::new("wait_for", json!({"path": "/run/x.sock"}))
        .before([file("/run/x.sock", "")])
        .run();
    Case::new(
        "wait_for",
        json!({"path": "/run/x.sock", "state": "absent"}),
    )
    .run();
}

#[test]
fn a_failure_says_what_was_waited_for() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.local_addr().expect("it is bound").port()
    };
    let failure = Case::new("wait_for", json!({"port": closed, "timeout": 0})).plan_fails();
    let expected = format!("waited 0 s for port {closed} of 127.0.0.1 to accept connections: ");
    assert!(failure.message.starts_with(&expected), "{failure:?}");

    let args = json!({"path": "/run/x", "timeout": 0, "state": "absent"});
    let failure = Case::new("wait_for", args)
        .before([file("/run/x", "")])
        .plan_fails();
    assert_eq!(
        failure.message,
        "waited 0 s for /run/x to be gone: it is still there"
    );

    let args = json!({"path": "/run/x", "timeout": 0, "msg": "containerd did not come up"});
    let failure = Case::new("wait_for", args).plan_fails();
    assert_eq!(failure.message, "containerd did not come up");
}

#[test]
fn text_is_found_in_a_file() {
    let log = || file("/var/log/x.log", "begin\ndone in 12 s\n");
    let args = json!({"path": "/var/log/x.log", "search_regex": "done in (\\d+)( m)?"});
    let ran = Case::new("wait_for", args).before([log()]).run();
    assert_eq!(ran.applied["match_groups"], json!(["12", null]));

    let args = json!({"path": "/var/log/x.log", "search_regex": "failed", "timeout": 0});
    let failure = Case::new("wait_for", args).before([log()]).plan_fails();
    assert!(
        failure.message.contains("`failed` in /var/log/x.log"),
        "{failure:?}"
    );
}

#[test]
fn text_is_found_in_what_a_port_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("it connects");
            stream
                .write_all(b"SSH-2.0-OpenSSH_9.2\r\n")
                .expect("it can be written");
        }
    });
    let args = json!({"port": port, "search_regex": "OpenSSH_(\\S+)"});
    let ran = Case::new("wait_for", args).run();
    assert_eq!(ran.applied["match_groups"], json!(["9.2"]));
}

#[test]
fn contradicting_arguments_are_refused() {
    for args in [
        json!({"port": 1, "path": "/x"}),
        json!({"search_regex": "x"}),
        json!({"path": "/x", "search_regex": "("}),
        json!({"path": "/x", "search_regex": "x", "state": "absent"}),
        json!({"port": 1, "connect_timeout": 0}),
    ] {
        let failure = Case::new("wait_for", args).plan_fails();
        assert!(!failure.message.starts_with("waited"), "{failure:?}");
    }
}
