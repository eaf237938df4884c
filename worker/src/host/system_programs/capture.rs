//! What is kept of a program's output: all of it if it is short, its beginning and its end if it is long.
//! It never holds more than three times [`PART`], whatever the program prints.

/// How much of the beginning and of the end is kept, in bytes.
const PART: usize = 1 << 20;

/// The output of a program, bounded.
#[derive(Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: u64,
}

impl Capture {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = (PART - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend_from_slice(&bytes[room..]);
        // Not at every push, or each would move a whole part.
        if self.tail.len() >= 2 * PART {
            self.shorten();
        }
    }

    /// What was kept, with a line that says how much is missing where something is.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.shorten();
        if self.dropped > 0 {
            let marker = format!("\n[... {} bytes left out ...]\n", self.dropped);
            self.head.extend_from_slice(marker.as_bytes());
        }
        self.head.append(&mut self.tail);
        self.head
    }

    fn shorten(&mut self) {
        let excess = self.tail.len().saturating_sub(PART);
        self.tail.drain(..excess);
        self.dropped += excess as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::{Capture, PART};

    fn captured(pieces: &[&[u8]]) -> Vec<u8> {
        let mut capture = Capture::default();
        for piece in pieces {
            capture.push(piece);
        }
        capture.finish()
    }

    #[test]
    fn output_of_two_parts_is_kept_whole() {
        let bytes = vec![b'x'; 2 * PART];
        assert!(captured(&[&bytes]) == bytes);
    }

    #[test]
    fn longer_output_loses_its_middle() {
        let kept = captured(&[&vec![b'a'; PART], &vec![b'b'; 5 * PART], &vec![b'c'; PART]]);
        let marker = format!("\n[... {} bytes left out ...]\n", 5 * PART);
        assert!(kept[..PART].iter().all(|byte| *byte == b'a'));
        assert!(kept[PART..].starts_with(marker.as_bytes()));
        assert!(kept[kept.len() - PART..].iter().all(|byte| *byte == b'c'));
        assert_eq!(kept.len(), 2 * PART + marker.len());
    }
}
