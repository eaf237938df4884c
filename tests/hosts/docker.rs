//! Docker Engine from Debian, and Mirantis Container Runtime from stand-ins of its packages, on hosts of their own.

use serde_json::{Value, json};

use crate::common::run::Run;
use crate::lab::{Lab, lab, on, yaml};

/// Runs a role of a container engine on one host.
fn engine(taken: &Lab, host: &str, role: &str, more: &[&str]) -> Run {
    let book = yaml(&format!(
        "- hosts: {host}\n  become: true\n  roles: [container_engine/{role}]\n"
    ));
    let path = book.path().to_str().expect("UTF-8");
    let mut arguments = vec!["--limit", host, "--roles-path", "roles", path];
    arguments.extend(more);
    taken.provision(&arguments)
}

/// Runs the role of Docker, which must refuse the host with words of these, and change nothing.
#[track_caller]
fn refused(taken: &Lab, host: &str, words: &[&str]) {
    let look =
        "cat /etc/docker/daemon.json; ls -la /etc/docker /etc/systemd/system; dpkg-query --list";
    let before = on(host, look);
    let run = engine(taken, host, "docker", &[]);
    run.assert_code(2);
    for word in words {
        assert!(
            run.stdout.contains(word),
            "it does not say `{word}`:\n{}",
            run.stdout
        );
    }
    assert_eq!(run.changes().get(host), None);
    assert_eq!(on(host, look), before);
}

fn settings(host: &str) -> Value {
    serde_json::from_str(&on(host, "cat /etc/docker/daemon.json")).expect("JSON")
}

fn cgroup_driver(host: &str) -> String {
    on(
        host,
        "docker info --format '{{.CgroupDriver}} {{.CgroupVersion}}'",
    )
}

/// Runs a container of the lab's image.
fn assert_a_container_runs(taken: &Lab, host: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let archive = directory.path().join("busybox.tar");
    let archive = archive.to_str().expect("UTF-8");
    lab(&["image", archive]);
    let book = yaml(&format!(
        "- hosts: {host}\n  become: true\n  tasks:\n    - copy: {{src: {archive}, dest: /root/busybox.tar}}\n"
    ));
    taken
        .provision(&["--limit", host, book.path().to_str().expect("UTF-8")])
        .assert_code(0);
    on(host, "docker load --input /root/busybox.tar");
    let users = on(
        host,
        "docker run --rm --network none busybox:lab cat /etc/passwd",
    );
    assert_eq!(users, "root:x:0:0:root:/root:/bin/sh\n");
}

