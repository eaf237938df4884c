//! The runtime that the roles install runs containers, under the cgroup driver that it was told to use.

use crate::lab::{Lab, lab, on};

#[test]
fn a_container_from_a_local_archive_runs_on_every_host() {
    let taken = Lab::converged();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let archive = directory.path().join("busybox.tar");
    let archive = archive.to_str().expect("UTF-8");
    lab(&["image", archive]);

    // The name of the kernel's release is the host's, the user's database is the image's own.
    let run = taken.provision(&[
        "playbooks/container_smoke.yaml",
        "--extra-vars",
        &format!("{{smoke_image_archive: {archive}, smoke_command: [cat, /etc/passwd], smoke_output: 'root:x:0:0:root:/root:/bin/sh'}}"),
    ]);
    run.assert_code(0);
    for host in &taken.hosts {
        let stdout = &run.results("run a container")[host]["registered"]["stdout"];
        assert_eq!(stdout, "root:x:0:0:root:/root:/bin/sh");
    }
}

#[test]
fn the_runtime_reports_the_configured_cgroup_driver() {
    let lab = Lab::converged();
    for host in &lab.hosts {
        let lines = on(
            host,
            "grep SystemdCgroup /etc/containerd/config.toml; containerd config dump | grep SystemdCgroup",
        );
        let values: Vec<_> = lines.lines().map(str::trim).collect();
        assert_eq!(values, ["SystemdCgroup = true", "SystemdCgroup = true"]);
    }
}
