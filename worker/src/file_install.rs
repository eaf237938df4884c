//! Putting one file in its place: what `copy`, `template` and the modules that edit files have in common.
//! Where the content comes from is decided before; nothing here knows of templates.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::arg::{AbsPath, Content, Source};
use crate::checksum::{Checksum, Sha256Sink};
use crate::host::{FileKind, Host, Program, Stat, Writer, sha256_of};
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Diff, Failure, MAX_SHOWN, Output, Plan};

/// A file of some other machine, which the host gets by itself.
pub(crate) trait Remote {
    /// What it is called there.
    fn name(&self) -> Option<&str>;
    /// Whether a file of the host is the one that is wanted, if that can be told without getting it.
    fn is_known(&self, file: &mut File) -> Option<io::Result<bool>>;
    /// Asks for it.
    fn open(&self, host: &Host) -> Result<Box<dyn Read>, Failure>;
    /// Writes what `body` gives, and fails if that is not the wanted file.
    fn receive(&self, body: &mut dyn Read, into: &mut dyn Write) -> io::Result<()>;
    /// Gets it: a file without a name, at its start.
    fn fetch(&self, host: &Host) -> Result<File, Failure>;
}

/// Where the content of a file comes from.
pub(crate) enum Origin {
    /// It is at hand.
    Bytes(Vec<u8>),
    /// The controller has it.
    Controller(Content),
    /// Another file of the host.
    Host(PathBuf),
    /// Some other machine has it.
    #[cfg_attr(
        not(feature = "full"),
        expect(dead_code, reason = "a lean worker downloads nothing")
    )]
    Remote(Rc<dyn Remote>),
    /// It has been fetched already.
    Fetched(File),
}

impl Origin {
    /// The content that an argument names. A path is one of the host, and only with `remote_src`.
    pub(crate) fn of(source: &Source, remote_src: bool) -> Result<Self, Failure> {
        match source {
            Source::Controller(content) if !remote_src => Ok(Self::Controller(content.clone())),
            Source::Path(path) if remote_src => AbsPath::new(path)
                .map(|path| Self::Host(path.to_path_buf()))
                .ok_or_else(|| relative_source(path).into()),
            Source::Path(path) => Err(Failure::new(format!(
                "the content of `{path}` was not sent by the controller"
            ))),
            Source::Controller(_) => Err(Failure::new(
                "`src` is a file of the controller, but `remote_src` is true",
            )),
        }
    }

    /// Makes sure that the content can be had.
    fn open(self, host: &Host) -> Result<Opened, Failure> {
        Ok(match self {
            Self::Bytes(bytes) => Opened::Bytes(bytes),
            Self::Controller(content) => Opened::Controller(content),
            Self::Host(path) => Opened::File(open_source(host, &path)?),
            Self::Fetched(file) => Opened::File(file),
            Self::Remote(remote) => Opened::Remote(remote.open(host)?, remote),
        })
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Bytes(_) | Self::Fetched(_) => None,
            Self::Remote(remote) => remote.name(),
            Self::Controller(content) => Some(&content.name),
            Self::Host(path) => path.file_name()?.to_str(),
        }
    }
}

/// Content that is ready to be written.
enum Opened {
    Bytes(Vec<u8>),
    Controller(Content),
    File(File),
    Remote(Box<dyn Read>, Rc<dyn Remote>),
}

impl Opened {
    /// Writes it. Of a file that may be another one by now than when the change was planned, it gives what its checksum
    /// would have to be `wanted`; what is known by its hash or in memory is still what it was.
    fn write(
        &mut self,
        host: &Host,
        into: &mut File,
        wanted: Option<&Checksum>,
    ) -> io::Result<Option<Checksum>> {
        match (self, wanted) {
            (Self::Bytes(bytes), _) => into.write_all(bytes)?,
            (Self::Controller(content), _) => host.fetch_into(content, into)?,
            (Self::File(file), Some(wanted)) => return wanted.pass(file, into).map(Some),
            (Self::File(file), None) => drop(io::copy(file, into)?),
            (Self::Remote(body, remote), _) => remote.receive(body, into)?,
        }
        Ok(None)
    }
}

