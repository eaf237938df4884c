//! Hosts get into the desired state, stay there, and come back to it.

use std::collections::BTreeMap;

use crate::lab::{Lab, accepted_connections, files, on};

const SITE: &str = "playbooks/container_engine.yaml";

#[test]
fn a_first_run_converges_and_a_second_changes_nothing() {
    let lab = Lab::pristine();

    let first = lab.provision(&[SITE]);
    first.assert_code(0);
    for host in &lab.hosts {
        assert_ne!(first.recap(host, "changed"), 0);
        assert_eq!(first.recap(host, "failed"), 0);
        assert_eq!(on(host, "systemctl is-active containerd"), "active\n");
        // What the role wrote into a directory that systemd did not know is in effect.
        assert_eq!(
            on(
                host,
                "systemctl show --value --property LimitMEMLOCK containerd"
            ),
            "infinity\n"
        );
    }

    let before: Vec<_> = lab
        .hosts
        .iter()
        .map(|host| accepted_connections(host))
        .collect();
    let second = lab.provision(&[SITE]);
    second.assert_code(0);
    assert_eq!(second.changes(), BTreeMap::new());
    for (host, before) in lab.hosts.iter().zip(before) {
        assert_eq!(second.recap(host, "changed"), 0);
        assert_eq!(
            accepted_connections(host) - before,
            1,
            "a run makes one connection"
        );
    }
}

#[test]
fn drift_on_one_host_is_announced_and_repaired() {
    let lab = Lab::converged();
    let drifted = &lab.hosts[1];
    on(
        drifted,
        "echo '# drift' >>/etc/containerd/config.toml
         systemctl stop containerd
         sysctl --quiet --write net.ipv4.ip_forward=0
         dpkg --remove ethtool",
    );
    let files_before = lab.hosts.each_ref().map(|host| files(host));

    let check = lab.provision(&[SITE, "--check", "--diff"]);
    check.assert_code(0);
    let drift = [
        "package ethtool",
        "sysctl net.ipv4.ip_forward live value",
        "content of /etc/containerd/config.toml",
        "service containerd: started",
        "service containerd: restarted",
    ];
    let drift = BTreeMap::from([(drifted.clone(), drift.map(str::to_owned).to_vec())]);
    assert_eq!(check.changes(), drift);
    let configuration = &check.results("the configuration")[drifted]["changes"][0]["diff"];
    let [before, after] =
        ["before", "after"].map(|side| configuration[side].as_str().expect("a text"));
    assert_eq!(before, format!("{after}# drift\n"));

    for (host, before) in lab.hosts.iter().zip(&files_before) {
        let after = files(host);
        let different: Vec<_> = before.symmetric_difference(&after).collect();
        assert_eq!(different, [""; 0], "check mode changed files of {host}");
    }
    assert_eq!(
        on(drifted, "systemctl is-active containerd || true"),
        "inactive\n"
    );
    assert_eq!(on(drifted, "cat /proc/sys/net/ipv4/ip_forward"), "0\n");

    let repair = lab.provision(&[SITE]);
    repair.assert_code(0);
    assert_eq!(repair.changes(), drift);
    assert_eq!(on(drifted, "systemctl is-active containerd"), "active\n");
    assert_eq!(on(drifted, "cat /proc/sys/net/ipv4/ip_forward"), "1\n");
    on(
        drifted,
        "dpkg --verify ethtool && ! grep drift /etc/containerd/config.toml",
    );

    let again = lab.provision(&[SITE]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
}

#[test]
fn a_host_of_another_release_converges_with_the_same_worker() {
    let lab = Lab::take();
    let (trixie, _guard) = lab.another("trixie");

    let first = lab.provision(&[SITE, "--limit", &trixie]);
    first.assert_code(0);
    assert_eq!(first.hosts(), std::slice::from_ref(&trixie));
    assert_ne!(first.recap(&trixie, "changed"), 0);

    let second = lab.provision(&[SITE, "--limit", &trixie]);
    second.assert_code(0);
    assert_eq!(second.changes(), BTreeMap::new());
}
