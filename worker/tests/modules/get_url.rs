//! `get_url` fetches what is missing, and puts nothing in place that is not what it must be.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::support::{Case, dir, file};

const TEXT: &str = "hello\n";
const SHA256: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// A certificate that is its own authority, for `localhost`, and its key.
const CERTIFICATE: &[u8] = include_bytes!("../tls/certificate.pem");
const KEY: &[u8] = include_bytes!("../tls/key.pem");

/// The certificate of somebody else who says to be `localhost`.
const STRANGER: &[u8] = include_bytes!("../tls/stranger.pem");

/// A web server that has `/x` and nothing else. Each request it gets can be received, in full.
struct Server {
    address: String,
    requests: Receiver<String>,
}

impl Server {
    fn start() -> Self {
        Self::start_with(answer)
    }

    /// A server that must be believed to be `localhost`.
    fn start_with_tls() -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("it is a certificate");
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("it is a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("there is one")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("they belong together");
        let config = Arc::new(config);
        Self::start_with(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("it is sound");
            answer(StreamOwned::new(connection, stream))
        })
    }

    fn start_with(answer: impl Fn(TcpStream) -> io::Result<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if let Ok(request) = answer(stream)
                    && sender.send(request).is_err()
                {
                    return;
                }
            }
        });
        Self {
            address: format!("localhost:{port}"),
            requests,
        }
    }

    fn case(&self, path: &str, mut args: Value) -> Case {
        args["url"] = format!("http://{}{path}", self.address).into();
        if args.get("dest").is_none() {
            args["dest"] = "/opt/x".into();
        }
        Case::new("get_url", args).before([dir("/opt")])
    }

    fn request_count(&self) -> usize {
        self.requests.try_iter().count()
    }
}

/// Answers one request and returns it.
fn answer(mut stream: impl Read + Write) -> io::Result<String> {
    let mut request = String::new();
    let mut reader = BufReader::new(&mut stream);
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request)? > 0 {}
    let (status, text) = if request.starts_with("GET /x") {
        ("200 OK", TEXT)
    } else {
        ("404 Not Found", "")
    };
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(text.as_bytes())?;
    stream.flush()?;
    Ok(request)
}

#[test]
fn a_missing_file_is_fetched_once_and_only_to_be_written() {
    let server = Server::start();
    let args = json!({"checksum": format!("sha256:{SHA256}"), "mode": "0755"});
    let ran = server
        .case("/x?token=secret", args)
        .changes(["file /opt/x"])
        .after([file("/opt/x", TEXT).mode(0o755)])
        .run();
    assert_eq!(server.request_count(), 1);
    assert_eq!(ran.applied["url"], format!("http://{}/x", server.address));
}

#[test]
fn a_file_with_the_checksum_is_not_fetched() {
    let server = Server::start();
    server
        .case("/x", json!({"checksum": SHA256, "mode": "0600"}))
        .before([file("/opt/x", TEXT)])
        .changes(["mode of /opt/x"])
        .after([file("/opt/x", TEXT).mode(0o600)])
        .run();
    assert_eq!(server.request_count(), 0);
}

#[test]
fn a_wrong_checksum_leaves_the_old_file() {
    let server = Server::start();
    let wrong = "0".repeat(128);
    let failure = server
        .case("/x", json!({"checksum": format!("sha512:{wrong}")}))
        .before([file("/opt/x", "old")])
        .apply_fails();
    assert!(
        failure
            .message
            .contains("has the checksum sha512:e7c22b994c59d9cf2b48e549b1e24666")
    );
    assert!(
        failure
            .message
            .ends_with(&format!("expected sha512:{wrong}"))
    );
}

#[test]
fn a_file_that_is_there_stays_unless_forced() {
    let server = Server::start();
    let old = || file("/opt/x", "old");
    server.case("/x", json!({})).before([old()]).run();
    assert_eq!(server.request_count(), 0);
    server
        .case("/x", json!({"force": true}))
        .before([old()])
        .changes(["content of /opt/x"])
        .after([file("/opt/x", TEXT)])
        .run();
    server
        .case("/x", json!({"force": true}))
        .before([file("/opt/x", TEXT)])
        .run();
}

#[test]
fn a_directory_takes_the_file_under_its_own_name() {
    let server = Server::start();
    server
        .case("/x-1.0.tgz?raw=1", json!({"dest": "/opt"}))
        .changes(["file /opt/x-1.0.tgz"])
        .after([file("/opt/x-1.0.tgz", TEXT)])
        .run();
}

#[test]
fn headers_are_sent() {
    let server = Server::start();
    server
        .case("/x", json!({"headers": {"Authorization": "Bearer abc"}}))
        .changes(["file /opt/x"])
        .after([file("/opt/x", TEXT)])
        .run();
    let request = server
        .requests
        .recv()
        .expect("a request was made")
        .to_lowercase();
    assert!(request.contains("authorization: bearer abc"), "{request}");
}

#[test]
fn a_refusal_is_an_error_without_secrets() {
    let server = Server::start();
    let failure = server.case("/y?token=secret", json!({})).apply_fails();
    let expected = format!("cannot get `http://{}/y`: http status: 404", server.address);
    assert_eq!(failure.message, expected);
}

#[test]
fn a_file_of_the_host_has_a_url_too() {
    Case::new(
        "get_url",
        json!({"url": "file:///srv/x", "dest": "/opt/x", "checksum": SHA256}),
    )
    .before([file("/srv/x", TEXT), dir("/opt")])
    .changes(["file /opt/x"])
    .after([file("/opt/x", TEXT)])
    .run();
}

#[test]
fn only_whom_the_host_trusts_is_believed() {
    let server = Server::start_with_tls();
    let case = || {
        let args = json!({"url": format!("https://{}/x", server.address), "dest": "/opt/x"});
        Case::new("get_url", args).before([dir("/opt")])
    };
    case()
        .before([file("/etc/ssl/certs/ca-certificates.crt", CERTIFICATE)])
        .changes(["file /opt/x"])
        .after([file("/opt/x", TEXT)])
        .run();
    let failure = case()
        .before([file("/etc/ssl/certs/ca-certificates.crt", STRANGER)])
        .apply_fails();
    assert!(
        failure.message.contains("invalid peer certificate"),
        "{}",
        failure.message
    );
}

#[test]
fn without_certificates_nobody_is_trusted() {
    let failure = Case::new(
        "get_url",
        json!({"url": "https://localhost/x", "dest": "/opt/x"}),
    )
    .before([dir("/opt")])
    .changes(["file /opt/x"])
    .apply_fails();
    assert!(
        failure.message.contains("install `ca-certificates`"),
        "{}",
        failure.message
    );
}

#[test]
fn bad_arguments_are_errors() {
    let message = |url: &str, checksum: &str| {
        let args = json!({"url": url, "dest": "/opt/x", "checksum": checksum});
        Case::new("get_url", args).plan_fails().message
    };
    assert_eq!(
        message("ftp://x/y", SHA256),
        "argument `url`: expected `http://`, `https://` or `file:///`"
    );
    assert_eq!(
        message("http://x/y", "md5:abc"),
        "argument `checksum`: expected `sha256:` with 64 or `sha512:` with 128 hexadecimal digits"
    );
}
