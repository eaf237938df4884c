//! What dpkg says is installed, read from its own files: no program is started and nothing is locked.
//!
//! This module must not write; changing packages is the business of apt.

pub mod version;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::host::Host;
use crate::plan::Failure;

const STATUS: &str = "/var/lib/dpkg/status";
const UPDATES: &str = "/var/lib/dpkg/updates";

/// How far a package is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Installed and configured.
    Installed,
    /// Removed, but its configuration files are still there.
    ConfigFiles,
    /// Something went wrong half-way.
    Broken,
    /// Not there.
    Absent,
}

/// A package of one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its architecture, or `all`.
    pub architecture: String,
    /// Its version; empty if it is not there.
    pub version: String,
    /// How far it is installed.
    pub state: State,
    /// Whether the administrator put it on hold.
    pub held: bool,
}

/// The packages that dpkg knows.
#[derive(Debug, Default)]
pub struct Database {
    packages: BTreeMap<String, Vec<Package>>,
    provides: BTreeMap<String, Vec<String>>,
}

/// Tells one version of the status file from another without reading it.
#[derive(PartialEq)]
struct Mark {
    path: PathBuf,
    inode: u64,
    size: u64,
    mtime: (i64, i64),
}

thread_local! {
    /// The last database that was read. A play asks for it once per package task, and it is some megabytes.
    static CACHE: RefCell<Option<(Mark, Rc<Database>)>> = const { RefCell::new(None) };
}

impl Database {
    /// The host's database. It is read anew only when the file has changed.
    pub fn read(host: &Host) -> Result<Rc<Self>, Failure> {
        let journal = journal(host)?;
        let mark = mark(host).filter(|_| journal.is_empty());
        let cached = CACHE.with_borrow(|cache| match (cache, &mark) {
            (Some((cached, database)), Some(mark)) if cached == mark => Some(Rc::clone(database)),
            _ => None,
        });
        if let Some(database) = cached {
            return Ok(database);
        }
        let mut database = Self::default();
        for path in std::iter::once(PathBuf::from(STATUS)).chain(journal) {
            let content = host.read(&path)?.unwrap_or_default();
            database.add(&String::from_utf8_lossy(&content));
        }
        let database = Rc::new(database);
        // The mark was taken before reading: a file that changed meanwhile will not match it.
        CACHE.set(mark.map(|mark| (mark, Rc::clone(&database))));
        Ok(database)
    }

    /// Adds the paragraphs of a status file. A later paragraph replaces an earlier one of the same package.
    fn add(&mut self, text: &str) {
        text.split("\n\n")
            .filter_map(Paragraph::parse)
            .for_each(|paragraph| self.add_paragraph(&paragraph));
    }

    fn add_paragraph(&mut self, paragraph: &Paragraph<'_>) {
        let package = paragraph.package();
        if package.state == State::Installed {
            for virtual_name in paragraph.provides() {
                self.provides
                    .entry(virtual_name.to_owned())
                    .or_default()
                    .push(paragraph.name.to_owned());
            }
        }
        let same_name = self.packages.entry(paragraph.name.to_owned()).or_default();
        same_name.retain(|other| other.architecture != package.architecture);
        same_name.push(package);
    }

    /// The package called `name`, which may end in `:ARCHITECTURE`. Without that it is the host's own.
    pub fn package(&self, name: &str) -> Option<&Package> {
        let (name, wanted) = match name.split_once(':') {
            Some((name, architecture)) => (name, Some(architecture)),
            None => (name, self.native()),
        };
        let candidates = self.packages.get(name)?;
        match wanted {
            Some("any") | None => candidates.first(),
            Some(wanted) => candidates
                .iter()
                .find(|package| package.architecture == wanted || package.architecture == "all"),
        }
    }

    /// The package called `name` if it is installed.
    pub fn installed(&self, name: &str) -> Option<&Package> {
        self.package(name)
            .filter(|package| package.state == State::Installed)
    }