/// The error that the `src` of a module with `remote_src` is not absolute.
pub(crate) fn relative_source(path: &str) -> ArgError {
    ArgError::of(
        "src",
        format!("with `remote_src` it must be an absolute path of the host, found {path:?}"),
    )
}

/// A file that is to be in its place.
pub(crate) struct Install {
    /// Its content.
    pub(crate) origin: Origin,
    /// Its place, or a directory for it.
    pub(crate) dest: PathBuf,
    /// Mode, owner and group.
    pub(crate) permissions: Permissions,
    /// Whether to keep the old file beside it.
    pub(crate) backup: bool,
    /// Whether a file that is there and differs is replaced.
    pub(crate) force: bool,
    /// A command that must accept the new file, with `%s` in place of its path.
    pub(crate) validate: Option<String>,
    /// What the content must be. That of a download is the download's affair.
    pub(crate) checksum: Option<Checksum>,
}

impl Install {
    /// Plans it.
    pub(crate) fn plan(mut self, host: &Host) -> Result<Plan, Failure> {
        self.enter_directory(host)?;
        let in_place = self.verify(host)?;
        host.require_parent(&self.dest)?;
        let mut plan = Plan::new();
        plan.output("dest", self.dest.to_string_lossy());
        let old = host.stat(&self.dest)?;
        match &old {
            None => self.write(host, &mut plan, None)?,
            Some(old) => match old.kind {
                FileKind::File => self.renew(host, &mut plan, old, in_place)?,
                FileKind::Link if !self.force && host.exists(&self.dest) => {}
                FileKind::Link => self.write(host, &mut plan, None)?,
                FileKind::Directory | FileKind::Special => {
                    return Err(Failure::new(format!(
                        "`{}` is neither a file nor a link and is not replaced",
                        self.dest.display()
                    )));
                }
            },
        }
        Ok(plan)
    }

    /// Where the place is a directory, the file's place is in it.
    fn enter_directory(&mut self, host: &Host) -> Result<(), Failure> {
        if host.is_dir(&self.dest) {
            let Some(name) = self.origin.name() else {
                return Err(Failure::new(format!(
                    "`{}` is a directory: `dest` must name the file in it",
                    self.dest.display()
                )));
            };
            self.dest = self.dest.join(name);
        }
        Ok(())
    }

    /// Makes sure that the content is what `checksum` says, before anything is planned. Returns whether the file that is
    /// there has that content, if it has been looked at for this.
    fn verify(&self, host: &Host) -> Result<Option<bool>, Failure> {
        let Some(wanted) = &self.checksum else {
            return Ok(None);
        };
        let mut in_place = None;
        let of_file = |file: &mut File| wanted.pass(file, &mut io::sink());
        let (name, found) = match &self.origin {
            Origin::Bytes(bytes) => {
                let found = wanted.pass(&mut bytes.as_slice(), &mut io::sink());
                ("the content".to_owned(), found)
            }
            Origin::Host(path) => {
                let found = of_file(&mut open_source(host, path)?);
                (format!("`{}`", path.display()), found)
            }
            Origin::Controller(content) => {
                let name = format!("`{}` of the controller", content.name);
                let found = self.sum_of_content(host, content, wanted, &mut in_place)?;
                (name, found)
            }
            Origin::Remote(_) | Origin::Fetched(_) => return Ok(None),
        };
        check_sum(&name, found, wanted)?;
        Ok(in_place)
    }

    /// The checksum of the controller's content. Its SHA-256 is known; for another kind the content has to be here,
    /// and is fetched unless the file that is there has it.
    fn sum_of_content(
        &self,
        host: &Host,
        content: &Content,
        wanted: &Checksum,
        in_place: &mut Option<bool>,
    ) -> Result<io::Result<Checksum>, Failure> {
        if matches!(wanted, Checksum::Sha256(_)) {
            return Ok(Ok(Checksum::Sha256(content.sha256.clone())));
        }
        let old = host.stat(&self.dest)?;
        let may_be = old.is_some_and(|old| old.kind == FileKind::File && old.size == content.size);
        if may_be && let Some(mut file) = host.open(&self.dest)? {
            // Both digests in one go.
            let mut own = Sha256Sink::default();
            let found = wanted.pass(&mut file, &mut own);
            let is_it = found.is_ok() && own.hex() == content.sha256;
            *in_place = Some(is_it);
            if is_it {
                return Ok(found);
            }
        }
        let mut fetched = host.fetch_file(content)?;
        Ok(wanted.pass(&mut fetched, &mut io::sink()))
    }

