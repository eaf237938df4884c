//! The manifest of a pod network is brought into a cluster. The host is this machine, kubectl a stand-in that is told what to
//! answer. What real ones do is shown on clusters.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Notes its verbs. Something differs; a rollout says what the first line of `rollouts` says, and succeeds without one.
const KUBECTL: &str = r#"#!/bin/sh
directory=${0%/*}
case " $* " in
*' diff '*)
  echo diff >>"$directory/asked"
  echo "diff -u -N /tmp/LIVE-1/v1.ConfigMap.kube-system.net /tmp/MERGED-2/v1.ConfigMap.kube-system.net"
  exit 1
  ;;
*' apply '*) echo apply >>"$directory/asked" ;;
*' rollout '*)
  echo rollout >>"$directory/asked"
  [ -s "$directory/rollouts" ] || exit 0
  head -n 1 "$directory/rollouts" >&2
  sed -i 1d "$directory/rollouts"
  exit 1
  ;;
*' daemonsets '*) printf '%s\n' kube-system/kube-proxy kube-flannel/kube-flannel-ds ;;
*' pods '*) printf '%s\n' 'net-1 1/1 Running h1' 'net-2 0/1 Pending h2' ;;
*' events '*) echo 'net-2 FailedMount no such directory' ;;
esac
"#;

struct Site(tempfile::TempDir);

impl Site {
    /// Two hosts, and what rollouts will say.
    fn new(rollouts: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path();
        let write =
            |name: &str, text: &str| fs::write(place.join(name), text).expect("a file is written");
        write("kubectl", KUBECTL);
        fs::set_permissions(place.join("kubectl"), fs::Permissions::from_mode(0o755))
            .expect("a mode");
        write("rollouts", rollouts);
        // As the probe of `kubernetes/cluster_state` would have said.
        write(
            "alone.yaml",
            "- hosts: k8s_cluster
  vars: {kube_admin_host: h1}
  tasks:
    - import_role: {name: network_plugin/manifest, tasks_from: alone}
      vars: {manifest_name: \"{{ network }}\"}
",
        );
        write(
            "site.yaml",
            "- hosts: k8s_cluster
  tasks:
    - import_role: {name: network_plugin/manifest, tasks_from: apply}
      when: inventory_hostname == 'h1'
      vars:
        manifest_name: net
        manifest_rollouts: [{namespace: kube-system, what: daemonset/net}]
",
        );
        write(
            "inventory.yaml",
            &format!(
                "all:
  vars: {{ansible_connection: local, kube_path: '{}:/usr/bin:/bin'}}
  children:
    kube_control_plane: {{hosts: {{h1: }}}}
    kube_node: {{hosts: {{h2: }}}}
    k8s_cluster: {{children: {{kube_control_plane: , kube_node: }}}}
",
                place.display()
            ),
        );
        Self(directory)
    }

    /// Runs it with the project's roles; what it says, and what kubectl was asked.
    #[track_caller]
    fn run(&self, code: i32, more: &[&str]) -> (String, String) {
        self.play("site.yaml", code, more)
    }

    #[track_caller]
    fn play(&self, book: &str, code: i32, more: &[&str]) -> (String, String) {
        let place = self.0.path();
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_provision"))
            .current_dir(place)
            .env("HOME", place)
            .env("XDG_CACHE_HOME", place.join("cache"))
            .env("NO_COLOR", "1")
            .args(["--no-record", "-i", "inventory.yaml", "--roles-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/roles"))
            .arg(book)
            .args(more)
            .stdin(Stdio::null())
            .output()
            .expect("provision runs");
        let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        assert_eq!(status.code(), Some(code), "{said}");
        let asked = fs::read_to_string(Path::new(place).join("asked")).unwrap_or_default();
        (said, asked.replace('\n', " ").trim().to_owned())
    }
}

#[track_caller]
fn assert_says(said: &str, text: &str) {
    assert!(said.contains(text), "it does not say `{text}`:\n{said}");
}

#[test]
fn a_second_pod_network_is_refused_and_the_same_one_is_not() {
    let site = Site::new("");
    site.play("alone.yaml", 0, &["-e", "network=flannel"]);
    let (said, _) = site.play("alone.yaml", 2, &["-e", "network=calico"]);
    assert_says(&said, "the cluster has flannel");
    assert!(!said.contains("kube-proxy"), "{said}");
}

#[test]
fn what_differs_is_named_applied_and_waited_for() {
    let (said, asked) = Site::new("").run(0, &[]);
    assert_says(&said, "v1.ConfigMap.kube-system.net");
    assert_eq!(asked, "diff apply rollout");
}

#[test]
fn check_mode_only_says_what_differs() {
    let (said, asked) = Site::new("").run(0, &["--check"]);
    assert_says(&said, "v1.ConfigMap.kube-system.net");
    assert_eq!(asked, "diff");
}

#[test]
fn nobody_waits_for_a_host_that_takes_no_part() {
    let (said, asked) = Site::new("").run(0, &["--limit", "h1"]);
    assert_says(&said, "h2 took no part in this run");
    assert_eq!(asked, "diff apply");
}

#[test]
fn a_deadline_that_has_passed_before_is_waited_out() {
    let late = "error: deployment \"net\" exceeded its progress deadline\n";
    let (_, asked) = Site::new(late).run(0, &[]);
    assert_eq!(asked, "diff apply rollout rollout");
}

#[test]
fn pods_that_do_not_become_ready_are_shown_with_what_keeps_them() {
    let (said, asked) = Site::new("error: timed out\n").run(2, &[]);
    assert_says(&said, "net has not become ready: error: timed out");
    assert_says(&said, "net-2 0/1 Pending");
    assert_says(&said, "FailedMount no such directory");
    assert!(!said.contains("net-1 1/1"), "{said}");
    assert_eq!(asked, "diff apply rollout");
}
