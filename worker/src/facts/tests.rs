//! Facts of this machine, and of trees of files that look like well-known distributions.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::netlink::Interface;
use super::{Files, gather, gather_with};

/// The facts of a host with these files; a path that ends in a slash is a directory.
fn facts(tree: &[(&str, &str)], interfaces: &[Interface]) -> Value {
    let root = tempfile::tempdir().expect("a scratch directory");
    for (path, text) in tree {
        let real = root.path().join(path);
        let directory = if path.ends_with('/') {
            Some(&*real)
        } else {
            real.parent()
        };
        fs::create_dir_all(directory.expect("it is below the root")).expect("a directory");
        if !path.ends_with('/') {
            fs::write(&real, text).expect("a file");
        }
    }
    gather_with(&Files::below(root.path()), interfaces)
}

#[test]
fn debian_12() {
    let os_release = r#"PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
"#;
    let facts = facts(
        &[
            ("etc/os-release", os_release),
            ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
            (
                "etc/hosts",
                "127.0.0.1 localhost\n127.0.1.1 web1.example.org web1 # own\n",
            ),
            (
                "etc/resolv.conf",
                "# by hand\nsearch example.org lan\nnameserver 10.0.0.53\nnameserver 1.1.1.1\n",
            ),
            ("proc/sys/kernel/hostname", "web1\n"),
            ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
            ("proc/uptime", "4711.25 9000.00\n"),
            (
                "proc/meminfo",
                "MemTotal:        4018868 kB\nMemFree:  1 kB\nSwapTotal:       2097148 kB\n",
            ),
            ("sys/devices/system/cpu/online", "0-2,4\n"),
            ("run/systemd/system/", ""),
            (
                "sys/fs/cgroup/cgroup.controllers",
                "cpuset cpu io memory pids\n",
            ),
            (
                &format!(
                    "usr/lib/{}-linux-gnu/systemd/libsystemd-shared-252.so",
                    std::env::consts::ARCH
                ),
                "",
            ),
            ("usr/bin/apt-get", ""),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
            (
                "sys/class/dmi/id/product_name",
                "Standard PC (Q35 + ICH9, 2009)\n",
            ),
        ],
        &[],
    );
    let os = json!({
        "id": "debian",
        "id_like": [],
        "version_id": "12",
        "version_codename": "bookworm",
        "name": "Debian GNU/Linux",
        "pretty_name": "Debian GNU/Linux 12 (bookworm)",
        "family": "debian",
    });
    let cgroup = json!({
        "version": 2,
        "hybrid": false,
        "controllers": ["cpuset", "cpu", "io", "memory", "pids"],
        "init": "systemd",
        "driver": null,
        "kubepods": [],
    });
    let kernel = json!({ "release": "6.1.0-18-amd64", "major": 6, "minor": 1 });
    let dns = json!({ "nameservers": ["10.0.0.53", "1.1.1.1"], "search": ["example.org", "lan"] });
    for (key, expected) in [
        ("os", os),
        ("cgroup", cgroup),
        ("kernel", kernel),
        ("dns", dns),
        ("hostname", "web1".into()),
        ("fqdn", "web1.example.org".into()),
        ("machine_id", "0123456789abcdef0123456789abcdef".into()),
        ("init", "systemd".into()),
        ("service_manager", "systemd".into()),
        ("systemd_version", 252.into()),
        ("package_manager", "apt".into()),
        ("memory_mb", 3924.into()),
        ("swap_mb", 2047.into()),
        ("cpus", 4.into()),
        ("uptime_seconds", 4711.into()),
        ("virtualization", "kvm".into()),
        ("selinux", "disabled".into()),
    ] {
        assert_eq!(facts[key], expected, "{key}");
    }
}

