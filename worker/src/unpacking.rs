//! Unpacking an archive into a directory: which of its entries are wanted, which of them the host does not
//! have yet, and writing those. What an archive is made of is known to [`archive`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::archive::{self, Entry, EntryKind};
use crate::host::{FileKind, Host, Stat, Writer};
use crate::permissions::Permissions;
use crate::plan::{Diff, Failure, MAX_SHOWN};

/// What of an archive is wanted where.
pub(crate) struct Unpacking {
    /// The directory.
    pub(crate) dest: PathBuf,
    /// How many parts of each name are dropped.
    pub(crate) strip: usize,
    /// Files, and directories with all that is in them, by their names in the archive. Empty: everything.
    pub(crate) include: Vec<PathBuf>,
    /// Likewise, what is left out.
    pub(crate) exclude: Vec<PathBuf>,
    /// Mode, owner and group.
    pub(crate) permissions: Permissions,
}

/// How the host's files compare with an archive.
#[derive(Default)]
pub(crate) struct Comparison {
    /// The names of the wanted entries below the directory. `Some` tells how host and archive differ.
    entries: BTreeMap<PathBuf, Option<Difference>>,
}

struct Difference {
    before: Option<String>,
    after: String,
}

impl Comparison {
    /// The names of all wanted entries, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Path> {
        self.entries.keys().map(PathBuf::as_path)
    }

    /// The names of the entries that the host does not have as they are in the archive.
    pub(crate) fn pending(&self) -> BTreeSet<PathBuf> {
        let differs = |(name, difference): (&PathBuf, &Option<Difference>)| {
            difference.is_some().then(|| name.clone())
        };
        self.entries.iter().filter_map(differs).collect()
    }

    /// The entries that differ, a line each.
    pub(crate) fn diff(&self) -> Diff {
        let (mut before, mut after) = (String::new(), String::new());
        for (name, difference) in &self.entries {
            let Some(difference) = difference else {
                continue;
            };
            let name = name.display();
            // Writing to a string cannot fail.
            if let Some(line) = &difference.before {
                let _ = writeln!(before, "{name}: {line}");
            }
            let _ = writeln!(after, "{name}: {}", difference.after);
        }
        if before.len().max(after.len()) > MAX_SHOWN {
            return Diff::default();
        }
        Diff::new(Some(before), Some(after))
    }
}

impl Unpacking {
    /// Compares the host's files with the archive, byte by byte where size and mode do not tell.
    pub(crate) fn compare(&self, host: &Host, archive: &mut File) -> Result<Comparison, Failure> {
        let mut comparison = Comparison::default();
        let mut unmatched: BTreeSet<&PathBuf> = self.include.iter().collect();
        archive::walk(archive, &mut |entry, content| {
            unmatched.retain(|include| !entry.name.starts_with(include));
            if let Some(name) = self.place(&entry.name) {
                let difference = self.difference(host, &name, entry, content, &comparison)?;
                comparison.entries.insert(name, difference);
            }
            Ok(())
        })?;
        match unmatched.first() {
            Some(include) => Err(Failure::new(format!(
                "the archive has no `{}`, which `include` asks for",
                include.display()
            ))),
            None => Ok(comparison),
        }
    }

    /// Writes the entries that are `pending`.
    pub(crate) fn unpack(
        &self,
        writer: &Writer<'_>,
        archive: &mut File,
        pending: &BTreeSet<PathBuf>,
    ) -> Result<(), Failure> {
        archive::walk(
            archive,
            &mut |entry, content| match self.place(&entry.name) {
                Some(name) if pending.contains(&name) => self.write(writer, &name, entry, content),
                _ => Ok(()),
            },
        )
    }

    /// Where an entry goes below the directory; `None` if it is not wanted.
    fn place(&self, name: &Path) -> Option<PathBuf> {
        let is_in = |list: &[PathBuf]| list.iter().any(|item| name.starts_with(item));
        if !self.include.is_empty() && !is_in(&self.include) || is_in(&self.exclude) {
            return None;
        }
        let place: PathBuf = name.components().skip(self.strip).collect();
        (!place.as_os_str().is_empty()).then_some(place)
    }

    fn target(&self, entry: &Entry, target: &Path) -> Result<PathBuf, Failure> {
        self.place(target).ok_or_else(|| {
            Failure::new(format!(
                "`{}` in the archive is a hard link to `{}`, which is not unpacked",
                entry.name.display(),
                target.display()
            ))
        })
    }

    fn permissions_of(&self, entry: &Entry) -> Permissions {
        let is_dir = entry.kind == EntryKind::Directory;
        self.permissions.starting_from(entry.mode, is_dir)
    }

