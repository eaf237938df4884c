//! The seeds of a target: the files of its directory, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

/// Where a target's seeds are. What stands behind a colon only chooses its cases.
pub(crate) fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(target.split(':').next().unwrap_or_default())
}

/// The seeds of a target.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory(target)).expect("a directory of seeds");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "`{target}` has no seeds");
    paths
        .iter()
        .map(|path| fs::read(path).expect("a seed"))
        .collect()
}
