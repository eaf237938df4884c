//! `apt` decides from dpkg's files, and handles all packages of a task by one call.

use serde_json::{Value, json};

use crate::support::{Case, Entry, Scripted, dir, exits, file, says};

const STATUS: &str = "/var/lib/dpkg/status";
const STAMP: &str = "/var/lib/apt/periodic/update-success-stamp";

fn package(name: &str, status: &str, version: &str) -> String {
    format!("Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n\n")
}

fn base() -> String {
    package("dpkg", "install ok installed", "1.21.22")
        + &package("curl", "install ok installed", "7.88.1-10")
        + &package("kubelet", "hold ok installed", "1.31.2-1.1")
        + &package("nginx", "deinstall ok config-files", "1.22.1-9")
        + &package("mawk", "install ok installed", "1.3").replace("\n\n", "\nProvides: awk\n\n")
}

fn host() -> [Entry; 3] {
    [
        file(STATUS, base()),
        file("/var/lib/apt/lists/deb.debian.org_InRelease", ""),
        dir("/var/lib/apt/periodic"),
    ]
}

/// An apt that turns the status file into `status` by `command`.
fn apt(command: &'static str, status: &str) -> Scripted {
    let status = status.to_owned();
    Scripted::new().writes(command, move |root| {
        root.write(STATUS, &status);
        says("Setting up ...\n")
    })
}

fn case(args: Value) -> Case {
    Case::new("apt", args).before(host())
}

#[test]
fn installed_packages_cost_no_program() {
    let ran =
        case(json!({"name": ["curl", "dpkg=1.21*", "curl:amd64"], "update_cache": true})).run();
    assert_eq!(ran.command_lines(), [""; 0]);
}

#[test]
fn all_missing_packages_are_installed_by_one_call() {
    let status = base()
        + &package("socat", "install ok installed", "1.7")
        + &package("jq", "install ok installed", "1.6");
    let ran = case(json!({"name": ["curl", "socat", "jq"], "install_recommends": false}))
        .programs(apt("apt-get install", &status))
        .changes(["package socat", "package jq"])
        .after([file(STATUS, status)])
        .run();
    assert_eq!(
        ran.command_lines(),
        [
            "apt-get install -y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
          -o APT::Install-Recommends=false -o DPkg::Lock::Timeout=60 -o Dpkg::Use-Pty=0 -- socat jq"
        ]
    );
    let environment = &ran.programs[0].environment;
    assert!(environment.contains(&("DEBIAN_FRONTEND".into(), "noninteractive".into())));
    assert_eq!(ran.diffs[0].before, None);
    assert_eq!(ran.diffs[0].after.as_deref(), Some("present"));
    assert_eq!(ran.applied["stdout"], "Setting up ...");
    assert_eq!(ran.applied["cache_updated"], false);
}

#[test]
fn old_lists_are_refreshed_before_an_installation() {
    let status = base() + &package("jq", "install ok installed", "1.6");
    let args = json!({"name": "jq", "update_cache": true});
    let ran = case(args)
        .programs(apt("apt-get install", &status).writes("apt-get update", |_| says("")))
        .changes(["package jq"])
        .after([file(STATUS, &status), file(STAMP, "")])
        .run();
    assert!(ran.command_lines()[0].starts_with("apt-get update -q"));
    assert_eq!(ran.applied["cache_updated"], true);

    let args =
        json!({"name": "jq", "update_cache": true, "cache_valid_time": 1_000_000_000_000_u64});
    case(args)
        .programs(apt("apt-get install", &status))
        .changes(["package jq"])
        .after([file(STATUS, &status)])
        .run();
}

#[test]
fn lists_alone_are_refreshed_when_they_are_old() {
    case(json!({"update_cache": true}))
        .programs(Scripted::new().writes("apt-get update", |_| says("")))
        .changes(["package lists of apt"])
        .after([file(STAMP, "")])
        .run();
    case(json!({"update_cache": true, "cache_valid_time": 1_000_000_000_000_u64})).run();
}

#[test]
fn a_lock_on_the_lists_is_a_failure_in_the_end() {
    let locked = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt)\n";
    let failure = case(json!({"update_cache": true, "lock_timeout": 0}))
        .programs(Scripted::new().writes("apt-get update", move |_| exits(100, locked)))
        .apply_fails();
    assert_eq!(
        failure.message,
        "`apt-get`: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt)"
    );
}

#[test]
fn another_version_is_installed() {
    let status = base().replace("7.88.1-10", "7.88.1-11");
    let ran = case(json!({"name": "curl=7.88.1-11"}))
        .programs(apt("apt-get install", &status))
        .changes(["package curl"])
        .after([file(STATUS, status)])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("7.88.1-10"));
    assert_eq!(ran.diffs[0].after.as_deref(), Some("7.88.1-11"));
}

#[test]
fn an_older_version_needs_permission() {
    let failure = case(json!({"name": "curl=7.74.0-1"})).plan_fails();
    assert!(
        failure.message.contains("`allow_downgrade: true`"),
        "{failure:?}"
    );
    let status = base().replace("7.88.1-10", "7.74.0-1");
    let ran = case(json!({"name": "curl=7.74.0-1", "allow_downgrade": true}))
        .programs(apt("apt-get install", &status))
        .changes(["package curl"])
        .after([file(STATUS, status)])
        .run();
    assert!(ran.command_lines()[0].contains(" --allow-downgrades "));
}

