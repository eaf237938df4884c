//! The host, as modules see it: [`Host`] reads, [`Writer`] writes.
//!
//! A module's `plan` is given a [`Host`] only, and check mode never makes a [`Writer`], so a module that
//! wrote in check mode would not compile. All paths are taken below a root directory, which is `/` on a real
//! host and a scratch directory in tests.

mod accounts;
mod contents;
mod program;
mod system_programs;
mod writer;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use self::accounts::{Group, User};
pub use self::contents::{Contents, NoContents, nameless_file};
pub use self::program::{Program, ProgramOutput, Programs};
#[cfg(test)]
pub(crate) use self::system_programs::tests::wait_for_end;
pub use self::system_programs::{CutShort, SystemPrograms};
pub(crate) use self::writer::beside;
pub use self::writer::{Attributes, Writer};
use crate::plan::Failure;

/// A file that is read whole may not be larger than this, in bytes.
const MAX_READ: u64 = 64 << 20;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// Where the worker lies, unless it is known better.
const CACHE: &str = "/var/tmp/provision";

/// What kind of file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a socket or a pipe.
    Special,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Link => "link",
            Self::Special => "device, socket or pipe",
        })
    }
}

/// What is known about a file without reading it. Links are not followed.
#[derive(Clone, Debug)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of the content, in seconds since 1970.
    pub mtime: i64,
    /// The device that it is on.
    pub device: u64,
    /// Inode number, unique on its device.
    pub inode: u64,
    /// Number of hard links.
    pub links: u64,
    /// Where a symbolic link points.
    pub target: Option<PathBuf>,
}

/// The reading half of a host.
pub struct Host {
    root: PathBuf,
    programs: Box<dyn Programs>,
    contents: Box<dyn Contents>,
    environment: RefCell<BTreeMap<String, String>>,
    cache: PathBuf,
    /// Directories in which a file has been replaced and that may not be on the disk yet.
    unsynced: RefCell<BTreeSet<PathBuf>>,
}

impl Host {
    /// The host whose files are below `root` and whose programs are run by `programs`; `contents` has the
    /// controller's files.
    pub fn new(
        root: impl Into<PathBuf>,
        programs: Box<dyn Programs>,
        contents: Box<dyn Contents>,
    ) -> Self {
        Self {
            root: root.into(),
            programs,
            contents,
            environment: RefCell::default(),
            cache: CACHE.into(),
            unsynced: RefCell::default(),
        }
    }

    /// The same host with `cache` as the directory of the worker itself.
    #[must_use]
    pub fn with_cache(mut self, cache: PathBuf) -> Self {
        self.cache = cache;
        self
    }

    /// The directory that the worker lies in. It belongs to its user alone.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Waits until the new names of all files that were replaced are on the disk. That is done once for all, at the end:
    /// a power failure before it leaves the old file or the new one, and never a part of one, as the contents of
    /// each were synced before its renaming.
    pub fn sync_directories(&self) -> io::Result<()> {
        let sync = |directory: PathBuf| match File::open(&directory) {
            Ok(directory) => directory.sync_all(),
            // It has been removed since, or something else is in its place.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        };
        // One that fails keeps the others from nothing.
        let synced: Vec<_> = self.unsynced.take().into_iter().map(sync).collect();
        synced.into_iter().collect()
    }

    /// Sets the variables that are added to the environment of every program.
    pub fn set_environment(&self, environment: BTreeMap<String, String>) {
        self.environment.replace(environment);
    }

    /// The variable as a program would see it.
    pub fn variable(&self, name: &str) -> Option<String> {
        let own = self.environment.borrow().get(name).cloned();
        own.or_else(|| env::var(name).ok())
    }

    /// Where `path` of the host really is.
    pub fn real_path(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// What is known about `path`; `None` if nothing is there. Does not follow a link.
    pub fn stat(&self, path: &Path) -> Result<Option<Stat>, Failure> {
        let real = self.real_path(path);
        let Some(metadata) = found(fs::symlink_metadata(&real), "read", path)? else {
            return Ok(None);
        };
        let kind = file_kind(metadata.file_type());
        let target = match kind {
            FileKind::Link => found(fs::read_link(&real), "read the link", path)?,
            _ => None,
        };
        Ok(Some(Stat {
            kind,
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
            gid: metadata.gid(),
            size: metadata.size(),
            mtime: metadata.mtime(),
            device: metadata.dev(),
            inode: metadata.ino(),
            links: metadata.nlink(),
            target,
        }))
    }

    /// Where `path` leads if it is a link, or a link to a link; `path` itself if it is none.
    pub fn resolve(&self, path: &Path) -> Result<PathBuf, Failure> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            match self.stat(&path)?.and_then(|stat| stat.target) {
                Some(target) => path = path.parent().unwrap_or(&path).join(target),
                None => return Ok(path),
            }
        }
        Err(Failure::new(format!(
            "{} is a link in a circle of links",
            path.display()
        )))
    }