#[test]
fn ubuntu_24_04_is_of_the_debian_family() {
    let os_release = "NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n";
    let tree = [("etc/os-release", os_release), ("usr/bin/apt-get", "")];
    let facts = facts(&tree, &[]);
    assert_eq!(facts["os"]["id"], "ubuntu");
    assert_eq!(facts["os"]["id_like"], json!(["debian"]));
    assert_eq!(facts["os"]["version_id"], "24.04");
    assert_eq!(facts["os"]["family"], "debian");
    assert_eq!(facts["package_manager"], "apt");
}

#[test]
fn rocky_9_is_of_the_redhat_family() {
    let os_release =
        "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n";
    let facts = facts(
        &[
            ("usr/lib/os-release", os_release),
            ("usr/bin/dnf", ""),
            ("usr/bin/yum", ""),
            // Fedora and its children can have it without being managed by it.
            ("usr/bin/apt-get", ""),
            ("usr/lib/systemd/libsystemd-shared-252-32.el9_4.so", ""),
            ("sys/fs/selinux/enforce", "1"),
        ],
        &[],
    );
    assert_eq!(facts["os"]["id_like"], json!(["rhel", "centos", "fedora"]));
    assert_eq!(facts["os"]["version_codename"], Value::Null);
    assert_eq!(facts["os"]["family"], "redhat");
    assert_eq!(facts["package_manager"], "dnf");
    assert_eq!(facts["systemd_version"], 252);
    assert_eq!(facts["selinux"], "enforcing");
}