#[test]
fn a_refresh_that_stands_still_is_begun_anew_twice() {
    let ran = case(json!({"update_cache": true}))
        .programs(Scripted::new().hangs_while_limited("apt-get update"))
        .changes(["package lists of apt"])
        .after([file(STAMP, "")])
        .run();
    assert_eq!(ran.command_lines().len(), 3);
}

#[test]
fn a_held_package_needs_permission() {
    case(json!({"name": "kubelet=1.31.*"})).run();
    for args in [
        json!({"name": "kubelet=1.32.*"}),
        json!({"name": "kubelet", "state": "absent"}),
    ] {
        let failure = case(args).plan_fails();
        assert!(
            failure.message.contains("is on hold in version 1.31.2-1.1"),
            "{failure:?}"
        );
    }
    let status = base().replace("1.31.2-1.1", "1.32.0-1.1");
    let args = json!({"name": "kubelet=1.32.*", "allow_change_held_packages": true});
    let ran = case(args)
        .programs(apt("apt-get install", &status))
        .changes(["package kubelet"])
        .after([file(STATUS, status)])
        .run();
    assert!(ran.command_lines()[0].ends_with(" --allow-change-held-packages -- kubelet=1.32.*"));
}

#[test]
fn a_virtual_package_is_there_when_it_is_provided() {
    let policy = "awk:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n";
    case(json!({"name": "awk"}))
        .programs(Scripted::new().reads("apt-cache policy -- awk", move |_| says(policy)))
        .run();
}

#[test]
fn the_newest_version_is_installed() {
    let policy = "curl:\n  Installed: 7.88.1-10\n  Candidate: 7.88.1-12\n\
                  dpkg:\n  Installed: 1.21.22\n  Candidate: 1.21.22\n";
    let status = base().replace("7.88.1-10", "7.88.1-12");
    let programs = apt("apt-get install", &status)
        .reads("apt-cache policy -- curl dpkg", move |_| says(policy));
    let ran = case(json!({"name": ["curl", "dpkg", "kubelet"], "state": "latest"}))
        .programs(programs)
        .changes(["package curl"])
        .after([file(STATUS, status)])
        .run();
    assert_eq!(ran.diffs[0].after.as_deref(), Some("7.88.1-12"));
    assert_eq!(ran.applied["held"], json!(["kubelet"]));
}

#[test]
fn the_newest_version_in_lists_still_to_come_is_unknown() {
    let programs = Scripted::new()
        .writes("apt-get update", |_| says(""))
        .writes("apt-get install", |_| {
            says("curl is already the newest version\n")
        });
    case(json!({"name": "curl", "state": "latest", "update_cache": true}))
        .programs(programs)
        .changes(["newest version of curl"])
        .after([file(STAMP, "")])
        .unpredictable()
        .run();
}

#[test]
fn a_removal_lists_all_that_goes() {
    let status = package("dpkg", "install ok installed", "1.21.22");
    let simulated = "Reading package lists...\nRemv curl [7.88.1-10]\nRemv mawk [1.3]\n";
    let programs = apt("apt-get remove", &status)
        .reads("apt-get --simulate remove -- curl", move |_| {
            says(simulated)
        });
    let ran = case(json!({"name": ["curl", "vim", "nginx"], "state": "absent"}))
        .programs(programs)
        .changes(["package curl", "package mawk"])
        .after([file(STATUS, status)])
        .run();
    assert_eq!(ran.diffs[1].before.as_deref(), Some("1.3"));
    assert_eq!(ran.diffs[1].after, None);
}

#[test]
fn a_purge_removes_what_a_removal_left() {
    let status = base().replace("deinstall ok config-files", "purge ok not-installed");
    let programs = apt("apt-get remove", &status)
        .reads("apt-get --simulate remove --purge -- nginx", |_| {
            says("Purg nginx [1.22.1-9]\n")
        });
    case(json!({"name": "nginx", "state": "absent", "purge": true}))
        .programs(programs)
        .changes(["package nginx"])
        .after([file(STATUS, status)])
        .run();
}

#[test]
fn what_nothing_needs_is_removed() {
    let status = base().replace(
        "curl\nStatus: install ok installed",
        "curl\nStatus: purge ok not-installed",
    );
    let programs = apt("apt-get remove -y -q", &status).reads(
        "apt-get --simulate remove --auto-remove --",
        |root| {
            let installed = root
                .read(STATUS)
                .is_some_and(|s| s.contains("curl\nStatus: install"));
            says(if installed {
                "Remv curl [7.88.1-10]\n"
            } else {
                ""
            })
        },
    );
    case(json!({"autoremove": true}))
        .programs(programs)
        .changes(["package curl"])
        .after([file(STATUS, status)])
        .run();
}

#[test]
fn a_host_without_dpkg_is_refused() {
    let failure = Case::new("apt", json!({"name": "curl", "state": "absent"})).plan_fails();
    assert!(
        failure.message.contains("not managed by apt"),
        "{failure:?}"
    );
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for args in [
        json!({}),
        json!({"name": "-y"}),
        json!({"name": "curl=1", "state": "latest"}),
        json!({"name": "curl=1", "state": "absent"}),
    ] {
        case(args).plan_fails();
    }
}
