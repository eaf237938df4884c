//! Whatever bytes arrive, reading frames ends in a frame or an error: no panic, no more memory than has come.

use std::io::{self, Read};

use provision_worker::protocol::{Frame, FromWorker, MAX_FRAME, ToWorker};

/// Gives bytes a few at a time and remembers the largest buffer that it was to fill.
struct Trickle<'a> {
    bytes: &'a [u8],
    largest: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.largest = self.largest.max(buffer.len());
        let length = self.bytes.len().min(buffer.len()).min(7);
        let (now, later) = self.bytes.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.bytes = later;
        Ok(length)
    }
}

/// Reads frames to the end, as both sides would. Returns how many there were and why there are no more.
fn read_all(bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut reader = Trickle { bytes, largest: 0 };
    let mut frames = 0;
    let end = loop {
        match Frame::read(&mut reader) {
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
            Ok(Some(frame)) => {
                frames += 1;
                assert!(frame.payload().len() <= bytes.len());
                // Either may be refused; neither may do harm.
                let _ = frame.parse::<ToWorker>();
                let _ = frame.parse::<FromWorker>();
            }
        }
    };
    assert!(
        reader.largest <= 2 * bytes.len() + (64 << 10),
        "{} bytes were to be read at once",
        reader.largest
    );
    (frames, end)
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is small");
    [&[kind], &length.to_be_bytes()[..], payload].concat()
}

fn message(json: &str) -> Vec<u8> {
    framed(b'M', json.as_bytes())
}

/// Frames that are right, some of which hold messages that are not.
fn corpus() -> Vec<Vec<u8>> {
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    vec![
        message(r#"{"go":7}"#),
        message(r#""resume""#),
        message(
            r#"{"run":{"id":1,"module":"note","calls":[{"a":[1,null]}],"check":false,"diff":true,"hold":false,"keep_going":false,"timeout":5,"environment":{"A":"b"},"pause":5,"background":{"limit":9,"job":"j"}}}"#,
        ),
        message(r#"{"held":18446744073709551615}"#),
        message(r#"{"done":{"id":1,"outcomes":[{"millis":3,"output":{"a":1e400}}]}}"#),
        message(r#"{"done":{"id":1,"outcomes":[{"failure":{"message":"\ud800"}}]}}"#),
        message(r#"{"hello":{"build":"b","user":"u","facts":{"x":[[[]]]}}}"#),
        message(r#"{"need_content":""}"#),
        message(r#"{"go":-1}"#),
        message(r#"{"go":7}{"go":8}"#),
        message(r#"{"go":7,"go":8}"#),
        message(""),
        message("{}"),
        message("null"),
        message("\u{feff}{}"),
        message(&deep("[", "]")),
        message(&deep("{\"hello\":", "}")),
        message(&format!(
            r#"{{"hello":{{"build":"b","user":"u","facts":{}}}}}"#,
            deep("[", "]")
        )),
        framed(b'M', b"{\"go\":\xff\xfe}"),
        framed(b'P', b""),
        framed(b'P', &[0; 300]),
    ]
}

#[test]
fn every_frame_of_the_corpus_is_read_whole() {
    for bytes in corpus() {
        let (frames, end) = read_all(&bytes);
        assert_eq!(frames, 1);
        end.expect("it ends between two frames");
    }
    let all = corpus().concat();
    assert_eq!(read_all(&all).0, corpus().len());
}

#[test]
fn a_header_that_announces_too_much_or_more_than_comes_is_an_error() {
    let most = u32::try_from(MAX_FRAME).expect("it fits");
    for (length, kind) in [
        (most + 1, io::ErrorKind::InvalidData),
        (u32::MAX, io::ErrorKind::InvalidData),
        (most, io::ErrorKind::UnexpectedEof),
    ] {
        let bytes = [b"M", &length.to_be_bytes()[..], b"{}"].concat();
        let (frames, end) = read_all(&bytes);
        assert_eq!(frames, 0);
        assert_eq!(end.expect_err("it is cut short").kind(), kind);
    }
}

#[test]
fn a_frame_that_is_cut_short_anywhere_is_an_error() {
    for frame in corpus().iter().filter(|frame| frame.len() < 1000) {
        for length in 1..frame.len() {
            let (frames, end) = read_all(&frame[..length]);
            assert_eq!(frames, 0);
            assert!(end.is_err(), "{length} bytes of {frame:?}");
        }
    }
}

#[test]
fn altered_frames_do_no_harm() {
    // Marsaglia's xorshift: the same bytes each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for frame in corpus().iter().filter(|frame| frame.len() < 1000) {
        for _ in 0..300 {
            let mut altered = frame.clone();
            let [a, b, c, d, ..] = random();
            let place = usize::from(u16::from_le_bytes([a, b])) % altered.len();
            match d % 3 {
                0 => altered[place] = c,
                1 => altered.insert(place, c),
                _ => drop(altered.remove(place)),
            }
            altered.extend_from_slice(&random()[..usize::from(d % 8)]);
            let _ = read_all(&altered);
        }
    }
    for _ in 0..2000 {
        let noise: Vec<u8> = (0..8).flat_map(|_| random()).collect();
        let _ = read_all(&noise);
        let _ = read_all(&framed(b'M', &noise));
    }
}
