//! The files that the controller has, as a host gets at them. Fetching one changes nothing on the host: it
//! goes to memory, to a file without a name, or through a [`Writer`](super::Writer).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Host;
use crate::arg::Content;
use crate::plan::Failure;

/// Gives the contents that the controller has.
pub trait Contents {
    /// Writes the content to `into`. Fails if what arrives has not the hash that was asked for.
    fn fetch(&self, content: &Content, into: &mut dyn Write) -> io::Result<()>;
}

/// For a module that needs no contents, for jobs, and in tests.
pub struct NoContents;

impl Contents for NoContents {
    fn fetch(&self, content: &Content, _into: &mut dyn Write) -> io::Result<()> {
        Err(io::Error::other(format!(
            "there is nobody to ask for {}",
            content.name
        )))
    }
}

impl Host {
    /// Content of the controller in memory, for what is known to be small.
    pub fn fetch(&self, content: &Content) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.contents
            .fetch(content, &mut bytes)
            .map_err(|error| not_fetched(content, &error))?;
        Ok(bytes)
    }

    /// Writes content of the controller to `into`.
    pub(crate) fn fetch_into(&self, content: &Content, into: &mut dyn Write) -> io::Result<()> {
        self.contents.fetch(content, into)
    }

    /// Content of the controller in a file without a name, at its start.
    pub fn fetch_file(&self, content: &Content) -> Result<File, Failure> {
        let fetched = nameless_file().and_then(|mut file| {
            self.contents.fetch(content, &mut file)?;
            file.rewind()?;
            Ok(file)
        });
        fetched.map_err(|error| not_fetched(content, &error))
    }
}

/// A file that no directory knows: it is gone when it is closed, whatever happens to the worker.
pub fn nameless_file() -> io::Result<File> {
    let directory = ["/var/tmp", "/tmp"]
        .into_iter()
        .map(Path::new)
        .find(|directory| directory.is_dir())
        .ok_or_else(|| io::Error::other("there is neither /var/tmp nor /tmp"))?;
    let path = super::writer::beside(&directory.join("content"));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

fn not_fetched(content: &Content, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot get `{}` from the controller: {error}",
        content.name
    ))
}
