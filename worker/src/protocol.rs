//! What controller and worker say to each other, and the frames that carry it.
//!
//! A frame is one byte of kind, four bytes of length (big endian) and the payload: a message as JSON, or a
//! piece of a file as it is. Both sides come from the same build and compare build hashes in [`Hello`], so
//! there is one version of this protocol at any time. A frame is bounded on both sides: neither can make the
//! other allocate more than [`MAX_FRAME`] bytes.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::plan::{Diff, Failure, Output};

/// The largest payload of a frame, in bytes.
pub const MAX_FRAME: usize = 16 << 20;

/// The largest piece of a file in one frame, in bytes.
pub const MAX_PIECE: usize = 256 << 10;

/// The line a worker writes before its first frame: everything before it is noise of the host's login scripts.
pub const MAGIC: &[u8] = b"\nprovision-worker-1\n";

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A message, as JSON.
    Message(Vec<u8>),
    /// The next piece of the file that was asked for.
    Piece(Vec<u8>),
}

/// Makes a frame of the kind that a header announced.
pub type FromPayload = fn(Vec<u8>) -> Frame;

impl Frame {
    /// The frame that carries `message`.
    pub fn message<T: Serialize>(message: &T) -> io::Result<Self> {
        Ok(Self::Message(serde_json::to_vec(message)?))
    }

    /// The message that it carries.
    pub fn parse<T: DeserializeOwned>(&self) -> io::Result<T> {
        match self {
            Self::Message(payload) => Ok(serde_json::from_slice(payload)?),
            Self::Piece(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a piece of a file where a message was expected",
            )),
        }
    }

    /// Its payload.
    pub fn payload(&self) -> &[u8] {
        match self {
            Self::Message(payload) | Self::Piece(payload) => payload,
        }
    }

    /// The five bytes that precede the payload. Fails if the payload is too large to be received.
    pub fn header(&self) -> io::Result<[u8; 5]> {
        let length = self.payload().len();
        if length > MAX_FRAME {
            return Err(too_large(length));
        }
        let [a, b, c, d] = u32::try_from(length)
            .map_err(io::Error::other)?
            .to_be_bytes();
        let kind = match self {
            Self::Message(_) => b'M',
            Self::Piece(_) => b'P',
        };
        Ok([kind, a, b, c, d])
    }

    /// What a header announces: how to make the frame from its payload, and the payload's length.
    pub fn parse_header(header: [u8; 5]) -> io::Result<(FromPayload, usize)> {
        let [kind, a, b, c, d] = header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > MAX_FRAME {
            return Err(too_large(length));
        }
        match kind {
            b'M' => Ok((Frame::Message, length)),
            b'P' => Ok((Frame::Piece, length)),
            other => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("unknown frame kind {other:#04x}"),
            )),
        }
    }

    /// Writes the frame; the caller flushes.
    pub fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&self.header()?)?;
        writer.write_all(self.payload())
    }

    /// Reads a frame; `None` when the other side has closed between two frames.
    pub fn read(reader: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; 5];
        if reader.read(&mut header[..1])? == 0 {
            return Ok(None);
        }
        reader.read_exact(&mut header[1..])?;
        let (frame, length) = Self::parse_header(header)?;
        // A header can announce more than ever comes: memory is for what has come.
        let mut payload = Vec::new();
        let read = reader.take(length as u64).read_to_end(&mut payload)?;
        if read < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(frame(payload)))
    }
}

fn too_large(length: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a frame of {length} bytes is over the limit of {MAX_FRAME}"),
    )
}

/// What the controller says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// Carry out a task after those before it.
    Run(Request),
    /// The task that is [held](FromWorker::Held) may change the host now.
    Go(u64),
    /// Take requests again after a failure.
    Resume,
}

/// One task with its rendered arguments.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches of a message"
)]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Request {
    /// Names the request in the answers. It grows from request to request.
    pub id: u64,
    /// The module to run.
    pub module: String,
    /// One set of arguments for each item of the task's loop; one set if it has none.
    pub calls: Vec<Map<String, Value>>,
    /// Plan only: say what would change and change nothing.
    pub check: bool,
    /// Send the texts before and after each change.
    pub diff: bool,
    /// Before the first change, answer [`Held`](FromWorker::Held) and wait for [`Go`](ToWorker::Go).
    pub hold: bool,
    /// A failure does not stop the requests that follow.
    pub keep_going: bool,
    /// The longest time a program of the task may take, in seconds.
    pub timeout: Option<u64>,
    /// Variables for every program of the task, and the proxies of what the module itself gets from the network.
    /// A module that needs a variable to understand its program sets it all the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// How long to wait between two calls, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<u64>,
    /// Start each call as a job and do not wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Box<Background>>,
}

