//! `wait_for`: waits until a port or a file is as wanted. Changes nothing, and always ends by its time limit.

use std::io::Read;
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use regex_lite::Regex;

use crate::arg::AbsPath;
use crate::choices;
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::plan::{Failure, Plan};

/// So much of a connection or a file is searched, in bytes.
const SEARCHED: u64 = 1 << 20;

choices! {
    /// What is waited for.
    pub enum State {
        Started = "started",
        Stopped = "stopped",
        Present = "present",
        Absent = "absent",
    }
}

module! {
    /// Waits until a port accepts connections, or a file exists; or until they no longer do.
    ///
    /// `started` and `present` mean the same, as do `stopped` and `absent`. With neither `port` nor `path` it
    /// waits for `timeout` seconds and succeeds. Registered are `elapsed` in seconds and, where
    /// `search_regex` has groups, `match_groups`.
    ///
    /// # Check mode
    /// Reads only, so it waits in check mode as well.
    ///
    /// # Examples
    /// ```yaml
    /// - name: wait for the API server
    ///   wait_for: {host: 127.0.0.1, port: 6443, timeout: 120}
    ///
    /// - name: wait until the unit has written its socket
    ///   wait_for: {path: /run/containerd/containerd.sock}
    ///
    /// - name: wait until the log says so
    ///   wait_for: {path: /var/log/install.log, search_regex: "finished in (\\d+) s"}
    /// ```
    wait_for [check = check] {
        /// The name or address whose `port` is tried, as seen from the host.
        host: String = "127.0.0.1",
        /// A TCP port.
        port: Option<u16>,
        /// A file.
        path: Option<AbsPath>,
        /// What is waited for.
        state: State = State::Started,
        /// A regular expression that must be found in the file, or in what the port sends.
        search_regex: Option<String>,
        /// How long to wait, in seconds, `delay` included.
        timeout: u64 = 300u64,
        /// How long to wait before the first look, in seconds.
        delay: u64 = 0u64,
        /// How long to wait between two looks, in seconds.
        sleep: u64 = 1u64,
        /// How long one attempt to connect may take, in seconds.
        connect_timeout: u64 = 5u64,
        /// What the failure says instead of what was waited for.
        msg: Option<String>,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    if args.port.is_some() && args.path.is_some() {
        return Err(ArgError::new("`port` and `path` exclude each other"));
    }
    if args.search_regex.is_some() && args.port.is_none() && args.path.is_none() {
        return Err(ArgError::of("search_regex", "needs `port` or `path`"));
    }
    if args.search_regex.is_some() && wants_absence(args) {
        return Err(ArgError::of(
            "search_regex",
            "can be waited for only with the state `started` or `present`",
        ));
    }
    if args.connect_timeout == 0 {
        return Err(ArgError::of("connect_timeout", "expected at least 1"));
    }
    regex(args).map(drop)
}

fn regex(args: &Args) -> Result<Option<Regex>, ArgError> {
    let compiled = args.search_regex.as_deref().map(Regex::new).transpose();
    compiled.map_err(|error| ArgError::of("search_regex", error.to_string()))
}

fn wants_absence(args: &Args) -> bool {
    matches!(args.state, State::Stopped | State::Absent)
}

/// What one look found.
enum Look {
    /// It is as wanted; the groups of the regular expression.
    Done(Vec<Option<String>>),
    /// Not yet, and why.
    NotYet(String),
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(args.timeout);
    let regex = regex(args)?;
    pause(Duration::from_secs(args.delay), end);
    loop {
        let reason = match look(args, host, regex.as_ref(), end) {
            Look::Done(groups) => return Ok(done(begin, groups)),
            Look::NotYet(reason) => reason,
        };
        if Instant::now() >= end {
            if args.port.is_none() && args.path.is_none() {
                return Ok(done(begin, Vec::new()));
            }
            return Err(late(args, begin, &reason));
        }
        pause(Duration::from_secs(args.sleep.max(1)), end);
    }
}

fn pause(length: Duration, end: Instant) {
    thread::sleep(length.min(end.saturating_duration_since(Instant::now())));
}

fn done(begin: Instant, groups: Vec<Option<String>>) -> Plan {
    let mut plan = Plan::new();
    plan.output("elapsed", begin.elapsed().as_secs());
    plan.output("match_groups", groups);
    plan
}

fn late(args: &Args, begin: Instant, reason: &str) -> Failure {
    let message = args.msg.clone().unwrap_or_else(|| {
        format!(
            "waited {} s for {}: {reason}",
            args.timeout,
            awaited(args)
        )
    });
    let mut output = crate::plan::Output::new();
    output.insert("elapsed".into(), begin.elapsed().as_secs().into());
    Failure::new(message).with_output(output)
}

fn awaited(args: &Args) -> String {
    let what = match (&args.path, args.port) {
        (Some(path), _) => path.to_string(),
        (None, Some(port)) => format!("port {port} of {}", args.host),
        (None, None) => "nothing".to_owned(),
    };
    match (&args.search_regex, args.state) {
        (Some(regex), _) => format!("`{regex}` in {what}"),
        (None, State::Started | State::Present) if args.path.is_some() => {
            format!("{what} to exist")
        }
        (None, State::Started | State::Present) => format!("{what} to accept connections"),
        (None, State::Stopped | State::Absent) if args.path.is_some() => {
            format!("{what} to be gone")
        }
        (None, State::Stopped | State::Absent) => format!("{what} to be closed"),
    }
}

fn look(args: &Args, host: &Host, regex: Option<&Regex>, end: Instant) -> Look {
    let (exists, missing) = match (&args.path, args.port) {
        (Some(path), _) => match (host.exists(path), regex) {
            (true, Some(regex)) => return search_file(host, path, regex),
            (exists, _) => (exists, "it does not exist".to_owned()),
        },
        (None, Some(port)) => match (connect(args, port, end), regex) {
            (Ok(stream), Some(regex)) => return search_stream(stream, regex, args, end),
            (Ok(_), None) => (true, String::new()),
            (Err(reason), _) => (false, reason),
        },
        (None, None) => (false, String::new()),
    };
    match (exists, wants_absence(args)) {
        (true, false) | (false, true) => Look::Done(Vec::new()),
        (true, true) => Look::NotYet("it is still there".into()),
        (false, false) => Look::NotYet(missing),
    }
}

fn connect(args: &Args, port: u16, end: Instant) -> Result<TcpStream, String> {
    let addresses = (args.host.as_str(), port)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?;
    let mut reason = format!("`{}` has no address", args.host);
    for address in addresses {
        match TcpStream::connect_timeout(&address, attempt(args, end)) {
            Ok(stream) => return Ok(stream),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

/// How long one attempt may take: never 0, which would mean no limit.
fn attempt(args: &Args, end: Instant) -> Duration {
    Duration::from_secs(args.connect_timeout)
        .min(end.saturating_duration_since(Instant::now()))
        .max(Duration::from_millis(100))
}

fn search_file(host: &Host, path: &AbsPath, regex: &Regex) -> Look {
    let file = std::fs::File::open(host.real_path(path));
    let mut text = Vec::new();
    match file.and_then(|file| file.take(SEARCHED).read_to_end(&mut text)) {
        Ok(_) => search(&text, regex),
        Err(error) => Look::NotYet(format!("cannot read it: {error}")),
    }
}

/// Reads until the expression is found, the other side ends, or one attempt's time is over.
fn search_stream(mut stream: TcpStream, regex: &Regex, args: &Args, end: Instant) -> Look {
    let limit = Instant::now() + attempt(args, end);
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let left = limit.saturating_duration_since(Instant::now());
        let readable = !left.is_zero() && stream.set_read_timeout(Some(left)).is_ok();
        match readable.then(|| stream.read(&mut buffer)) {
            Some(Ok(length)) if length > 0 && (text.len() as u64) < SEARCHED => {
                text.extend_from_slice(&buffer[..length]);
                if let found @ Look::Done(_) = search(&text, regex) {
                    return found;
                }
            }
            _ => break,
        }
    }
    // The other side may be gone already, which is no matter.
    let _ = stream.shutdown(Shutdown::Both);
    search(&text, regex)
}

fn search(text: &[u8], regex: &Regex) -> Look {
    let text = String::from_utf8_lossy(text);
    match regex.captures(&text) {
        Some(captures) => Look::Done(
            captures
                .iter()
                .skip(1)
                .map(|group| group.map(|group| group.as_str().to_owned()))
                .collect(),
        ),
        None => Look::NotYet("it was not found there".into()),
    }
}
