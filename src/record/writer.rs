//! Writes a record beside what another reporter shows.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use serde::{Deserialize, Serialize};

use crate::event::{Event, Events};
use crate::report::{Json, Reporter};

/// The first line of a record: what was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of provision that wrote it.
    pub provision: String,
    /// The inventories, as they were given.
    pub inventories: Vec<String>,
    /// The playbooks, as they were given.
    pub playbooks: Vec<String>,
    /// Whether nothing was to be changed.
    pub check: bool,
}

/// Shows by another reporter and keeps a record.
pub struct Recorded {
    inner: Box<dyn Reporter>,
    file: Json<Unhurried>,
}

/// A file that is written to when much has come together, or a while after.
struct Unhurried {
    file: BufWriter<File>,
}

impl Write for Unhurried {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Whoever flushes after each line means a reader that waits for it; nobody reads along here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Recorded {
    /// Keeps a record in `file`.
    pub fn new(inner: Box<dyn Reporter>, file: File, header: &Header) -> Self {
        let mut file = BufWriter::new(file);
        let mut line = serde_json::json!(header).to_string();
        line.push('\n');
        // What is wrong with the file shows itself with the first event.
        let _ = file.write_all(line.as_bytes());
        Self {
            inner,
            file: Json::new(Unhurried { file }),
        }
    }
}

impl Events for Recorded {
    fn event(&mut self, event: &Event) {
        self.file.event(event);
        // Where a host has stopped is for the next run, not for people.
        self.inner.event(event);
    }

    fn tick(&mut self) {
        self.inner.tick();
    }
}

impl Reporter for Recorded {
    fn take_error(&mut self) -> Option<io::Error> {
        self.inner.take_error().or_else(|| self.file.take_error())
    }
}