/// How a job runs that outlives the worker.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Background {
    /// The longest time it may take, in seconds. The request's `timeout` does not count.
    pub limit: u64,
    /// What it is called. The jobs of a request with several calls are called `JOB.1`, `JOB.2` and so on; what
    /// is registered says which.
    pub job: String,
}

/// What the worker says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    /// The first frame.
    Hello(Hello),
    /// The request plans to change the host and waits for [`Go`](ToWorker::Go).
    Held(u64),
    /// The content with this SHA-256 is needed; its pieces are to follow at once.
    NeedContent(String),
    /// The request is done.
    Done(Response),
    /// The request was not run, because one before it failed.
    NotRun(u64),
}

/// Who the worker is and what it found on its host.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Hello {
    /// The hash of the worker's own file, in hexadecimal.
    pub build: String,
    /// The user it runs as.
    pub user: String,
    /// The host's facts.
    pub facts: Value,
}

/// The outcome of a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Response {
    /// The request.
    pub id: u64,
    /// One outcome for each call, in order.
    pub outcomes: Vec<Outcome>,
}

/// The outcome of one call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// What was changed, or in check mode would be. Empty: the host was in the desired state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changed>,
    /// What the module registers.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub output: Output,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// In check mode: why nobody can say what it would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// How long it took, in milliseconds, waiting for [`Go`](ToWorker::Go) not included.
    #[serde(default)]
    pub millis: u64,
    /// How long it took to plan, in microseconds.
    #[serde(default)]
    pub plan: u64,
    /// How long it took to carry out the plan, in microseconds.
    #[serde(default)]
    pub apply: u64,
}

/// One change that was or would be made.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Changed {
    /// What changed: `mode of /etc/hosts`.
    pub what: String,
    /// The texts before and after, if asked for and if they can be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Diff>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> io::Result<Option<Frame>> {
        Frame::read(&mut bytes)
    }

    #[test]
    fn frames_come_back_as_they_were_written() {
        let message = Frame::message(&ToWorker::Go(7)).expect("it is small");
        let piece = Frame::Piece(vec![0, 255, b'M']);
        let mut bytes = Vec::new();
        for frame in [&message, &piece] {
            frame.write(&mut bytes).expect("a vector takes it");
        }
        let mut reader = bytes.as_slice();
        assert_eq!(Frame::read(&mut reader).expect("a frame"), Some(message));
        assert_eq!(Frame::read(&mut reader).expect("a frame"), Some(piece));
        assert_eq!(Frame::read(&mut reader).expect("the end"), None);
    }

    #[test]
    fn a_response_comes_back_as_it_was() {
        let outcome = Outcome {
            changes: vec![Changed {
                what: "mode of /etc/hosts".into(),
                diff: Some(Diff::new(Some("0600"), Some("0644"))),
            }],
            failure: Some(Failure::new("no")),
            millis: 3,
            plan: 2900,
            apply: 100,
            ..Outcome::default()
        };
        let response = FromWorker::Done(Response {
            id: 1,
            outcomes: vec![outcome, Outcome::default()],
        });
        let frame = Frame::message(&response).expect("it is small");
        let back: FromWorker = frame.parse().expect("it is a message");
        assert_eq!(back, response);
    }

    #[test]
    fn a_frame_over_the_limit_is_neither_written_nor_read() {
        let frame = Frame::Piece(vec![0; MAX_FRAME + 1]);
        assert!(frame.write(&mut Vec::new()).is_err());
        let announced = read(b"M\xff\xff\xff\xff");
        let error = announced.expect_err("nobody allocates that much");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_frame_of_an_unknown_kind_is_refused() {
        let error = read(b"X\0\0\0\0").expect_err("there is no such kind");
        assert_eq!(error.to_string(), "unknown frame kind 0x58");
    }

    #[test]
    fn a_frame_cut_short_is_no_orderly_end() {
        let error = read(b"M\0\0\0\x05ab").expect_err("three bytes are missing");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
