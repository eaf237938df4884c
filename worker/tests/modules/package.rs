//! `package` uses what the host has.

use serde_json::{Value, json};

use crate::support::{Case, Scripted, exits, file, says};

/// A host with an rpm database that knows `curl`, and `jq` if `/jq` exists; `/bin/vi` is provided.
fn rpm(manager: &'static str) -> Scripted {
    const QUERY: [&str; 4] = [
        "rpm -q --queryformat=%{VERSION}-%{RELEASE}\n -- curl",
        "rpm -q --queryformat=%{VERSION}-%{RELEASE}\n -- jq",
        "rpm -q --queryformat=%{VERSION}-%{RELEASE}\n -- /bin/vi",
        "rpm -q --queryformat=%{VERSION}-%{RELEASE}\n --whatprovides -- jq",
    ];
    let provides = "rpm -q --queryformat=%{VERSION}-%{RELEASE}\n --whatprovides -- /bin/vi";
    Scripted::new()
        .reads(QUERY[0], |_| says("7.76.1-29.el9\n"))
        .reads(QUERY[1], |root| match root.read("/jq") {
            Some(version) => says(&version),
            None => exits(1, ""),
        })
        .reads(QUERY[2], |_| exits(1, ""))
        .reads(QUERY[3], |_| exits(1, ""))
        .reads(provides, |_| says("8.2\n"))
        .writes(manager, |root| {
            root.write("/jq", "1.6-2\n");
            says("")
        })
}

fn case(args: Value, program: &str, programs: Scripted) -> Case {
    Case::new("package", args)
        .before([file(&format!("/usr/bin/{program}"), "").mode(0o755)])
        .programs(programs)
}

#[test]
fn missing_packages_are_installed_by_one_call() {
    let args = || json!({"name": ["curl", "jq", "/bin/vi"]});
    for (program, call) in [
        ("dnf", "dnf --assumeyes --quiet install jq"),
        ("yum", "yum --assumeyes --quiet install jq"),
        ("zypper", "zypper --non-interactive --quiet install jq"),
    ] {
        let ran = case(args(), program, rpm(call))
            .changes(["package jq"])
            .after([file("/jq", "1.6-2\n")])
            .run();
        assert!(ran.command_lines().iter().any(|line| line == call));
        assert_eq!(ran.applied["rc"], 0);
    }
}

#[test]
fn outdated_packages_are_upgraded() {
    let programs =
        rpm("dnf --assumeyes --quiet upgrade jq").reads("dnf --quiet check-update", |root| {
            if root.read("/jq").as_deref() == Some("1.6-2\n") {
                return says("");
            }
            let mut output = exits(100, "");
            output.stdout = b"\njq.x86_64   1.6-2   appstream\n".into();
            output
        });
    let ran = case(
        json!({"name": ["curl", "jq"], "state": "latest"}),
        "dnf",
        programs,
    )
    .before([file("/jq", "1.6-1\n")])
    .changes(["package jq"])
    .after([file("/jq", "1.6-2\n")])
    .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("1.6-1"));
}

#[test]
fn packages_are_removed() {
    let programs = rpm("dnf install").writes("dnf --assumeyes --quiet remove jq", |root| {
        root.remove("/jq");
        says("")
    });
    case(json!({"name": "jq", "state": "absent"}), "dnf", programs)
        .before([file("/jq", "1.6-1\n")])
        .changes(["package jq"])
        .gone(["/jq"])
        .run();
}

#[test]
fn apk_lists_what_it_has() {
    let programs = Scripted::new()
        .reads("apk info -e curl jq", |root| match root.read("/jq") {
            Some(_) => says("curl\njq\n"),
            None => says("curl\n"),
        })
        .writes("apk --no-progress add jq", |root| {
            root.write("/jq", "");
            says("")
        });
    case(json!({"name": ["curl", "jq"]}), "apk", programs)
        .changes(["package jq"])
        .after([file("/jq", "")])
        .run();
}

#[test]
fn apt_is_used_where_there_is_apt() {
    let status = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n";
    case(json!({"name": "curl"}), "apt-get", Scripted::new())
        .before([file("/var/lib/dpkg/status", status)])
        .run();
}

#[test]
fn a_host_without_package_manager_is_refused() {
    let failure = Case::new("package", json!({"name": "curl"})).plan_fails();
    assert!(
        failure.message.contains("none of the package managers"),
        "{failure:?}"
    );
    let failure = Case::new("package", json!({"name": "--root=/x"})).plan_fails();
    assert!(
        failure.message.contains("expected the name of a package"),
        "{failure:?}"
    );
}