#[test]
fn cgroups_of_pods_tell_the_driver() {
    let controllers = ("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    let slice = ("sys/fs/cgroup/kubepods.slice/", "");
    let directory = ("sys/fs/cgroup/kubepods/", "");
    for (tree, driver, kubepods) in [
        (vec![controllers], Value::Null, json!([])),
        (
            vec![controllers, slice],
            "systemd".into(),
            json!(["kubepods.slice"]),
        ),
        (
            vec![controllers, directory],
            "cgroupfs".into(),
            json!(["kubepods"]),
        ),
        (
            vec![controllers, directory, slice],
            "both".into(),
            json!(["kubepods.slice", "kubepods"]),
        ),
        // Without controllers it is version 1, where they stand below each of them.
        (vec![directory], Value::Null, json!([])),
        (
            vec![("sys/fs/cgroup/memory/kubepods.slice/", "")],
            "systemd".into(),
            json!(["kubepods.slice"]),
        ),
    ] {
        let facts = facts(&tree, &[]);
        assert_eq!(facts["cgroup"]["driver"], driver, "{tree:?}");
        assert_eq!(facts["cgroup"]["kubepods"], kubepods, "{tree:?}");
    }
}

#[test]
fn alpine_has_neither_systemd_nor_the_unified_hierarchy() {
    let os_release = "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.1\n";
    let cgroups = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t1\t1\nmemory\t3\t1\t0\n";
    let facts = facts(
        &[
            ("etc/os-release", os_release),
            ("sbin/apk", ""),
            ("run/openrc/", ""),
            ("sys/fs/cgroup/cpu/kubepods/burstable/", ""),
            ("sys/fs/cgroup/unified/", ""),
            ("proc/cgroups", cgroups),
        ],
        &[],
    );
    let cgroup = json!({
        "version": 1,
        "hybrid": true,
        "controllers": ["cpu"],
        "init": "openrc",
        "driver": "cgroupfs",
        "kubepods": ["kubepods"],
    });
    assert_eq!(facts["cgroup"], cgroup);
    assert_eq!(facts["os"]["family"], "alpine");
    assert_eq!(facts["package_manager"], "apk");
    assert_eq!(facts["init"], "openrc");
    assert_eq!(facts["service_manager"], "openrc");
    assert_eq!(facts["systemd_version"], Value::Null);
}

#[test]
fn the_default_route_has_the_lowest_metric_and_an_address_near_its_gateway() {
    // The kernel prints an address as a number in its own byte order.
    let number = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
    let route = |name, destination, gateway, metric, mask| {
        let (destination, gateway, mask) = (number(destination), number(gateway), number(mask));
        format!("{name}\t{destination}\t{gateway}\t0003\t0\t0\t{metric}\t{mask}\t0\t0\t0\n")
    };
    let routes = [
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
            .into(),
        route("wlan0", [0; 4], [192, 168, 1, 1], 600, [0; 4]),
        route("eth0", [0; 4], [10, 0, 0, 1], 100, [0; 4]),
        route("eth0", [10, 0, 0, 0], [0; 4], 0, [255, 255, 255, 0]),
    ];
    let eth0 = Interface {
        name: "eth0".into(),
        addresses: vec![([172, 16, 0, 9].into(), 16), ([10, 0, 0, 7].into(), 24)],
        ..Interface::default()
    };
    let facts = facts(&[("proc/net/route", &routes.concat())], &[eth0]);
    let expected = json!({ "address": "10.0.0.7", "interface": "eth0", "gateway": "10.0.0.1" });
    assert_eq!(facts["default_ipv4"], expected);
    assert_eq!(facts["interfaces"]["eth0"]["ipv4"][1]["prefix"], 24);
}

#[test]
fn mounts_are_those_that_hold_data() {
    let table = r"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
23 22 0:21 / /proc rw,nosuid - proc proc rw
24 22 8:2 / /mnt/my\040disk rw - xfs /dev/sdb1 rw
25 22 8:1 /var/lib/x /var/lib/kubelet/x rw - ext4 /dev/sda1 rw
26 22 0:40 / /srv ro master:1 - nfs4 nas:/export rw
27 22 0:41 /@home /home rw - btrfs /dev/sdc1 rw
";
    let facts = facts(&[("proc/self/mountinfo", table)], &[]);
    let mounts = facts["mounts"].as_array().expect("a list");
    let paths: Vec<_> = mounts.iter().map(|mount| &mount["path"]).collect();
    assert_eq!(paths, ["/", "/mnt/my disk", "/srv", "/home"]);
    let nfs =
        json!({ "device": "nas:/export", "path": "/srv", "fstype": "nfs4", "options": ["ro"] });
    assert_eq!(mounts[2], nfs);
}

#[test]
fn a_maker_of_real_machines_too_is_told_by_the_product() {
    let product = |name| {
        let vendor = ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation");
        facts(&[vendor, ("sys/class/dmi/id/product_name", name)], &[])["virtualization"].clone()
    };
    assert_eq!(product("Virtual Machine"), "hyperv");
    assert_eq!(product("Surface Pro"), Value::Null);
}

#[test]
fn a_host_that_tells_nothing_has_facts_all_the_same() {
    let facts = facts(&[], &[]);
    for key in [
        "hostname",
        "fqdn",
        "machine_id",
        "init",
        "memory_mb",
        "cpus",
        "mounts",
        "default_ipv4",
    ] {
        assert_eq!(facts[key], Value::Null, "{key}");
    }
    assert_eq!(facts["cgroup"]["version"], Value::Null);
    assert_eq!(facts["os"]["family"], Value::Null);
}

#[test]
fn this_machine_tells_the_essential() {
    let facts = gather(Path::new("/"));
    for pointer in [
        "/hostname",
        "/architecture",
        "/kernel/major",
        "/memory_mb",
        "/cpus",
        "/user/name",
        "/interfaces/lo",
    ] {
        let fact = facts.pointer(pointer);
        assert!(
            fact.is_some_and(|fact| !fact.is_null()),
            "{pointer} of {facts}"
        );
    }
}

#[test]
fn every_fact_is_documented() {
    let documentation = include_str!("mod.rs");
    let facts = gather(Path::new("/"));
    for key in facts.as_object().expect("a mapping").keys() {
        let named = format!("`{key}`");
        let mut rows = documentation
            .lines()
            .filter(|line| line.starts_with("//! | `"));
        assert!(
            rows.any(|row| row
                .split('|')
                .nth(1)
                .is_some_and(|names| names.contains(&named))),
            "{key}"
        );
    }
}
