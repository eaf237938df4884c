//! The directory from which the clusters are made. Must not know hosts.

use std::env;
use std::fs;
use std::path::PathBuf;

/// A directory in the layout of `artifacts_dir`.
pub(crate) struct Artifacts {
    pub(crate) directory: PathBuf,
    /// The one version of Kubernetes that is in it.
    pub(crate) kube_version: String,
}

impl Artifacts {
    /// The directory that `ARTIFACTS` names. It must hold the programs of exactly one version of Kubernetes.
    pub(crate) fn find() -> Self {
        let named = env::var("ARTIFACTS").expect(
            "ARTIFACTS names a directory in the layout of `artifacts_dir`: `make test-cluster ARTIFACTS=/srv/artifacts`",
        );
        let directory = fs::canonicalize(&named)
            .unwrap_or_else(|error| panic!("ARTIFACTS={named} cannot be used: {error}"));
        let releases = directory.join("dl.k8s.io/release");
        let entries = fs::read_dir(&releases)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", releases.display()));
        let mut versions: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .filter_map(|name| name.to_str()?.strip_prefix('v').map(str::to_owned))
            .collect();
        versions.sort();
        assert_eq!(
            versions.len(),
            1,
            "{} must hold one version of Kubernetes, not {versions:?}",
            releases.display()
        );
        Self {
            directory,
            kube_version: versions.remove(0),
        }
    }

    /// The file with variables that go with the files, such as their checksums where they were built by hand.
    pub(crate) fn variables(&self) -> Option<PathBuf> {
        Some(self.directory.join("vars.yaml")).filter(|path| path.exists())
    }
}
