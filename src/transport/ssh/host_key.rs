//! Whether the key that a host shows is accepted: the `known_hosts` files of a run, and recording new keys.
//!
//! Every file is read once. What the lines mean is said in `known_hosts`.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use russh::keys::{Algorithm, HashAlg, PublicKey};

use super::expand_home;
use super::known_hosts::{self, Record, Verdict};
use crate::transport::error::HostKeyError;
use crate::transport::settings::{Address, ConnectionSettings, HostKeyChecking};

/// The file of the whole system.
const SYSTEM_FILE: &str = "/etc/ssh/ssh_known_hosts";

/// The `known_hosts` files that were read in this run.
#[derive(Debug, Default)]
pub(super) struct KnownHostsFiles {
    files: Mutex<BTreeMap<PathBuf, Arc<KnownHostsFile>>>,
}

#[derive(Debug)]
struct KnownHostsFile {
    path: PathBuf,
    records: RwLock<Vec<Record>>,
}

/// What is known of one host, and what to do with what is not.
#[derive(Debug)]
pub(super) struct HostKeyCheck {
    address: Address,
    checking: HostKeyChecking,
    /// New keys are recorded in the first one.
    files: Vec<Arc<KnownHostsFile>>,
    /// Whether a key was accepted in the place of another one that is recorded.
    changed: AtomicBool,
}

impl KnownHostsFiles {
    /// The check for the host of `settings`.
    pub(super) fn check(
        &self,
        settings: &ConnectionSettings,
    ) -> Result<HostKeyCheck, HostKeyError> {
        let paths = if let Some(file) = &settings.known_hosts_file {
            vec![expand_home(file)]
        } else {
            let home = std::env::home_dir().map(|home| home.join(".ssh/known_hosts"));
            home.into_iter().chain([SYSTEM_FILE.into()]).collect()
        };
        let files = paths.into_iter().map(|path| {
            self.open(&path)
                .map_err(|source| HostKeyError::Read { file: path, source })
        });
        Ok(HostKeyCheck {
            address: settings.address.clone(),
            checking: settings.host_key_checking,
            files: files.collect::<Result<_, _>>()?,
            changed: AtomicBool::new(false),
        })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<KnownHostsFile>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(path) {
            return Ok(Arc::clone(file));
        }
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let file = Arc::new(KnownHostsFile {
            path: path.to_owned(),
            records: RwLock::new(known_hosts::parse(path, &String::from_utf8_lossy(&bytes))),
        });
        files.insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }
}

impl HostKeyCheck {
    /// The types of host keys to ask for, first those that are recorded: a host that is known by one of its
    /// keys must show that one.
    pub(super) fn prefer(&self, offered: &[Algorithm]) -> Vec<Algorithm> {
        let recorded = self
            .with_records(|records| known_hosts::algorithms(records.into_iter(), &self.address));
        let is_recorded = |offered: &Algorithm| {
            recorded.iter().any(|recorded| match (recorded, offered) {
                // How an RSA key signs is not a matter of the key.
                (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
                _ => recorded == offered,
            })
        };
        let (mut first, last): (Vec<_>, Vec<_>) = offered.iter().cloned().partition(is_recorded);
        first.extend(last);
        first
    }

    /// Accepts `key`, records it if it is new and may be, or says why not. May wait for a file.
    pub(super) fn accept(&self, key: &PublicKey) -> Result<(), HostKeyError> {
        let name = known_hosts::name(&self.address);
        let shown = describe(key);
        let authority = self.with_records(|records| {
            let changed = match known_hosts::judge(records.into_iter(), &self.address, key) {
                Verdict::Revoked(record) => {
                    return Err(HostKeyError::Revoked {
                        name: name.clone(),
                        key: shown.clone(),
                        place: record.place.clone(),
                    });
                }
                Verdict::Match => return Ok(None),
                Verdict::Unknown(authority) => {
                    return Ok(Some(authority.map(|record| record.place.clone())));
                }
                Verdict::Changed(record) => record,
            };
            match self.checking {
                HostKeyChecking::Off => {
                    self.changed.store(true, Ordering::Relaxed);
                    Ok(None)
                }
                HostKeyChecking::Strict | HostKeyChecking::AcceptNew => {
                    Err(HostKeyError::Changed {
                        name: name.clone(),
                        key: shown.clone(),
                        recorded: describe(changed.key()),
                        place: changed.place.clone(),
                    })
                }
            }
        })?;
        match (authority, self.checking) {
            (None, _) | (_, HostKeyChecking::Off) => Ok(()),
            (Some(authority), HostKeyChecking::Strict) => Err(HostKeyError::Unknown {
                name,
                key: shown,
                authority,
            }),
            (Some(_), HostKeyChecking::AcceptNew) => self.record(name, key),
        }
    }

    /// Whether the host has another key than the recorded one, and may be another host.
    pub(super) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    fn with_records<T>(&self, judge: impl FnOnce(Vec<&Record>) -> T) -> T {
        let guards: Vec<_> = self
            .files
            .iter()
            .map(|file| file.records.read().unwrap_or_else(PoisonError::into_inner))
            .collect();
        judge(guards.iter().flat_map(|records| records.iter()).collect())
    }

    fn record(&self, name: String, key: &PublicKey) -> Result<(), HostKeyError> {
        let Some(file) = self.files.first() else {
            return Ok(());
        };
        file.append(&self.address, key)
            .map_err(|source| HostKeyError::Record {
                name,
                file: file.path.clone(),
                source,
            })
    }
}

impl KnownHostsFile {
    /// Appends a line with one write, while nobody else of us writes to the file.
    fn append(&self, address: &Address, key: &PublicKey) -> io::Result<()> {
        let name = known_hosts::name(address);
        if name.contains(|letter: char| letter.is_whitespace() || ",*?!#|@".contains(letter)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the name holds letters of special meaning there",
            ));
        }
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = self.path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        *records = known_hosts::parse(&self.path, &String::from_utf8_lossy(&bytes));
        match known_hosts::judge(records.iter(), address, key) {
            Verdict::Unknown(_) => {}
            // Another login to the same address was faster.
            Verdict::Match => return Ok(()),
            Verdict::Changed(_) | Verdict::Revoked(_) => {
                return Err(io::Error::other("another key has just been recorded there"));
            }
        }
        let unfinished = bytes.last().is_some_and(|byte| *byte != b'\n');
        let line = format!(
            "{}{name} {}\n",
            if unfinished { "\n" } else { "" },
            PublicKey::from(key.key_data().clone())
                .to_openssh()
                .map_err(io::Error::other)?
        );
        file.write_all(line.as_bytes())?;
        bytes.extend(line.as_bytes());
        *records = known_hosts::parse(&self.path, &String::from_utf8_lossy(&bytes));
        Ok(())
    }
}