    /// Whether `path` exists, following links.
    pub fn exists(&self, path: &Path) -> bool {
        self.real_path(path).exists()
    }

    /// Whether `path` is a directory, following links.
    pub fn is_dir(&self, path: &Path) -> bool {
        self.real_path(path).is_dir()
    }

    /// Fails unless `path` is a directory.
    pub fn require_dir(&self, path: &Path) -> Result<(), Failure> {
        if self.is_dir(path) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the directory `{0}` does not exist: make it first, with `file: {{path: {0}, state: directory}}`",
            path.display()
        )))
    }

    /// Fails unless the directory that `path` is to be in exists.
    pub fn require_parent(&self, path: &Path) -> Result<(), Failure> {
        path.parent()
            .map_or(Ok(()), |parent| self.require_dir(parent))
    }

    /// A file to read from, following links; `None` if it does not exist.
    pub fn open(&self, path: &Path) -> Result<Option<fs::File>, Failure> {
        found(fs::File::open(self.real_path(path)), "open", path)
    }

    /// The content of a file, following links; `None` if it does not exist.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
        let Some(file) = self.open(path)? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        let read = file.take(MAX_READ + 1).read_to_end(&mut content);
        read.map_err(|error| failed("read", path, &error))?;
        if content.len() as u64 > MAX_READ {
            return Err(Failure::new(format!(
                "{} is larger than {MAX_READ} bytes",
                path.display()
            )));
        }
        Ok(Some(content))
    }

    /// The content of a text file; `None` if it does not exist.
    pub fn read_text(&self, path: &Path) -> Result<Option<String>, Failure> {
        let Some(content) = self.read(path)? else {
            return Ok(None);
        };
        let text = String::from_utf8(content)
            .map_err(|_| Failure::new(format!("{} is not UTF-8 text", path.display())))?;
        Ok(Some(text))
    }

    /// The names in a directory, sorted; `None` if it does not exist.
    pub fn read_dir(&self, path: &Path) -> Result<Option<Vec<String>>, Failure> {
        let Some(entries) = found(fs::read_dir(self.real_path(path)), "list", path)? else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed("list", path, &error))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(Some(names))
    }

    /// The SHA-256 of a file in lower-case hexadecimal, following links; `None` if it does not exist.
    pub fn sha256(&self, path: &Path) -> Result<Option<String>, Failure> {
        let Some(file) = self.open(path)? else {
            return Ok(None);
        };
        sha256_of(file)
            .map(Some)
            .map_err(|error| failed("read", path, &error))
    }

    /// Runs a program that only reads. Use [`Writer::run`] for any other.
    pub fn query(&self, program: &Program) -> Result<ProgramOutput, Failure> {
        let environment = self.environment.borrow();
        let ran = if environment.is_empty() {
            self.programs.run(program)
        } else {
            let mut program = program.clone();
            // The later one of two counts: a module knows what it needs to understand its program.
            let own = std::mem::take(&mut program.environment);
            let added = environment
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()));
            program.environment = added.chain(own).collect();
            self.programs.run(&program)
        };
        ran.map_err(|error| program.not_started(&error))
    }

    /// Where the program called `name` is, in the directories of the superuser's PATH.
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        const DIRECTORIES: [&str; 6] = [
            "/usr/local/sbin",
            "/usr/local/bin",
            "/usr/sbin",
            "/usr/bin",
            "/sbin",
            "/bin",
        ];
        DIRECTORIES
            .iter()
            .map(|dir| Path::new(dir).join(name))
            .find(|path| self.exists(path))
    }
}

/// The SHA-256 of all that `reader` gives, in lower-case hexadecimal.
pub fn sha256_of(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn file_kind(kind: fs::FileType) -> FileKind {
    if kind.is_file() {
        FileKind::File
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_symlink() {
        FileKind::Link
    } else {
        debug_assert!(
            kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
        );
        FileKind::Special
    }
}

/// Turns "there is no such file" into `None`, any other error into a failure.
fn found<T>(result: io::Result<T>, verb: &str, path: &Path) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(failed(verb, path, &error)),
    }
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {verb} {}: {error}", path.display()))
}