    fn renew(
        mut self,
        host: &Host,
        plan: &mut Plan,
        old: &Stat,
        in_place: Option<bool>,
    ) -> Result<(), Failure> {
        let is_there = match in_place {
            _ if !self.force => true,
            Some(in_place) => in_place,
            None => self.is_content_of(host, old)?,
        };
        let (permissions, dest) = (self.permissions.clone(), self.dest.clone());
        if !is_there {
            self.write(host, plan, Some(old))?;
        }
        permissions.adjust(host, plan, &dest, old)
    }

    /// Whether the file that is there has the content. What has to be fetched to know that is kept.
    fn is_content_of(&mut self, host: &Host, old: &Stat) -> Result<bool, Failure> {
        match &self.origin {
            Origin::Bytes(bytes) => {
                Ok(old.size == bytes.len() as u64
                    && host.read(&self.dest)?.as_deref() == Some(bytes))
            }
            Origin::Controller(content) => Ok(old.size == content.size
                && host.sha256(&self.dest)?.as_deref() == Some(&content.sha256)),
            Origin::Host(path) => {
                let mut source = open_source(host, path)?;
                let found = source.metadata();
                let size = found.map_err(|error| unreadable(path, &error))?.len();
                // Files of the kernel have no size until they are read.
                if size > 0 && size != old.size {
                    return Ok(false);
                }
                // The source has been found to have the checksum that was given, if one was.
                if let Some(wanted) = &self.checksum {
                    let Some(mut file) = host.open(&self.dest)? else {
                        return Ok(false);
                    };
                    let found = wanted.pass(&mut file, &mut io::sink());
                    return found
                        .map(|found| found == *wanted)
                        .map_err(|error| unreadable(&self.dest, &error));
                }
                let sum = sha256_of(&mut source).map_err(|error| unreadable(path, &error))?;
                Ok(host.sha256(&self.dest)?.as_deref() == Some(&sum))
            }
            Origin::Remote(remote) => {
                let Some(mut file) = host.open(&self.dest)? else {
                    return Ok(false);
                };
                if let Some(is_wanted) = remote.is_known(&mut file) {
                    return is_wanted.map_err(|error| unreadable(&self.dest, &error));
                }
                let mut fetched = remote.fetch(host)?;
                let sum = sha256_of(&mut fetched)
                    .and_then(|sum| fetched.rewind().map(|()| sum))
                    .map_err(|error| unreadable(&self.dest, &error))?;
                self.origin = Origin::Fetched(fetched);
                Ok(host.sha256(&self.dest)?.as_deref() == Some(&sum))
            }
            Origin::Fetched(_) => Ok(false),
        }
    }

    /// Plans the content. A file that is shown in the diff is fetched once, for that and for writing it.
    fn write(mut self, host: &Host, plan: &mut Plan, old: Option<&Stat>) -> Result<(), Failure> {
        if let Origin::Controller(content) = &self.origin
            && content.size <= MAX_SHOWN as u64
        {
            self.origin = Origin::Bytes(host.fetch(content)?);
        }
        if let Origin::Host(path) = &self.origin {
            open_source(host, path)?;
        }
        let diff = self.diff(host, old)?;
        let shown = self.dest.display().to_string();
        let what = match old {
            Some(_) => format!("content of {shown}"),
            None => format!("file {shown}"),
        };
        if self.backup && old.is_some() {
            backup(host, plan, &self.dest)?;
        }
        let attributes = self.permissions.of_file(old);
        plan.change(what, diff, move |writer| {
            let mut content = self.origin.open(writer)?;
            let written = Cell::new(None);
            writer.replace_file_if(
                &self.dest,
                attributes,
                |file| {
                    written.set(content.write(writer, file, self.checksum.as_ref())?);
                    Ok(())
                },
                |new| {
                    if let (Some(found), Some(wanted)) = (written.take(), &self.checksum) {
                        check_sum(&shown, Ok(found), wanted)?;
                    }
                    match &self.validate {
                        Some(command) => accept(writer, command, new),
                        None => Ok(()),
                    }
                },
            )?;
            Ok(Output::new())
        });
        Ok(())
    }

