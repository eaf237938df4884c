//! etcd as a service of three hosts of its own, with a cluster of one control plane and one worker on top.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cluster::{Cluster, Layout, kubectl};
use crate::common::lab::{lab, on, wait_until};

/// Asks etcd through the member of a host.
fn etcdctl(arguments: &str) -> String {
    format!(
        "ETCDCTL_CACERT=/etc/ssl/etcd/ssl/ca.pem ETCDCTL_CERT=/etc/ssl/etcd/ssl/member.pem \
         ETCDCTL_KEY=/etc/ssl/etcd/ssl/member-key.pem ETCDCTL_ENDPOINTS=https://127.0.0.1:2379 \
         /usr/local/bin/etcdctl {arguments}"
    )
}

/// The names of the voting members that have started.
fn voters(host: &str) -> Vec<String> {
    let members = on(host, &etcdctl("member list"));
    let mut names: Vec<_> = members
        .lines()
        .map(|line| line.split(", ").collect::<Vec<_>>())
        .filter(|fields| fields[1] == "started" && fields[5] == "false")
        .map(|fields| fields[2].to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_cluster_keeps_its_data_in_etcd_on_hosts_of_its_own() {
    let layout = Layout {
        control_planes: 1,
        workers: 1,
        etcd: 3,
    };
    let cluster = Cluster::take(3, layout, &json!({"etcd_deployment_type": "host"}));
    cluster.reset();
    let [first, second, third] = [0, 1, 2].map(|index| &cluster.etcd[index]);
    let control_plane = &cluster.control_planes[0];

    cluster.provision(&["--check"]).assert_code(0);
    cluster.provision(&[]).assert_code(0);
    cluster.assert_ready();
    assert_eq!(voters(first), cluster.etcd);
    on(
        control_plane,
        "test ! -e /etc/kubernetes/manifests/etcd.yaml; test ! -d /var/lib/etcd/member",
    );
    cluster.kubectl("create configmap kept");
    let keys = on(
        third,
        &etcdctl("get --keys-only /registry/configmaps/default/kept"),
    );
    assert_eq!(keys.trim(), "/registry/configmaps/default/kept");
    let again = cluster.provision(&[]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());

    // Drift on one member, which is announced and repaired, while the others are not restarted.
    let started =
        || [first, third].map(|host| on(host, "systemctl show --value --property MainPID etcd"));
    let running = started();
    on(
        second,
        "sed -i 's/^ETCD_SNAPSHOT_COUNT=.*/ETCD_SNAPSHOT_COUNT=7/' /etc/etcd.env; systemctl restart etcd",
    );
    let check = cluster.provision(&["--check"]);
    check.assert_code(0);
    let announced = check.changes();
    assert_eq!(announced.keys().collect::<Vec<_>>(), [second]);
    cluster.provision(&[]).assert_code(0);
    on(
        second,
        "tr '\\0' '\\n' </proc/$(systemctl show --value --property MainPID etcd)/environ | grep -x ETCD_SNAPSHOT_COUNT=100000",
    );
    assert_eq!(started(), running);

    // Without one member all goes on.
    lab(&["fault", third, "poweroff"]);
    wait_until(
        control_plane,
        &kubectl("create configmap written-without-one"),
    );
    lab(&["fault", third, "start"]);
    wait_until(third, &etcdctl("endpoint health"));

    // The first member, which has made the CA, loses its data: it joins again only if that is asked for.
    on(first, "systemctl stop etcd; rm -r /var/lib/etcd/member");
    let refused = cluster.provision(&[]);
    refused.assert_code(2);
    assert!(
        refused.stdout.contains("etcd_member_rejoin"),
        "{}",
        refused.stdout
    );
    cluster
        .provision(&["--extra-vars", "{etcd_member_rejoin: true}"])
        .assert_code(0);
    assert_eq!(voters(first), cluster.etcd);
    let kept = on(
        first,
        &etcdctl("get --keys-only /registry/configmaps/default/ --prefix"),
    );
    for name in ["kept", "written-without-one"] {
        assert!(kept.contains(&format!("/default/{name}\n")), "{kept}");
    }
    cluster.assert_ready();
    let last = cluster.provision(&[]);
    last.assert_code(0);
    assert_eq!(last.changes(), BTreeMap::new());
    cluster.remove();
}