    /// The first installed package that provides the virtual package `name`.
    pub fn provider(&self, name: &str) -> Option<&str> {
        let providers = self.provides.get(name)?;
        providers
            .iter()
            .find(|provider| self.installed(provider).is_some())
            .map(String::as_str)
    }

    /// The host's own architecture: that of dpkg itself.
    fn native(&self) -> Option<&str> {
        let dpkg = self.packages.get("dpkg")?.first()?;
        Some(&dpkg.architecture)
    }
}

/// The fields of a paragraph that matter here.
#[derive(Default)]
struct Paragraph<'a> {
    name: &'a str,
    status: &'a str,
    architecture: &'a str,
    version: &'a str,
    provides: &'a str,
}

impl<'a> Paragraph<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut paragraph = Self::default();
        for line in text.lines().filter(|line| !line.starts_with([' ', '\t'])) {
            let Some((field, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match field {
                "Package" => paragraph.name = value,
                "Status" => paragraph.status = value,
                "Architecture" => paragraph.architecture = value,
                "Version" => paragraph.version = value,
                "Provides" => paragraph.provides = value,
                _ => {}
            }
        }
        (!paragraph.name.is_empty()).then_some(paragraph)
    }

    fn package(&self) -> Package {
        let mut words = self.status.split_ascii_whitespace();
        let want = words.next().unwrap_or_default();
        let state = match words.nth(1) {
            // Awaiting triggers means that other packages still have work to do; this one is complete.
            Some("installed" | "triggers-awaited" | "triggers-pending") => State::Installed,
            Some("config-files") => State::ConfigFiles,
            Some("not-installed") | None => State::Absent,
            Some(_) => State::Broken,
        };
        Package {
            architecture: self.architecture.to_owned(),
            version: self.version.to_owned(),
            state,
            held: want == "hold",
        }
    }

    fn provides(&self) -> impl Iterator<Item = &'a str> {
        self.provides
            .split(',')
            .filter_map(|entry| entry.split([' ', '(']).find(|word| !word.is_empty()))
    }
}

fn mark(host: &Host) -> Option<Mark> {
    let path = host.real_path(Path::new(STATUS));
    let metadata = fs::metadata(&path).ok()?;
    Some(Mark {
        path,
        inode: metadata.ino(),
        size: metadata.size(),
        mtime: (metadata.mtime(), metadata.mtime_nsec()),
    })
}

