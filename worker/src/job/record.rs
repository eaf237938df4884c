//! What is known about a job, as a file that only its user can read.
//!
//! A running job holds a lock on its record. So a job that has died is told from one that runs without trusting
//! process numbers, which are given again, after a restart of the host in particular.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::host::beside;
use crate::protocol::Outcome;

/// The directory of the records, beside the worker.
const DIRECTORY: &str = "async";

/// What the file holds.
#[derive(Deserialize, Serialize)]
struct Record {
    ansible_job_id: String,
    started: u8,
    finished: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

/// What has become of a job.
#[derive(Debug)]
pub(crate) enum JobState {
    /// It runs.
    Running,
    /// It has ended.
    Ended(Box<Outcome>),
    /// It runs no more and has left nothing.
    Died,
}

/// The records of a user's jobs.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    directory: PathBuf,
}

impl Records {
    /// The records of the worker that lies in `cache`.
    pub(crate) fn new(cache: &Path) -> Self {
        Self {
            directory: cache.join(DIRECTORY),
        }
    }

    /// Where the record of a job is.
    pub(crate) fn path(&self, job: &str) -> PathBuf {
        self.directory.join(format!("{job}.json"))
    }

    /// What has become of the job; `None` if there is none of this name.
    pub(crate) fn look(&self, job: &str) -> io::Result<Option<JobState>> {
        let Some((file, state)) = self.read(job)? else {
            return Ok(None);
        };
        if !matches!(state, JobState::Died) {
            return Ok(Some(state));
        }
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(Some(JobState::Running)),
            Err(TryLockError::Error(error)) => Err(error),
            // Nobody holds it any more. It may have ended since the file was read.
            Ok(()) => Ok(self.read(job)?.map(|(_, state)| state)),
        }
    }

    /// The record's file, and its state if the job does not run.
    fn read(&self, job: &str) -> io::Result<Option<(File, JobState)>> {
        let file = match File::open(self.path(job)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let record: Record = serde_json::from_reader(io::BufReader::new(&file))?;
        let ended = |outcome| JobState::Ended(Box::new(outcome));
        Ok(Some((file, record.outcome.map_or(JobState::Died, ended))))
    }

    /// Makes the record of a job that runs. As long as the file is open, it does.
    pub(super) fn begin(&self, job: &str) -> io::Result<File> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        let path = self.path(job);
        let mut file = create_new(&path)?;
        let begun = write(&mut file, job, None).and_then(|()| Ok(file.try_lock()?));
        if begun.is_err() {
            // It would look like a job that has died.
            let _ = fs::remove_file(&path);
        }
        begun.map(|()| file)
    }

    /// Puts the outcome in the place of the record.
    pub(super) fn end(&self, job: &str, outcome: Outcome) -> io::Result<()> {
        let path = self.path(job);
        let temporary = beside(&path);
        let written = create_new(&temporary).and_then(|mut file| {
            write(&mut file, job, Some(outcome))?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn write(file: &mut File, job: &str, outcome: Option<Outcome>) -> io::Result<()> {
    let record = Record {
        ansible_job_id: job.to_owned(),
        started: 1,
        finished: u8::from(outcome.is_some()),
        outcome,
    };
    file.write_all(&serde_json::to_vec(&record)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o7777
    }

    #[test]
    fn a_record_tells_a_running_job_from_one_that_died_or_ended() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let records = Records::new(scratch.path());
        assert!(records.look("j1").expect("it can be read").is_none());
        let running = records.begin("j1").expect("it is new");
        let state = || records.look("j1").expect("it can be read");
        assert!(matches!(state(), Some(JobState::Running)));
        drop(running);
        assert!(matches!(state(), Some(JobState::Died)));
        let outcome = Outcome {
            millis: 7,
            ..Outcome::default()
        };
        let ended = records.end("j1", outcome.clone());
        ended.expect("it can be written");
        assert!(matches!(state(), Some(JobState::Ended(ended)) if *ended == outcome));
        assert_eq!(mode(&scratch.path().join("async")), 0o700);
        assert_eq!(mode(&records.path("j1")), 0o600);
        let names = fs::read_dir(scratch.path().join("async")).expect("it is there");
        assert_eq!(names.count(), 1, "nothing else is left behind");
    }

    #[test]
    fn no_job_takes_the_place_of_another() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let records = Records::new(scratch.path());
        let _running = records.begin("j1").expect("it is new");
        let error = records.begin("j1").expect_err("it is taken");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let state = records.look("j1").expect("it can be read");
        assert!(matches!(state, Some(JobState::Running)));
    }
}