#[test]
fn docker_keeps_the_settings_of_others_and_refuses_what_would_not_start() {
    let taken = Lab::take();
    let (host, _guard) = taken.another("trixie");
    on(&host, "mkdir /etc/docker");

    // What dockerd would not start with is refused before there is a dockerd.
    on(
        &host,
        r#"echo '{"live-restore": true, "log-opts": {"tag": "x"}}' > /etc/docker/daemon.json
        echo 'DOCKER_OPTS="--iptables=false --log-opt max-size=1m"' > /etc/default/docker"#,
    );
    refused(
        &taken,
        &host,
        &[
            "`iptables`",
            "`--iptables`",
            "/etc/default/docker",
            "docker_iptables_enabled",
        ],
    );
    on(
        &host,
        r#"rm /etc/default/docker; cp /etc/docker/daemon.json /root
        printf '{\n  "live-restore": true\n  "debug": true\n}\n' > /etc/docker/daemon.json"#,
    );
    refused(
        &taken,
        &host,
        &["/etc/docker/daemon.json", "not JSON", "line 3 column 3"],
    );

    on(&host, "mv /root/daemon.json /etc/docker");
    engine(&taken, &host, "docker", &[]).assert_code(0);
    let expected = json!({
        "live-restore": true,
        "log-opts": {"tag": "x", "max-size": "50m", "max-file": "5"},
        "log-driver": "json-file",
        "exec-opts": ["native.cgroupdriver=systemd"],
        "data-root": "/var/lib/docker",
        "iptables": false,
    });
    assert_eq!(settings(&host), expected);
    assert_eq!(cgroup_driver(&host), "systemd 2\n");
    let again = engine(&taken, &host, "docker", &[]);
    again.assert_code(0);
    assert_eq!(again.recap(&host, "changed"), 0);
    assert_a_container_runs(&taken, &host);

    // A drop-in as Kubespray writes it.
    on(
        &host,
        r#"printf '[Service]\nEnvironment="DOCKER_OPTS=--data-root=/srv"\n' > /etc/systemd/system/docker.service.d/options.conf
        systemctl daemon-reload"#,
    );
    refused(
        &taken,
        &host,
        &[
            "`data-root`",
            "docker.service.d/options.conf",
            "docker_daemon_graph",
        ],
    );
    on(
        &host,
        "rm /etc/systemd/system/docker.service.d/options.conf; systemctl daemon-reload",
    );

    // Somebody changes the cgroup driver, and Docker has taken it over.
    on(
        &host,
        "sed -i 's/=systemd/=cgroupfs/' /etc/docker/daemon.json; systemctl restart docker",
    );
    let check = engine(&taken, &host, "docker", &["--check"]);
    check.assert_code(0);
    assert_eq!(cgroup_driver(&host), "cgroupfs 2\n");
    engine(&taken, &host, "docker", &[]).assert_code(0);
    assert_eq!(
        check.changes()[&host],
        [
            "content of /etc/docker/daemon.json",
            "service docker: restarted"
        ]
    );
    assert_eq!(settings(&host), expected);
    assert_eq!(cgroup_driver(&host), "systemd 2\n");

    // A mirror needs no restart.
    let start = "systemctl show --property MainPID --value docker";
    let running = on(&host, start);
    let mirrors = r#"{"docker_registry_mirrors": ["https://mirror.example"]}"#;
    engine(&taken, &host, "docker", &["--extra-vars", mirrors]).assert_code(0);
    assert_eq!(on(&host, start), running);
    let known = on(&host, "docker info --format '{{.RegistryConfig.Mirrors}}'");
    assert_eq!(known, "[https://mirror.example/]\n");
}

/// The packages are stand-ins: this shows the order of what is done, not that Mirantis' packages work.
#[test]
fn mirantis_container_runtime_is_installed_from_a_repository_whose_key_is_known() {
    let taken = Lab::take();
    let (host, _guard) = taken.another("bookworm");
    let fingerprint = on(&host, include_str!("mirantis_stand_ins.sh"));
    let licence = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(licence.path(), "key of the customer\n").expect("the licence");
    let mut variables = json!({
        "container_manager": "mcr",
        "mcr_repo_url": "file:///srv/mirantis",
        "mcr_channel": "stable-lab",
        "mcr_license_file": licence.path(),
    });

    // The key is not the one that is expected of Mirantis, and its packages are not asked for.
    let run = engine(
        &taken,
        &host,
        "mcr",
        &["--extra-vars", &variables.to_string()],
    );
    run.assert_code(2);
    for word in [
        fingerprint.trim(),
        "mcr_repo_key_fingerprint",
        "/etc/apt/keyrings/mirantis.asc",
    ] {
        assert!(
            run.stdout.contains(word),
            "it does not say `{word}`:\n{}",
            run.stdout
        );
    }
    on(&host, "test ! -e /etc/apt/sources.list.d/mirantis.sources");

    variables["mcr_repo_key_fingerprint"] = fingerprint.trim().into();
    let variables = variables.to_string();
    let run = engine(&taken, &host, "mcr", &["--extra-vars", &variables]);
    run.assert_code(0);
    assert!(!run.stdout.contains("key of the customer"));
    assert_eq!(cgroup_driver(&host), "systemd 2\n");
    assert_eq!(
        on(
            &host,
            "sed -n 's/.* install \\(containerd.io\\|docker-ee\\|docker-ee-cli\\):.*/\\1/p' /var/log/dpkg.log"
        ),
        "containerd.io\ndocker-ee\ndocker-ee-cli\n"
    );
    assert_eq!(
        on(&host, "apt-mark showhold"),
        "containerd.io\ndocker-ee\ndocker-ee-cli\n"
    );
    assert_eq!(
        on(
            &host,
            "stat -c '%a %U' /var/lib/docker/docker.lic; cat /var/lib/docker/docker.lic"
        ),
        "600 root\nkey of the customer\n"
    );
    let again = engine(&taken, &host, "mcr", &["--extra-vars", &variables]);
    again.assert_code(0);
    assert_eq!(again.recap(&host, "changed"), 0);
    assert_a_container_runs(&taken, &host);
}
