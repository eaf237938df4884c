//! The writing half of a host. Files are written beside their target, given owner and mode, synced to the disk, and
//! only then renamed, so that nobody ever sees half a file or one with the wrong permissions, not even after a power
//! failure. The directories are synced once, at the end ([`Host::sync_directories`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Deref;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{FileKind, Host, Program, ProgramOutput, Stat, failed};
use crate::arg::Content;
use crate::plan::Failure;

/// Permission bits of a new file and of a new directory, where nothing else is asked for.
const NEW_FILE_MODE: u32 = 0o644;
const NEW_DIRECTORY_MODE: u32 = 0o755;

/// Owner and permissions that are wanted. What is `None` stays as it is, or is the default for a new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
}

/// The writing half of a host: a [`Host`] that can also change things.
pub struct Writer<'a> {
    host: &'a Host,
}

impl Deref for Writer<'_> {
    type Target = Host;

    fn deref(&self) -> &Host {
        self.host
    }
}

impl<'a> Writer<'a> {
    /// The writing half of `host`.
    pub fn new(host: &'a Host) -> Self {
        Self { host }
    }

    /// Writes a file whole.
    pub fn write_file(
        &self,
        path: &Path,
        bytes: &[u8],
        attributes: Attributes,
    ) -> Result<(), Failure> {
        self.replace_file(path, attributes, |file| file.write_all(bytes))
    }

    /// Writes a file whose content the controller has.
    pub fn write_content(
        &self,
        path: &Path,
        content: &Content,
        attributes: Attributes,
    ) -> Result<(), Failure> {
        self.replace_file(path, attributes, |file| {
            self.host.contents.fetch(content, file)
        })
    }

    /// Writes a file beside `path` with `write` and renames it to `path`. A file that is replaced hands on
    /// its owner and mode where `attributes` does not say otherwise.
    pub fn replace_file(
        &self,
        path: &Path,
        attributes: Attributes,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.replace_file_if(path, attributes, write, |_| Ok(()))
    }

    /// Like [`replace_file`](Self::replace_file), but renames the new file only if `accept`, which is given
    /// its real path, finds it good.
    pub fn replace_file_if(
        &self,
        path: &Path,
        attributes: Attributes,
        write: impl FnOnce(&mut File) -> io::Result<()>,
        accept: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let old = self.stat(path)?.filter(|stat| stat.kind == FileKind::File);
        let attributes = attributes.inherit(old.as_ref(), NEW_FILE_MODE);
        let target = self.real_path(path);
        let temporary = beside(&target);
        let failed = |error: io::Error| failed("write", path, &error);
        let replaced = create_new(&temporary)
            .and_then(|mut file| {
                write(&mut file)?;
                set_owner_and_mode(&file, attributes)?;
                file.sync_all()
            })
            .map_err(failed)
            .and_then(|()| accept(&temporary))
            .and_then(|()| fs::rename(&temporary, &target).map_err(failed));
        if replaced.is_err() {
            // Where it cannot be removed, nothing more can be done about it.
            let _ = fs::remove_file(&temporary);
        }
        replaced?;
        let parent = target.parent().map(Path::to_path_buf);
        self.host.unsynced.borrow_mut().extend(parent);
        Ok(())
    }

    /// Overwrites a file of the kernel (`/proc`, `/sys`), which cannot be replaced.
    pub fn write_in_place(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        fs::write(self.real_path(path), bytes).map_err(|error| failed("write", path, &error))
    }

    /// Makes a directory and those above it that are missing.
    pub fn create_dir(&self, path: &Path, attributes: Attributes) -> Result<(), Failure> {
        let real = self.real_path(path);
        let attributes = attributes.inherit(None, NEW_DIRECTORY_MODE);
        let made = fs::create_dir_all(&real)
            .and_then(|()| File::open(&real))
            .and_then(|directory| set_owner_and_mode(&directory, attributes));
        made.map_err(|error| failed("create the directory", path, &error))
    }

    /// Makes a symbolic link, replacing a file or link that is there.
    pub fn symlink(&self, path: &Path, target: &Path) -> Result<(), Failure> {
        let real = self.real_path(path);
        let temporary = beside(&real);
        let made = symlink(target, &temporary).and_then(|()| fs::rename(&temporary, &real));
        made.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed("create the link", path, &error)
        })
    }

    /// Makes a hard link to `target`, replacing a file that is there.
    pub fn hard_link(&self, path: &Path, target: &Path) -> Result<(), Failure> {
        let real = self.real_path(path);
        let temporary = beside(&real);
        let made = fs::hard_link(self.real_path(target), &temporary)
            .and_then(|()| fs::rename(&temporary, &real));
        // It is there also where `path` was a link to the same file: then renaming does nothing.
        let _ = fs::remove_file(&temporary);
        made.map_err(|error| failed("create the link", path, &error))
    }

    /// Removes a file, a link, or a directory with all that is in it. Does not follow links.
    pub fn remove(&self, path: &Path) -> Result<(), Failure> {
        let real = self.real_path(path);
        let removed = match self.stat(path)? {
            None => Ok(()),
            Some(Stat {
                kind: FileKind::Directory,
                ..
            }) => fs::remove_dir_all(&real),
            Some(_) => fs::remove_file(&real),
        };
        removed.map_err(|error| failed("remove", path, &error))
    }

    /// Renames a file within one file system.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), Failure> {
        fs::rename(self.real_path(from), self.real_path(to))
            .map_err(|error| failed("rename", from, &error))
    }

    /// Sets owner and mode of a file or directory. A link is followed, as `chmod` does.
    pub fn set_attributes(&self, path: &Path, attributes: Attributes) -> Result<(), Failure> {
        let real = self.real_path(path);
        let set = (|| {
            std::os::unix::fs::chown(&real, attributes.uid, attributes.gid)?;
            match attributes.mode {
                // After the owner: changing that clears set-user-id bits.
                Some(mode) => fs::set_permissions(&real, fs::Permissions::from_mode(mode)),
                None => Ok(()),
            }
        })();
        set.map_err(|error| failed("set owner and mode of", path, &error))
    }

    /// Runs a program that may change the host. Its failing is not an error here.
    pub fn run(&self, program: &Program) -> Result<ProgramOutput, Failure> {
        self.query(program)
    }

    /// Runs a program that must exit with 0.
    pub fn run_checked(&self, program: &Program) -> Result<ProgramOutput, Failure> {
        let output = self.run(program)?;
        if output.success() {
            Ok(output)
        } else {
            Err(output.failure(program))
        }
    }
}

impl Attributes {
    /// These attributes, filled up from the file that is replaced or with the default for a new one.
    fn inherit(self, old: Option<&Stat>, new_mode: u32) -> Self {
        Self {
            mode: Some(
                self.mode
                    .unwrap_or_else(|| old.map_or(new_mode, |stat| stat.mode)),
            ),
            uid: self.uid.or(old.map(|stat| stat.uid)),
            gid: self.gid.or(old.map(|stat| stat.gid)),
        }
    }
}

/// A name in the same directory that nothing else uses.
pub(crate) fn beside(path: &Path) -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.provision-{}-{count}", std::process::id()))
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn set_owner_and_mode(file: &File, attributes: Attributes) -> io::Result<()> {
    std::os::unix::fs::fchown(file, attributes.uid, attributes.gid)?;
    match attributes.mode {
        Some(mode) => file.set_permissions(fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}
