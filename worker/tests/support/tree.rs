//! The files of a host in a scratch directory: growing them, looking at them, comparing them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::below;

/// A file, directory or link of a host.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    path: String,
    node: Node,
    mode: Option<u32>,
    owner: Option<(u32, u32)>,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    File(Bytes),
    Directory,
    Link(PathBuf),
    Special,
}

/// The content of a file, which a failure shows as text.
#[derive(Clone, PartialEq, Eq)]
struct Bytes(Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// A file with these bytes, of mode 0644 unless it says otherwise.
pub(crate) fn file(path: &str, bytes: impl AsRef<[u8]>) -> Entry {
    Entry::new(path, Node::File(Bytes(bytes.as_ref().to_vec())))
}

/// A directory, of mode 0755 unless it says otherwise.
pub(crate) fn dir(path: &str) -> Entry {
    Entry::new(path, Node::Directory)
}

/// A symbolic link.
pub(crate) fn link(path: &str, target: &str) -> Entry {
    Entry::new(path, Node::Link(target.into()))
}

/// The user that runs the tests.
pub(crate) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The group that runs the tests.
pub(crate) fn own_gid() -> u32 {
    rustix::process::getegid().as_raw()
}

impl Entry {
    fn new(path: &str, node: Node) -> Self {
        Self {
            path: path.to_owned(),
            node,
            mode: None,
            owner: None,
        }
    }

    /// Sets its mode.
    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets its owner and group. Only root can give a file away.
    pub(crate) fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid, gid));
        self
    }

    fn default_mode(&self) -> u32 {
        match self.node {
            Node::Directory => 0o755,
            Node::Link(_) => 0o777,
            _ => 0o644,
        }
    }

    fn seen(&self, before: Option<&Seen>) -> Seen {
        let old = before
            .filter(|old| std::mem::discriminant(&old.node) == std::mem::discriminant(&self.node));
        Seen {
            node: self.node.clone(),
            mode: self
                .mode
                .or(old.map(|old| old.mode))
                .unwrap_or_else(|| self.default_mode()),
            owner: self
                .owner
                .or(old.map(|old| old.owner))
                .unwrap_or((own_uid(), own_gid())),
        }
    }
}

/// What can be said about an entry whatever its history is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    node: Node,
    mode: u32,
    owner: (u32, u32),
}

/// An entry with the marks that any writing leaves: inode, times of content and of attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Marked {
    seen: Seen,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The whole of a tree at one moment.
pub(crate) struct Look(BTreeMap<String, Marked>);

/// The files of a host.
pub(crate) struct Tree {
    directory: TempDir,
    grown: BTreeMap<String, Seen>,
}

impl Tree {
    /// A tree of `entries` and the directories above them.
    pub(crate) fn grow(entries: &[Entry]) -> Self {
        let directory = tempfile::tempdir().expect("a scratch directory can be made");
        let root = Root(directory.path().to_owned());
        for entry in entries {
            root.grow(entry);
        }
        age(directory.path());
        let mut tree = Self {
            directory,
            grown: BTreeMap::new(),
        };
        let look = tree.look();
        tree.grown = look
            .0
            .into_iter()
            .map(|(path, marked)| (path, marked.seen))
            .collect();
        tree
    }

    /// Where the tree is.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The tree for programs to work on.
    pub(crate) fn handle(&self) -> Root {
        Root(self.root().to_owned())
    }

    /// Everything there is.
    pub(crate) fn look(&self) -> Look {
        let mut look = BTreeMap::new();
        look_at(self.root(), "", &mut look);
        Look(look)
    }

    /// Fails the test if anything has been written since `before`.
    #[track_caller]
    pub(crate) fn assert_untouched_since(&self, before: &Look) {
        assert_eq!(before.0, self.look().0, "planning must not write");
    }

    /// Fails the test unless the tree is what it grew as, with the entries of `after` and without `gone`.
    #[track_caller]
    pub(crate) fn assert_is(&self, after: &[Entry], gone: &[&str]) {
        let mut expected = self.grown.clone();
        for path in gone {
            let inside = format!("{path}/");
            let count = expected.len();
            expected.retain(|old, _| old != path && !old.starts_with(&inside));
            assert!(expected.len() < count, "{path} was not there to begin with");
        }
        for entry in after {
            let seen = entry.seen(self.grown.get(&entry.path));
            expected.insert(entry.path.clone(), seen);
        }
        let found: BTreeMap<_, _> = self
            .look()
            .0
            .into_iter()
            .map(|(path, marked)| (path, marked.seen))
            .collect();
        assert_eq!(
            found, expected,
            "the host's files (left) are not as expected (right)"
        );
    }
}

/// A host's files, for the programs of a case.
pub(crate) struct Root(PathBuf);

impl Root {
    /// The text of a file; `None` if it does not exist.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(below(&self.0, path)).ok()
    }

    /// Writes a file of mode 0644.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.grow(&file(path, text));
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(below(&self.0, path)).expect("the file can be removed");
    }

    fn grow(&self, entry: &Entry) {
        let real = below(&self.0, &entry.path);
        let parent = Path::new(&entry.path).parent().and_then(Path::to_str);
        if let Some(parent) = parent.filter(|parent| !below(&self.0, parent).exists()) {
            self.grow(&dir(parent));
        }
        match &entry.node {
            Node::File(bytes) => fs::write(&real, &bytes.0),
            Node::Directory => fs::create_dir_all(&real),
            Node::Link(target) => symlink(target, &real),
            Node::Special => unreachable!("no case can ask for it"),
        }
        .expect("the entry can be made");
        if let Some((uid, gid)) = entry.owner {
            std::os::unix::fs::lchown(&real, Some(uid), Some(gid)).expect("it can be given away");
        }
        if !matches!(entry.node, Node::Link(_)) {
            let mode = entry.mode.unwrap_or_else(|| entry.default_mode());
            fs::set_permissions(&real, fs::Permissions::from_mode(mode)).expect("it is our own");
        }
    }
}

/// Gives files and directories an old time: the clock of a file system may tick too slowly to tell a write
/// from the growing just before it.
fn age(real: &Path) {
    let metadata = fs::symlink_metadata(real).expect("the entry can be read");
    if metadata.is_dir() {
        for child in fs::read_dir(real).expect("the directory can be read") {
            age(&child.expect("the directory can be read").path());
        }
    }
    if !metadata.is_symlink() {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::open(real)
            .and_then(|file| file.set_modified(long_ago))
            .expect("it is our own");
    }
}

fn look_at(real: &Path, path: &str, look: &mut BTreeMap<String, Marked>) {
    let metadata = fs::symlink_metadata(real).expect("the entry can be read");
    let kind = metadata.file_type();
    let node = if kind.is_file() {
        Node::File(Bytes(fs::read(real).expect("the file can be read")))
    } else if kind.is_dir() {
        for child in fs::read_dir(real).expect("the directory can be read") {
            let child = child.expect("the directory can be read");
            let name = child.file_name().into_string().expect("names are UTF-8");
            look_at(&child.path(), &format!("{path}/{name}"), look);
        }
        Node::Directory
    } else if kind.is_symlink() {
        Node::Link(fs::read_link(real).expect("the link can be read"))
    } else {
        Node::Special
    };
    let seen = Seen {
        node,
        mode: metadata.mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
    };
    let marked = Marked {
        seen,
        inode: metadata.ino(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    };
    let name = if path.is_empty() { "/" } else { path };
    look.insert(name.to_owned(), marked);
}
