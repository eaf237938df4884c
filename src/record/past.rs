//! Reads the record of an earlier run.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use super::{Header, Store};
use crate::event::Stopped;

/// An earlier run.
#[derive(Debug)]
pub struct Past {
    /// What was run.
    pub header: Header,
    /// The hosts that did not come to the end, and where they stopped.
    pub stopped: HashMap<Arc<str>, Stopped>,
    /// The hosts on which something failed or that could not be reached.
    pub failed: Vec<String>,
    /// How many hosts took part.
    pub hosts: usize,
    /// Whether the record has an end.
    pub is_whole: bool,
    /// Whether the user ended it.
    pub interrupted: bool,
}

/// Why there is no earlier run to go on with.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// There is none.
    #[error("there is no record of such a run")]
    None,
    /// Its file cannot be read.
    #[error("cannot read the record `{0}`: {1}")]
    Unreadable(String, io::Error),
    /// Its file is no record.
    #[error("`{0}` is no record of a run")]
    Damaged(String),
}

/// The longest line that is read, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;

impl Past {
    /// The record called `name`.
    pub fn named(store: &Store, name: &str) -> Result<Self, PastError> {
        let path = store.path(name);
        if !path.exists() {
            return Err(PastError::None);
        }
        Self::read(&path).map_err(|error| match error {
            Some(error) => PastError::Unreadable(name.to_owned(), error),
            None => PastError::Damaged(name.to_owned()),
        })
    }

    /// The last run that fits.
    pub fn last(store: &Store, fits: impl Fn(&Header) -> bool) -> Result<Self, PastError> {
        for name in store.names().iter().rev() {
            // One that cannot be read is not the one that is meant.
            if let Ok(past) = Self::named(store, name)
                && fits(&past.header)
            {
                return Ok(past);
            }
        }
        Err(PastError::None)
    }

    fn read(path: &Path) -> Result<Self, Option<io::Error>> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = String::new();
        let mut next = |line: &mut String| -> io::Result<bool> {
            line.clear();
            let mut limited = io::Read::take(&mut reader, LONGEST);
            Ok(limited.read_line(line)? > 0)
        };
        next(&mut line)?;
        let header = serde_json::from_str(&line).map_err(|_| None)?;
        let mut past = Self {
            header,
            stopped: HashMap::new(),
            failed: Vec::new(),
            hosts: 0,
            is_whole: false,
            interrupted: false,
        };
        while next(&mut line)? {
            // Only the end of a run is of interest, and its lines are the last ones.
            if line.contains("\"event\":\"host_stopped\"") {
                if let Ok(stopped) = serde_json::from_str::<Stopped>(&line) {
                    past.stopped.insert(stopped.host.clone(), stopped);
                }
            } else if line.contains("\"event\":\"run_finished\"") {
                past.finish(&line);
            }
        }
        Ok(past)
    }

    fn finish(&mut self, line: &str) {
        let finished: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        self.is_whole = finished["recap"].is_array();
        self.hosts = finished["recap"].as_array().map_or(0, Vec::len);
        self.interrupted = finished["interrupted"] == true;
        for host in finished["recap"].as_array().into_iter().flatten() {
            let failed = host["failed"].as_u64().unwrap_or(0) > 0;
            if failed || host["unreachable"].as_bool() == Some(true) {
                self.failed.extend(host["host"].as_str().map(str::to_owned));
            }
        }
    }
}