/// What a dpkg that was interrupted had not yet merged into the status file, oldest first.
fn journal(host: &Host) -> Result<Vec<PathBuf>, Failure> {
    let mut names = host.read_dir(Path::new(UPDATES))?.unwrap_or_default();
    names.retain(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(names
        .iter()
        .map(|name| Path::new(UPDATES).join(name))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::host::{NoContents, Program, ProgramOutput, Programs};

    const TEXT: &str = "\
Package: dpkg
Essential: yes
Status: install ok installed
Architecture: amd64
Version: 1.21.22
Description: Debian package management system
 This package provides the low-level infrastructure for handling the
 Version: 9 of nothing.

Package: mawk
Status: install ok installed
Architecture: amd64
Version: 1.3.4.20200120-3.1
Provides: awk, posix-awk (= 1.0)

Package: libc6
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 2.36-8

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9+deb12u10

Package: kubelet
Status: hold ok installed
Architecture: amd64
Version: 1.31.2-1.1

Package: nginx
Status: deinstall ok config-files
Architecture: all
Version: 1.22.1-9

Package: man-db
Status: install ok triggers-pending
Architecture: amd64
Version: 2.11.2-2

Package: postfix
Status: install ok half-configured
Architecture: amd64
Version: 3.7.11-0

Package: ancient
Status: purge ok not-installed
Architecture: all
";

    struct NoPrograms;

    impl Programs for NoPrograms {
        fn run(&self, _: &Program) -> io::Result<ProgramOutput> {
            Err(io::Error::other("no program may be started"))
        }
    }

    fn database(text: &str) -> Database {
        let mut database = Database::default();
        database.add(text);
        database
    }

    fn version<'a>(database: &'a Database, name: &str) -> Option<&'a str> {
        database.installed(name).map(|package| &*package.version)
    }

    #[test]
    fn installed_packages_have_their_version() {
        let database = database(TEXT);
        assert_eq!(version(&database, "dpkg"), Some("1.21.22"));
        assert_eq!(version(&database, "man-db"), Some("2.11.2-2"));
        assert_eq!(version(&database, "curl"), None);
    }

    #[test]
    fn a_name_without_architecture_means_the_hosts_own() {
        let database = database(TEXT);
        assert_eq!(version(&database, "libc6"), Some("2.36-9+deb12u10"));
        assert_eq!(version(&database, "libc6:i386"), Some("2.36-8"));
        assert_eq!(version(&database, "libc6:arm64"), None);
    }

    #[test]
    fn removed_and_broken_packages_are_not_installed() {
        let database = database(TEXT);
        let state = |name| database.package(name).map(|package| package.state);
        assert_eq!(state("nginx"), Some(State::ConfigFiles));
        assert_eq!(state("postfix"), Some(State::Broken));
        assert_eq!(state("ancient"), Some(State::Absent));
        assert!(database.installed("nginx").is_none());
    }

    #[test]
    fn holds_are_known() {
        let database = database(TEXT);
        assert!(database.package("kubelet").is_some_and(|p| p.held));
        assert!(database.package("dpkg").is_some_and(|p| !p.held));
    }

    #[test]
    fn virtual_packages_have_providers() {
        let database = database(TEXT);
        assert_eq!(database.provider("awk"), Some("mawk"));
        assert_eq!(database.provider("posix-awk"), Some("mawk"));
        assert_eq!(database.provider("mail-transport-agent"), None);
    }

    #[test]
    fn the_database_is_read_again_only_when_it_changed() {
        let root = tempfile::tempdir().expect("a scratch directory");
        let host = Host::new(root.path(), Box::new(NoPrograms), Box::new(NoContents));
        let status = host.real_path(Path::new(STATUS));
        fs::create_dir_all(status.parent().expect("it has one")).expect("it can be changed");
        fs::write(&status, TEXT).expect("it can be changed");
        let first = Database::read(&host).expect("it can be read");
        assert!(Rc::ptr_eq(
            &first,
            &Database::read(&host).expect("it can be read")
        ));

        fs::write(&status, TEXT.replace("1.21.22", "1.22")).expect("it can be changed");
        let second = Database::read(&host).expect("it can be read");
        assert_eq!(version(&second, "dpkg"), Some("1.22"));
    }

    #[test]
    fn what_an_interrupted_dpkg_left_counts() {
        let root = tempfile::tempdir().expect("a scratch directory");
        let host = Host::new(root.path(), Box::new(NoPrograms), Box::new(NoContents));
        let updates = host.real_path(Path::new(UPDATES));
        fs::create_dir_all(&updates).expect("it can be changed");
        fs::write(host.real_path(Path::new(STATUS)), TEXT).expect("it can be changed");
        let half = "Package: mawk\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 2\n";
        fs::write(updates.join("0001"), half).expect("it can be changed");
        assert!(
            Database::read(&host)
                .expect("it can be read")
                .installed("mawk")
                .is_none()
        );

        fs::remove_file(updates.join("0001")).expect("it can be changed");
        assert!(
            Database::read(&host)
                .expect("it can be read")
                .installed("mawk")
                .is_some()
        );
    }

    #[test]
    fn a_host_without_dpkg_has_no_packages() {
        let root = tempfile::tempdir().expect("a scratch directory");
        let host = Host::new(root.path(), Box::new(NoPrograms), Box::new(NoContents));
        assert!(
            Database::read(&host)
                .expect("it can be read")
                .package("dpkg")
                .is_none()
        );
    }
}
