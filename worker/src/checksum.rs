//! Checksums that a playbook gives for a file, and computing them while the file passes by.

use std::fmt;
use std::io::{self, Read, Write};

use sha2::{Digest, Sha256, Sha512};

use crate::host::hex;
use crate::module::ArgError;

/// The checksum that a file must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// SHA-256, in lower-case hexadecimal.
    Sha256(String),
    /// SHA-512, in lower-case hexadecimal.
    Sha512(String),
}

impl Checksum {
    /// Reads `sha256:HEX`, `sha512:HEX` or the bare hexadecimal digits of either.
    pub(crate) fn parse(text: &str) -> Result<Self, ArgError> {
        let (name, digits) = match text.split_once(':') {
            Some((name, digits)) => (Some(name), digits),
            None => (None, text),
        };
        let digits = digits.trim().to_ascii_lowercase();
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        match (name, digits.len()) {
            (None | Some("sha256"), 64) if is_hex => Ok(Self::Sha256(digits)),
            (None | Some("sha512"), 128) if is_hex => Ok(Self::Sha512(digits)),
            _ => Err(ArgError::of(
                "checksum",
                "expected `sha256:` with 64 or `sha512:` with 128 hexadecimal digits",
            )),
        }
    }

    /// The checksum of the same kind of what `reader` gives, all of which is passed on to `into`.
    pub(crate) fn pass(&self, reader: &mut dyn Read, into: &mut dyn Write) -> io::Result<Self> {
        match self {
            Self::Sha256(_) => pass::<Sha256>(reader, into).map(Self::Sha256),
            Self::Sha512(_) => pass::<Sha512>(reader, into).map(Self::Sha512),
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digits) => write!(f, "sha256:{digits}"),
            Self::Sha512(digits) => write!(f, "sha512:{digits}"),
        }
    }
}

/// Takes the SHA-256 of what is written to it.
#[derive(Default)]
pub(crate) struct Sha256Sink(Sha256);

impl Sha256Sink {
    /// What it is, in lower-case hexadecimal.
    pub(crate) fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

impl Write for Sha256Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pass<D: Digest>(reader: &mut dyn Read, into: &mut dyn Write) -> io::Result<String> {
    let mut digest = D::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            length => {
                digest.update(&buffer[..length]);
                into.write_all(&buffer[..length])?;
            }
        }
    }
}
