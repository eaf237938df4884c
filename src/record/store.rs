//! Where records are.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many records are kept.
const KEPT: usize = 100;

/// How many bytes they may have together; one of a thousand hosts can have fifty million.
const KEPT_BYTES: u64 = 512 << 20;

const SUFFIX: &str = ".jsonl";

/// The directory of records.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The user's: `provision/runs` in `$XDG_STATE_HOME`, or in `~/.local/state`.
    pub fn of_user() -> Option<Self> {
        let absolute = |name: &str| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let state = absolute("XDG_STATE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".local").join("state")))?;
        Some(Self::at(state.join("provision").join("runs")))
    }

    /// The records in `directory`.
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Begins a record. Returns its name. The oldest ones make room for it.
    pub fn begin(&self) -> io::Result<(String, File)> {
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        self.make_room();
        let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let now = now.replace(['-', ':', '.'], "");
        let name = format!("{now}-{}", std::process::id());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(&name))?;
        Ok((name, file))
    }

    /// Removes the oldest records.
    fn make_room(&self) {
        let mut bytes = 0;
        for (number, name) in self.names().iter().rev().enumerate() {
            let path = self.path(name);
            bytes += fs::metadata(&path).map_or(0, |found| found.len());
            // The newest stays however large it is: somebody may want to go on with it.
            if number + 1 >= KEPT || (number > 0 && bytes > KEPT_BYTES) {
                // Somebody else may have been quicker.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The names of all records, the oldest first.
    pub fn names(&self) -> Vec<String> {
        let entries = self.directory.read_dir().into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                Some(name.strip_suffix(SUFFIX)?.to_owned())
            })
            .collect();
        names.sort_unstable();
        names
    }

    /// The file of a record.
    pub fn path(&self, name: &str) -> PathBuf {
        let name = Path::new(name).file_name().unwrap_or_default();
        let name = format!("{}{SUFFIX}", name.to_string_lossy());
        self.directory.join(name)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{KEPT, KEPT_BYTES, Store};

    #[test]
    fn records_are_private_and_the_oldest_are_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::at(directory.path().join("runs"));
        let (first, _) = store.begin().expect("a record");
        let mode = |path: &std::path::Path| {
            let found = std::fs::metadata(path).expect("it is there");
            found.permissions().mode() & 0o777
        };
        assert_eq!(mode(&store.path(&first)), 0o600);
        assert_eq!(mode(&directory.path().join("runs")), 0o700);
        for number in 0..KEPT {
            std::fs::write(store.path(&format!("0-{number:03}")), "").expect("written");
        }
        let (last, _) = store.begin().expect("a record");
        let names = store.names();
        assert_eq!(names.len(), KEPT);
        assert!(names.contains(&last) && names.contains(&first));
        assert!(!names.contains(&"0-000".to_owned()));
    }

    #[test]
    fn large_records_make_room_earlier() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::at(directory.path().to_owned());
        for name in ["01", "02", "03"] {
            let file = std::fs::File::create(store.path(name)).expect("a file");
            file.set_len(KEPT_BYTES / 2).expect("a file with holes");
        }
        let (new, _) = store.begin().expect("a record");
        assert_eq!(store.names(), ["02".to_owned(), "03".to_owned(), new]);
    }

    #[test]
    fn a_name_is_never_a_path() {
        let store = Store::at("/runs".into());
        assert_eq!(
            store.path("../../etc/x"),
            std::path::Path::new("/runs/x.jsonl")
        );
    }
}
