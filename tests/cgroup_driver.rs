//! Each row of the table of cgroup drivers, with facts that are given: which hosts are refused, which get a warning, and
//! what follows for the kubelet. All rows are local hosts of one run. What runtimes really report is shown on hosts.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use self::Verdict::{Refused, Right, Warned};

enum Verdict {
    Right,
    /// It is gone on with, and this is said.
    Warned(&'static str),
    /// Nothing is changed, and this is said.
    Refused(&'static str),
}

/// What is said of a host, its variables beyond those of `DEFAULTS`, the verdict, the driver, and whether the kubelet needs
/// a setting of its own.
type Row = (&'static str, &'static str, Verdict, &'static str, bool);

/// A host of today: cgroup v2, systemd, a runtime that tells the kubelet its driver.
const DEFAULTS: &str = "cgroup_version: 2, cgroup_init: systemd, cgroup_systemd_version: 252, cgroup_kernel: '6.1', \
    cgroup_pods_driver: null, kube_version: 1.36.4, container_manager: containerd, cri_installed_version: 2.3.4";

const ROWS: &[Row] = &[
    // cgroup v2 and systemd.
    ("target", "", Right, "systemd", false),
    (
        "target_said",
        "cgroup_driver: systemd",
        Right,
        "systemd",
        false,
    ),
    (
        "second_manager",
        "cgroup_driver: cgroupfs",
        Refused("would be a second manager beside systemd"),
        "cgroupfs",
        false,
    ),
    (
        "second_manager_allowed",
        "cgroup_driver: cgroupfs, allow_cgroupfs_on_systemd: true",
        Warned("is a second manager beside systemd"),
        "cgroupfs",
        false,
    ),
    // The kubelet's differs from the runtime's.
    (
        "differs_no_answer",
        "kubelet_cgroup_driver: cgroupfs, cri_installed_version: 1.7.34",
        Refused(
            "the kubelet is to use `cgroupfs` and the runtime `systemd`, and pods would not start",
        ),
        "systemd",
        true,
    ),
    (
        "differs_not_installed",
        "kubelet_cgroup_driver: cgroupfs, cri_installed_version: ''",
        Refused(
            "the kubelet is to use `cgroupfs` and the runtime `systemd`, and pods would not start",
        ),
        "systemd",
        true,
    ),
    (
        "differs_too_old_to_ask",
        "kubelet_cgroup_driver: cgroupfs, kube_version: 1.33.13",
        Refused(
            "the kubelet is to use `cgroupfs` and the runtime `systemd`, and pods would not start",
        ),
        "systemd",
        true,
    ),
    (
        "differs_and_asks",
        "kubelet_cgroup_driver: cgroupfs, kube_version: 1.34.11",
        Warned(
            "is `systemd`, although `cgroupfs` is declared: it takes what containerd 2.3.4 reports",
        ),
        "systemd",
        false,
    ),
    // cgroup v1.
    (
        "v1_last",
        "cgroup_version: 1, kube_version: 1.34.11",
        Right,
        "systemd",
        false,
    ),
    (
        "v1_refused",
        "cgroup_version: 1, kube_version: 1.35.8",
        Refused(
            "this host has cgroup v1, and the kubelet of Kubernetes 1.35.8 does not run with it",
        ),
        "systemd",
        false,
    ),
    (
        "v1_allowed",
        "cgroup_version: 1, kube_version: 1.35.8, kubelet_fail_cgroup_v1: false",
        Warned("with which the kubelet of Kubernetes 1.35.8 runs only because"),
        "systemd",
        false,
    ),
    (
        "v1_openrc",
        "cgroup_version: 1, cgroup_init: openrc, cgroup_systemd_version: null, kube_version: 1.34.11",
        Right,
        "cgroupfs",
        false,
    ),
    (
        "v1_openrc_systemd",
        "cgroup_version: 1, cgroup_init: openrc, kube_version: 1.34.11, cgroup_driver: systemd",
        Refused("needs systemd, but this host runs openrc"),
        "systemd",
        false,
    ),
    (
        "v1_openrc_refused",
        "cgroup_version: 1, cgroup_init: openrc, kube_version: 1.36.4",
        Refused("this host has cgroup v1"),
        "cgroupfs",
        false,
    ),
    (
        "v2_openrc",
        "cgroup_init: openrc",
        Warned("cgroup v2 without systemd"),
        "cgroupfs",
        false,
    ),
    (
        "no_cgroups",
        "cgroup_version: null",
        Refused("nothing is mounted"),
        "systemd",
        false,
    ),
    // CRI-O's monitors.
    (
        "crio_cgroupfs",
        "container_manager: crio, cri_installed_version: 1.36.3, cgroup_driver: cgroupfs, cgroup_init: openrc, \
         cgroup_version: 1, kube_version: 1.34.11",
        Right,
        "cgroupfs",
        false,
    ),
    (
        "crio_conmon",
        "container_manager: crio, cri_installed_version: 1.36.3, crio_conmon_cgroup: system.slice, \
         cgroup_driver: cgroupfs, cgroup_init: openrc, cgroup_version: 1, kube_version: 1.34.11",
        Refused(
            "CRI-O does not start with the cgroup driver `cgroupfs` and `conmon_cgroup = \"system.slice\"`",
        ),
        "cgroupfs",
        false,
    ),
    // Versions.
    (
        "containerd_old",
        "cri_installed_version: 1.3.9",
        Refused(
            "containerd 1.3.9 does not know cgroup v2, which this host has: it takes 1.4.0 or newer",
        ),
        "systemd",
        true,
    ),
    (
        "crio_old",
        "container_manager: crio, cri_installed_version: 1.19.7",
        Refused(
            "crio 1.19.7 does not know cgroup v2, which this host has: it takes 1.20.0 or newer",
        ),
        "systemd",
        true,
    ),
    (
        "containerd_old_v1",
        "cri_installed_version: 1.3.9, cgroup_version: 1, kube_version: 1.34.11",
        Right,
        "systemd",
        true,
    ),
    (
        "containerd_1_7",
        "cri_installed_version: 1.7.34",
        Right,
        "systemd",
        true,
    ),
    (
        "containerd_2_0",
        "cri_installed_version: 2.0.0",
        Right,
        "systemd",
        false,
    ),
    (
        "kubernetes_1_33",
        "kube_version: 1.33.13",
        Right,
        "systemd",
        true,
    ),
    (
        "kubernetes_1_34",
        "kube_version: 1.34.0",
        Right,
        "systemd",
        false,
    ),
    (
        "crio_1_27",
        "container_manager: crio, cri_installed_version: 1.27.9",
        Right,
        "systemd",
        true,
    ),
    (
        "crio_1_28",
        "container_manager: crio, cri_installed_version: 1.28.0",
        Right,
        "systemd",
        false,
    ),
    (
        "cri_dockerd_0_3_16",
        "container_manager: docker, cri_installed_version: 0.3.16",
        Right,
        "systemd",
        true,
    ),
    (
        "cri_dockerd_0_3_17",
        "container_manager: docker, cri_installed_version: 0.3.17",
        Right,
        "systemd",
        false,
    ),
    (
        "mcr_0_4",
        "container_manager: mcr, cri_installed_version: 0.4.0",
        Right,
        "systemd",
        false,
    ),
    (
        "systemd_old",
        "cgroup_systemd_version: 219, cgroup_version: 1, kube_version: 1.34.11",
        Refused("needs systemd 228 or newer, but this host has 219"),
        "systemd",
        false,
    ),
    (
        "kernel_old",
        "cgroup_kernel: '5.4'",
        Warned("Linux 5.8 or newer for Kubernetes, and this host has 5.4"),
        "systemd",
        false,
    ),
    // Pods that run already.
    (
        "pods_same",
        "cgroup_pods_driver: systemd",
        Right,
        "systemd",
        false,
    ),
    (
        "pods_differ",
        "cgroup_pods_driver: cgroupfs",
        Refused(
            "the pods of this host run with the cgroup driver `cgroupfs`, and `systemd` is asked for",
        ),
        "systemd",
        false,
    ),
    (
        "pods_migrated",
        "cgroup_pods_driver: cgroupfs, cgroup_driver_migrate: true",
        Right,
        "systemd",
        false,
    ),
    (
        "pods_both",
        "cgroup_pods_driver: both",
        Warned("this host has the cgroups kubepods and kubepods.slice"),
        "systemd",
        false,
    ),
];

/// What follows is written out before the rules can end the run.
const PLAYBOOK: &str = "
- hosts: all
  tasks:
    - import_role: {name: container_engine/cgroup_driver, tasks_from: runtime}
    - name: follows
      debug: {msg: '{{ cgroup_driver_effective }} {{ kubelet_cgroup_driver_needed }}'}
    - import_role: {name: container_engine/cgroup_driver}
    - name: gone on with
      debug: {msg: changes}
";

#[test]
fn every_row_of_the_table_has_its_verdict() {
    let (code, events) = run(PLAYBOOK, &inventory());
    assert_eq!(code, Some(2));
    for (host, variables, verdict, driver, needed) in ROWS {
        let about = format!("{host}: {variables}");
        assert_eq!(
            message(&events, host, "follows").as_deref(),
            Some(&*format!("{driver} {needed}")),
            "{about}"
        );
        let warning = message(&events, host, "what is to be known about the cgroup driver");
        let refusal = message(&events, host, "refuse a cgroup driver that cannot work");
        let gone_on = message(&events, host, "gone on with").is_some();
        match verdict {
            Right => {
                assert_eq!(warning, None, "{about}");
                assert_eq!(refusal.as_deref(), Some(*driver), "{about}");
                assert!(gone_on, "{about}");
            }
            Warned(text) => {
                let warning = warning.expect(&about);
                assert!(warning.contains(text), "{about}: {warning}");
                assert!(gone_on, "{about}");
            }
            Refused(text) => {
                let refusal = refusal.expect(&about);
                assert!(refusal.contains(text), "{about}: {refusal}");
                assert!(!gone_on, "{about}");
            }
        }
    }
}

#[test]
fn a_driver_that_does_not_exist_is_refused_before_the_first_connection() {
    let inventory =
        "all: {vars: {ansible_connection: local}, hosts: {h1: {cgroup_driver: systemdd}}}";
    let output = output(
        "- {hosts: all, roles: [container_engine/cgroup_driver]}\n",
        inventory,
    );
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("`cgroup_driver`") && said.contains("systemdd"),
        "{said}"
    );
}

#[test]
fn a_stock_configuration_of_containerd_is_pointed_out() {
    let stock = tempfile::tempdir().expect("a directory");
    for (host, text) in [
        ("dumped", "[plugins.x.options]\n  SystemdCgroup = false\n"),
        (
            "docker",
            "disabled_plugins = [\"cri\"]\n[plugins.x.options]\nSystemdCgroup = true\n",
        ),
        ("ours", "[plugins.x.options]\nSystemdCgroup = true\n"),
    ] {
        let directory = stock.path().join(host);
        fs::create_dir(&directory).expect("a directory");
        fs::write(directory.join("config.toml"), text).expect("written");
    }
    let inventory = format!(
        "all:\n  vars: {{ansible_connection: local, {DEFAULTS}, \
         containerd_cfg_dir: '{}/{{{{ inventory_hostname }}}}'}}\n  hosts: {{none: , dumped: , docker: , ours: }}\n",
        stock.path().display()
    );
    let (code, events) = run(
        "- {hosts: all, roles: [container_engine/cgroup_driver]}\n",
        &inventory,
    );
    assert_eq!(code, Some(0));
    for (host, said, not_said) in [
        (
            "none",
            "set up for the cgroup driver `cgroupfs`",
            "CRI plugin is disabled",
        ),
        (
            "dumped",
            "set up for the cgroup driver `cgroupfs`",
            "CRI plugin is disabled",
        ),
        (
            "docker",
            "CRI plugin is disabled",
            "set up for the cgroup driver `cgroupfs`",
        ),
    ] {
        let advice = message(
            &events,
            host,
            "what is wrong with containerd's present configuration",
        );
        let advice = advice.unwrap_or_default();
        assert!(
            advice.contains(said) && !advice.contains(not_said),
            "{host}: {advice}"
        );
    }
    assert_eq!(
        message(
            &events,
            "ours",
            "what is wrong with containerd's present configuration"
        ),
        None
    );
}

fn inventory() -> String {
    let mut inventory =
        format!("all:\n  vars: {{ansible_connection: local, {DEFAULTS}}}\n  hosts:\n");
    for (host, variables, ..) in ROWS {
        writeln!(inventory, "    {host}: {{{variables}}}").expect("a string takes all");
    }
    inventory
}

/// Runs a playbook with the project's roles.
fn run(playbook: &str, inventory: &str) -> (Option<i32>, Vec<Value>) {
    let output = output(playbook, inventory);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let events = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    (output.status.code(), events.collect())
}

fn output(playbook: &str, inventory: &str) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("site.yaml"), playbook).expect("written");
    fs::write(directory.path().join("inventory.yaml"), inventory).expect("written");
    Command::new(env!("CARGO_BIN_EXE_provision"))
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .env("XDG_CACHE_HOME", directory.path().join("cache"))
        .args([
            "--no-record",
            "--output",
            "json",
            "-vv",
            "-i",
            "inventory.yaml",
        ])
        .args([
            "--roles-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/roles"),
            "site.yaml",
        ])
        .stdin(Stdio::null())
        .output()
        .expect("provision runs")
}

/// What a task had to say on a host; nothing if it was not carried out.
fn message(events: &[Value], host: &str, task: &str) -> Option<String> {
    let event = events.iter().find(|event| {
        event["event"] == "task_finished"
            && event["host"] == host
            && event["task"]["name"] == task
            && event["result"]["status"] != "skipped"
    })?;
    Some(match &event["result"]["message"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}
