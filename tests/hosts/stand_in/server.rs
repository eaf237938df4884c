//! The server of the stand-in: as much of HTTP as curl needs. Must not know what calls mean.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::commands::{self, Request};
use super::{Call, Shared};

/// Serves until the test's process ends; returns the address with its port.
pub(super) fn start(address: &str, shared: Arc<Mutex<Shared>>) -> String {
    let listener = TcpListener::bind((address, 0)).expect("an address of the lab's bridge");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || serve(&connection, &shared));
        }
    });
    address
}

/// Answers one request. A host that is gone is none of the server's business.
fn serve(connection: &TcpStream, shared: &Mutex<Shared>) {
    let Some(request) = read(connection) else {
        return;
    };
    let script = answer(&request, shared);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        script.len()
    );
    let mut connection = connection;
    let _ = connection.write_all((head + &script).as_bytes());
}

/// `POST /PROGRAM/HOST`, and lines that begin with what they are: `A` an argument, `C` the configuration, `P` the
/// patch of the kubelet's, `I` the standard input.
fn read(connection: &TcpStream) -> Option<Request> {
    connection
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (program, host) = path.strip_prefix('/')?.split_once('/')?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        if name.eq_ignore_ascii_case("expect") {
            let mut connection = connection;
            connection
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let lines = |kind: &str| -> Vec<String> {
        let found = body.lines().filter_map(|line| line.strip_prefix(kind));
        found.map(str::to_owned).collect()
    };
    Some(Request {
        host: host.to_owned(),
        program: program.to_owned(),
        arguments: lines("A "),
        configuration: lines("C ").join("\n"),
        patch: lines("P ").join("\n"),
        input: lines("I ").join("\n"),
    })
}

fn answer(request: &Request, shared: &Mutex<Shared>) -> String {
    if request.program == "kubelet" {
        let mut shared = shared.lock().expect("no call has panicked");
        shared.cluster.hear(&request.host, &request.arguments);
        return String::new();
    }
    let call = Call {
        host: request.host.clone(),
        program: request.program.clone(),
        arguments: request.arguments.clone(),
        begin: Instant::now(),
        end: None,
    };
    let line = call.line();
    let (place, hook) = {
        let mut shared = shared.lock().expect("no call has panicked");
        shared.calls.push(call);
        let begin = shared
            .hooks
            .keys()
            .find(|begin| line.starts_with(*begin))
            .cloned();
        let hook = begin.and_then(|begin| shared.hooks.remove(&begin));
        (shared.calls.len() - 1, hook)
    };
    if let Some(hook) = hook {
        hook();
    }
    let script = match failure(&line, shared) {
        Some(script) => script,
        None => commands::script(request, shared),
    };
    let mut shared = shared.lock().expect("no call has panicked");
    // Calls may have been forgotten meanwhile.
    if let Some(call) = shared.calls.get_mut(place) {
        call.end = Some(Instant::now());
    }
    script
}

/// What a call does that is to fail; one of kubeadm does half of its work before.
fn failure(line: &str, shared: &Mutex<Shared>) -> Option<String> {
    let mut shared = shared.lock().expect("no call has panicked");
    let (_, times) = shared
        .failures
        .iter_mut()
        .find(|(begin, times)| line.starts_with(*begin) && **times > 0)?;
    *times -= 1;
    let half = if line.contains(" kubeadm ") {
        "mkdir -p /etc/kubernetes/pki
echo half >/etc/kubernetes/kubelet.conf
echo half >/etc/kubernetes/pki/ca.crt
"
    } else {
        ""
    };
    Some(format!(
        "{half}echo 'stand-in: it was asked to fail' >&2\nexit 1\n"
    ))
}