    fn difference(
        &self,
        host: &Host,
        name: &Path,
        entry: &Entry,
        content: &mut dyn Read,
        earlier: &Comparison,
    ) -> Result<Option<Difference>, Failure> {
        self.require_directories(host, name)?;
        let path = self.dest.join(name);
        let stat = host.stat(&path)?;
        if let Some(stat) = &stat {
            let is_dir = stat.kind == FileKind::Directory;
            if is_dir != (entry.kind == EntryKind::Directory) || stat.kind == FileKind::Special {
                return Err(in_the_way(&path, stat));
            }
        }
        let permissions = self.permissions_of(entry);
        let (is_same, note, after) = match (&entry.kind, &stat) {
            // The directories of a host are its own affair: `usr/` in an archive is no order to change it.
            (EntryKind::Directory, stat) => (stat.is_some(), "", "directory".into()),
            (EntryKind::Link(target), stat) => {
                let old = stat.as_ref().and_then(|stat| stat.target.as_deref());
                let after = format!("link to {}", target.display());
                (old == Some(target), "", after)
            }
            (EntryKind::HardLink(target), stat) => {
                let target = self.target(entry, target)?;
                let is_pending = matches!(earlier.entries.get(&target), Some(Some(_)));
                let other = host.stat(&self.dest.join(&target))?;
                let inode = |stat: &Option<Stat>| stat.as_ref().map(|s| (s.device, s.inode));
                let is_same = stat.is_some() && inode(stat) == inode(&other) && !is_pending;
                let after = format!("the same file as {}", target.display());
                (is_same, "", after)
            }
            (EntryKind::File, Some(stat)) if stat.kind == FileKind::File => {
                let has_content = stat.size == entry.size && is_content(host, &path, content)?;
                let note = if has_content { "" } else { ", other content" };
                let after = shown_file(&permissions, entry);
                (has_content && permissions.fit(stat), note, after)
            }
            (EntryKind::File, _) => (false, "", shown_file(&permissions, entry)),
        };
        let before = stat.map(|stat| match &stat.target {
            Some(target) => format!("link to {}", target.display()),
            None => format!("mode {:04o}, {} bytes{note}", stat.mode, stat.size),
        });
        Ok((!is_same).then_some(Difference { before, after }))
    }

    fn write(
        &self,
        writer: &Writer<'_>,
        name: &Path,
        entry: &Entry,
        content: &mut dyn Read,
    ) -> Result<(), Failure> {
        self.require_directories(writer, name)?;
        let path = self.dest.join(name);
        let permissions = self.permissions_of(entry);
        self.make_directories(writer, name)?;
        match &entry.kind {
            EntryKind::Directory if writer.is_dir(&path) => Ok(()),
            EntryKind::Directory => writer.create_dir(&path, permissions.of_directory()),
            EntryKind::Link(target) => writer.symlink(&path, target),
            EntryKind::HardLink(target) => {
                let target = self.target(entry, target)?;
                self.require_directories(writer, &target)?;
                writer.hard_link(&path, &self.dest.join(target))
            }
            EntryKind::File => writer.replace_file(&path, permissions.of_file(None), |file| {
                io::copy(content, file).map(drop)
            }),
        }
    }

    /// Makes the directories above an entry that the archive may have no entries for.
    fn make_directories(&self, writer: &Writer<'_>, name: &Path) -> Result<(), Failure> {
        let permissions = self.permissions.starting_from(0o755, true);
        let above: Vec<&Path> = name.ancestors().skip(1).collect();
        for directory in above.into_iter().rev() {
            let path = self.dest.join(directory);
            if !writer.is_dir(&path) {
                writer.create_dir(&path, permissions.of_directory())?;
            }
        }
        Ok(())
    }

    /// Fails if what is to be the directory of an entry is something else. A link could lead anywhere.
    fn require_directories(&self, host: &Host, name: &Path) -> Result<(), Failure> {
        for above in name.ancestors().skip(1) {
            if above.as_os_str().is_empty() {
                break;
            }
            let path = self.dest.join(above);
            match host.stat(&path)? {
                Some(stat) if stat.kind != FileKind::Directory => {
                    return Err(in_the_way(&path, &stat));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn shown_file(permissions: &Permissions, entry: &Entry) -> String {
    let mode = permissions.of_file(None).mode.unwrap_or_default();
    format!("mode {mode:04o}, {} bytes", entry.size)
}

fn in_the_way(path: &Path, stat: &Stat) -> Failure {
    Failure::new(format!(
        "`{}` is a {} but something else in the archive: move it out of the way",
        path.display(),
        stat.kind
    ))
}

/// Whether the file `path` consists of what `content` gives.
fn is_content(host: &Host, path: &Path, content: &mut dyn Read) -> Result<bool, Failure> {
    let Some(file) = host.open(path)? else {
        return Ok(false);
    };
    same_bytes(BufReader::with_capacity(64 << 10, file), content)
        .map_err(|error| Failure::new(format!("cannot compare {}: {error}", path.display())))
}

fn same_bytes(mut left: impl Read, right: &mut dyn Read) -> io::Result<bool> {
    let (mut one, mut other) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let length = right.read(&mut other)?;
        if length == 0 {
            return Ok(left.read(&mut one[..1])? == 0);
        }
        match left.read_exact(&mut one[..length]) {
            Ok(()) if one[..length] == other[..length] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
