//! Jobs: tasks that go on after the worker has answered (`async` with `poll: 0`).
//!
//! A job is a process of its own in a session of its own: the worker's program once more, which neither the end of
//! the connection nor that of the worker ends. What becomes of it is in a [`Record`] beside the worker, where
//! `async_status` finds it. What a job is to do reaches it by its standard input, because it may be secret.

mod record;
mod run;
mod start;

use std::env;
use std::path::PathBuf;

pub(crate) use self::record::{JobState, Records};
pub use self::run::run;
pub(crate) use self::start::start;
use crate::protocol::Background;

/// The argument that makes a job of the worker's program.
pub const ARGUMENT: &str = "--job";

/// The line that a job prints when nothing can keep it from running any more.
const STARTED: &str = "started\n";

/// The longest name of a job.
const LONGEST_NAME: usize = 100;

/// The directory that the worker lies in.
pub fn cache() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    program.parent().map(PathBuf::from).unwrap_or_default()
}

/// What the job of a request's call is called.
pub(crate) fn name(background: &Background, index: usize, calls: usize) -> String {
    match calls {
        1 => background.job.clone(),
        _ => format!("{}.{}", background.job, index + 1),
    }
}

/// Says what is wrong with the name of a job, which becomes the name of a file.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_fit = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if starts_well && name.len() <= LONGEST_NAME && name.chars().all(is_fit) {
        return Ok(());
    }
    Err(format!(
        "{name:?} is no job: expected the `ansible_job_id` that a task with `async` and `poll: 0` has registered"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_leads_to_no_other_directory() {
        for good in ["j1", "j123456789.4711", "a_b-c.1"] {
            assert_eq!(check_name(good), Ok(()));
        }
        let long = "j".repeat(LONGEST_NAME + 1);
        for bad in [
            "", ".", "..", ".j1", "../j1", "a/b", "a b", "a\0", "ä", &long,
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_call_has_a_job_of_its_own() {
        let background = Background {
            limit: 1,
            job: "j1".into(),
        };
        assert_eq!(name(&background, 0, 1), "j1");
        assert_eq!(name(&background, 0, 2), "j1.1");
        assert_eq!(name(&background, 1, 2), "j1.2");
    }
}