/// Type and fingerprint, as `ssh-keygen -l` shows them.
fn describe(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjAlxwYtepIo/4JhqFRcGav066FvDupsBhM41+v5Pyh";
    const NEW: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKF+CqRQCBYupwoY6H8AN8GeXaHj+Wxy6lsbrsL8xv2o";

    fn settings(file: &Path, host: &str, checking: HostKeyChecking) -> ConnectionSettings {
        ConnectionSettings {
            known_hosts_file: Some(file.to_owned()),
            host_key_checking: checking,
            ..ConnectionSettings::ssh(Address {
                host: host.into(),
                port: 22,
            })
        }
    }

    fn check(file: &Path, checking: HostKeyChecking, key: &str) -> Result<(), HostKeyError> {
        let key = key.parse().unwrap();
        KnownHostsFiles::default()
            .check(&settings(file, "h", checking))?
            .accept(&key)
    }

    #[test]
    fn a_new_key_is_recorded_once_if_it_may_be() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("new/known_hosts");
        let unknown = check(&file, HostKeyChecking::Strict, OLD).unwrap_err();
        assert!(matches!(unknown, HostKeyError::Unknown { .. }), "{unknown}");
        check(&file, HostKeyChecking::Off, OLD).unwrap();
        assert!(!file.exists());
        check(&file, HostKeyChecking::AcceptNew, OLD).unwrap();
        check(&file, HostKeyChecking::AcceptNew, OLD).unwrap();
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            format!("h {OLD}\n")
        );
        check(&file, HostKeyChecking::Strict, OLD).unwrap();
    }

    #[test]
    fn a_key_that_was_recorded_in_this_run_is_known_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("known_hosts");
        std::fs::write(&file, format!("other {NEW}")).unwrap();
        let files = KnownHostsFiles::default();
        let settings = settings(&file, "h", HostKeyChecking::AcceptNew);
        files
            .check(&settings)
            .unwrap()
            .accept(&OLD.parse().unwrap())
            .unwrap();
        let changed = files
            .check(&settings)
            .unwrap()
            .accept(&NEW.parse().unwrap());
        let changed = changed.unwrap_err().to_string();
        assert!(
            changed.contains(&format!("{}:2 records ssh-ed25519", file.display())),
            "{changed}"
        );
        assert!(
            changed.contains(&format!("`ssh-keygen -f '{}' -R 'h'`", file.display())),
            "{changed}"
        );
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            format!("other {NEW}\nh {OLD}\n")
        );
    }

    #[test]
    fn a_changed_or_revoked_key_is_not_accepted_as_new() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("known_hosts");
        std::fs::write(&file, format!("h {OLD}\n")).unwrap();
        check(&file, HostKeyChecking::AcceptNew, NEW).unwrap_err();
        check(&file, HostKeyChecking::Off, NEW).unwrap();
        std::fs::write(&file, format!("@revoked h {OLD}\n")).unwrap();
        for checking in [
            HostKeyChecking::Strict,
            HostKeyChecking::AcceptNew,
            HostKeyChecking::Off,
        ] {
            let revoked = check(&file, checking, OLD).unwrap_err().to_string();
            assert!(revoked.contains("known_hosts:1"), "{revoked}");
        }
    }

    #[test]
    fn a_name_with_letters_of_meaning_is_not_recorded() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("known_hosts");
        let settings = settings(&file, "a,b", HostKeyChecking::AcceptNew);
        let check = KnownHostsFiles::default().check(&settings).unwrap();
        check.accept(&OLD.parse().unwrap()).unwrap_err();
        assert!(!file.exists());
    }

    #[test]
    fn recorded_types_are_asked_for_first() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("known_hosts");
        let ecdsa = include_str!("testdata/ecdsa.pub");
        std::fs::write(&file, format!("h {ecdsa}")).unwrap();
        let check = KnownHostsFiles::default()
            .check(&settings(&file, "h", HostKeyChecking::Strict))
            .unwrap();
        let ecdsa: PublicKey = ecdsa.parse().unwrap();
        let offered = [Algorithm::Ed25519, ecdsa.algorithm()];
        assert_eq!(
            check.prefer(&offered),
            [ecdsa.algorithm(), Algorithm::Ed25519]
        );
    }
}
