//! The workers that this build carries; `build.rs` makes them. Who needs which is decided on the host.

use std::io::{self, Read as _};

use flate2::read::GzDecoder;
use provision_worker::module::Flavour;

/// A worker for one architecture, in one of two flavours.
#[derive(Debug)]
pub(crate) struct EmbeddedWorker {
    /// What `uname -m` prints on the hosts it is for.
    pub(crate) arch: &'static str,
    /// Whether it has all modules.
    pub(crate) flavour: Flavour,
    /// The SHA-256 of its file, in hexadecimal.
    pub(crate) sha256: &'static str,
    /// What `cksum` prints for its file.
    pub(crate) cksum: &'static str,
    /// The size of its file.
    pub(crate) size: usize,
    /// Its file, compressed.
    pub(crate) gzip: &'static [u8],
}

/// All of them, in the order of their architectures.
#[allow(
    clippy::unreadable_literal,
    reason = "the list is generated; it is not for reading"
)]
pub(crate) static WORKERS: &[EmbeddedWorker] = include!(concat!(env!("OUT_DIR"), "/workers.rs"));

impl EmbeddedWorker {
    /// Its file, as it is.
    pub(crate) fn file(&self) -> io::Result<Vec<u8>> {
        let mut file = Vec::with_capacity(self.size);
        GzDecoder::new(self.gzip).read_to_end(&mut file)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_checksums_are_those_that_the_hosts_programs_print() {
        for worker in WORKERS {
            let printed = |program: &str| {
                let mut child = Command::new(program)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut stdin = child.stdin.take().unwrap();
                stdin.write_all(&worker.file().unwrap()).unwrap();
                drop(stdin);
                String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
            };
            assert_eq!(printed("cksum").trim(), worker.cksum);
            assert_eq!(printed("sha256sum").split(' ').next(), Some(worker.sha256));
        }
    }
}