    fn diff(&self, host: &Host, old: Option<&Stat>) -> Result<Diff, Failure> {
        let is_short = |stat: &Stat| stat.size <= MAX_SHOWN as u64;
        if !old.is_none_or(is_short) {
            return Ok(Diff::default());
        }
        let before = match old {
            Some(_) => host.read(&self.dest)?,
            None => None,
        };
        match &self.origin {
            Origin::Bytes(bytes) => Ok(Diff::contents(before.as_deref(), Some(bytes))),
            Origin::Controller(_) | Origin::Remote(_) | Origin::Fetched(_) => Ok(Diff::default()),
            Origin::Host(path) => {
                let stat = host.stat(&host.resolve(path)?)?;
                if !stat.as_ref().is_some_and(is_short) {
                    return Ok(Diff::default());
                }
                let after = host.read(path)?;
                Ok(Diff::contents(before.as_deref(), after.as_deref()))
            }
        }
    }
}

/// Plans to keep the file `path` under a name made from its content: nothing is ever kept twice.
fn backup(host: &Host, plan: &mut Plan, path: &Path) -> Result<(), Failure> {
    let Some(sum) = host.sha256(path)? else {
        return Ok(());
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let kept = path.with_file_name(format!("{name}.{}~", &sum[..12]));
    plan.output("backup_file", kept.to_string_lossy());
    if host.stat(&kept)?.is_some() {
        return Ok(());
    }
    let path = path.to_owned();
    // The new file takes the old one's name by a rename, so another link to the old one keeps it as it is.
    let what = format!("backup of {}", path.display());
    plan.change(what, Diff::default(), move |writer| {
        writer.hard_link(&kept, &path)?;
        Ok(Output::new())
    });
    Ok(())
}

/// The file `path` of the host, following links. Nothing but a regular file is opened: a pipe would block.
pub(crate) fn open_source(host: &Host, path: &Path) -> Result<File, Failure> {
    let is_file = host
        .stat(&host.resolve(path)?)?
        .is_some_and(|stat| stat.kind == FileKind::File);
    let missing = || Failure::new(format!("there is no file `{}`", path.display()));
    if !is_file {
        return Err(missing());
    }
    host.open(path)?.ok_or_else(missing)
}

/// Refuses content that is not what it must be.
fn check_sum(name: &str, found: io::Result<Checksum>, wanted: &Checksum) -> Result<(), Failure> {
    match found {
        Ok(found) if found == *wanted => Ok(()),
        Ok(found) => Err(Failure::new(format!(
            "{name} has the checksum {found}, expected {wanted}"
        ))),
        Err(error) => Err(Failure::new(format!("cannot read {name}: {error}"))),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()))
}

/// Checks the command of a `validate` argument.
pub(crate) fn check_validate(command: Option<&str>) -> Result<(), ArgError> {
    let Some(command) = command else {
        return Ok(());
    };
    match shell_words::split(command) {
        Ok(words) if words.iter().any(|word| word.contains("%s")) => Ok(()),
        Ok(_) => Err(ArgError::of(
            "validate",
            "`%s` must stand for the file to check",
        )),
        Err(error) => Err(ArgError::of("validate", error.to_string())),
    }
}

/// Runs the command on the new file.
fn accept(writer: &Writer<'_>, command: &str, new: &Path) -> Result<(), Failure> {
    let new = new.to_string_lossy();
    let words = shell_words::split(command)
        .map_err(|error| ArgError::of("validate", error.to_string()))?
        .into_iter()
        .map(|word| word.replace("%s", &new));
    let program = Program {
        argv: words.map(Into::into).collect(),
        ..Program::default()
    };
    writer.run_checked(&program).map(drop)
}
