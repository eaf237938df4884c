//! `sysctl`, `modprobe` and `hostname` keep the running kernel and the next start alike.

use serde_json::json;

use crate::support::{Case, Scripted, dir, exits, file, says};

const CONF: &str = "/etc/sysctl.d/99-provision.conf";
const FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

#[test]
fn a_parameter_is_set_in_the_file_and_live() {
    let ran = Case::new("sysctl", json!({"name": "net.ipv4.ip_forward", "value": 1}))
        .before([file(FORWARD, "0\n")])
        .changes([
            "sysctl net.ipv4.ip_forward in /etc/sysctl.d/99-provision.conf",
            "sysctl net.ipv4.ip_forward live value",
        ])
        .after([
            file(FORWARD, "1\n"),
            dir("/etc"),
            dir("/etc/sysctl.d"),
            file(CONF, "net.ipv4.ip_forward = 1\n"),
        ])
        .run();
    assert_eq!(ran.diffs[0].before, None);
    assert_eq!(ran.diffs[1].before.as_deref(), Some("0"));
    assert_eq!(ran.applied["live"], "0");
}

#[test]
fn a_live_value_that_drifted_is_repaired_alone() {
    Case::new(
        "sysctl",
        json!({"name": "net.ipv4.ip_forward", "value": "1"}),
    )
    .before([file(FORWARD, "0\n"), file(CONF, "net.ipv4.ip_forward=1\n")])
    .changes(["sysctl net.ipv4.ip_forward live value"])
    .after([file(FORWARD, "1\n")])
    .run();
}

#[test]
fn the_file_alone_can_be_asked_for() {
    let args = json!({
        "name": "vm.swappiness", "value": 0, "reload": false, "sysctl_file": "/etc/sysctl.conf",
    });
    Case::new("sysctl", args)
        .before([
            file("/proc/sys/vm/swappiness", "60\n"),
            file("/etc/sysctl.conf", "# tuned\nvm.swappiness = 60\n").mode(0o600),
        ])
        .changes(["sysctl vm.swappiness in /etc/sysctl.conf"])
        .after([file("/etc/sysctl.conf", "# tuned\nvm.swappiness = 0\n")])
        .run();
}

#[test]
fn white_space_makes_no_difference() {
    let args = json!({"name": "net.ipv4.ip_local_port_range", "value": "1024  65000"});
    Case::new("sysctl", args)
        .before([
            file("/proc/sys/net/ipv4/ip_local_port_range", "1024\t65000\n"),
            file(CONF, "net.ipv4.ip_local_port_range=1024 65000\n"),
        ])
        .run();
}

#[test]
fn an_absent_parameter_keeps_its_live_value() {
    Case::new(
        "sysctl",
        json!({"name": "vm.swappiness", "state": "absent"}),
    )
    .before([
        file("/proc/sys/vm/swappiness", "0\n"),
        file(CONF, "vm.swappiness = 0\nkernel.panic = 10\n"),
    ])
    .changes(["sysctl vm.swappiness in /etc/sysctl.d/99-provision.conf"])
    .after([file(CONF, "kernel.panic = 10\n")])
    .run();
}

#[test]
fn a_parameter_that_the_kernel_lacks_fails_unless_ignored() {
    let name = "net.bridge.bridge-nf-call-iptables";
    let line = format!("{name} = 1\n");
    let failure = Case::new("sysctl", json!({"name": name, "value": 1}))
        .before([file(CONF, &line)])
        .apply_fails();
    assert!(
        failure.message.contains("is a kernel module to be loaded"),
        "{failure:?}"
    );
    Case::new(
        "sysctl",
        json!({"name": name, "value": 1, "ignoreerrors": true}),
    )
    .before([file(CONF, &line)])
    .run();
}

#[test]
fn a_kernel_module_is_loaded_now_and_at_every_start() {
    let args = json!({"name": "br_netfilter", "persistent": "present", "params": "a=1  b=2"});
    let programs = Scripted::new().writes("modprobe br_netfilter a=1 b=2", |root| {
        root.write("/proc/modules", "br_netfilter 32768 0 - Live 0x0\n");
        says("")
    });
    Case::new("modprobe", args)
        .before([
            file("/proc/modules", "overlay 151552 3 - Live 0x0\n"),
            dir("/etc/modprobe.d"),
        ])
        .programs(programs)
        .changes([
            "kernel module br_netfilter",
            "/etc/modules-load.d/br_netfilter.conf",
            "/etc/modprobe.d/br_netfilter.conf",
        ])
        .after([
            file("/proc/modules", "br_netfilter 32768 0 - Live 0x0\n"),
            dir("/etc/modules-load.d"),
            file("/etc/modules-load.d/br_netfilter.conf", "br_netfilter\n"),
            file(
                "/etc/modprobe.d/br_netfilter.conf",
                "options br_netfilter a=1 b=2\n",
            ),
        ])
        .run();
}

#[test]
fn loaded_and_built_in_modules_are_found() {
    Case::new("modprobe", json!({"name": "nf-conntrack"}))
        .before([file("/proc/modules", "nf_conntrack 1 0 - Live 0x0\n")])
        .run();
    Case::new("modprobe", json!({"name": "overlay"}))
        .before([
            file("/proc/sys/kernel/osrelease", "6.1.0-1-amd64\n"),
            file(
                "/lib/modules/6.1.0-1-amd64/modules.builtin",
                "kernel/fs/overlayfs/overlay.ko\n",
            ),
        ])
        .run();
    Case::new("modprobe", json!({"name": "ipv6"}))
        .before([dir("/sys/module/ipv6")])
        .run();
}

#[test]
fn a_hidden_module_is_known_by_what_it_does() {
    Case::new("modprobe", json!({"name": "overlay"}))
        .before([file(
            "/proc/filesystems",
            "nodev\tsysfs\nnodev\toverlay\n\text4\n",
        )])
        .run();
    Case::new("modprobe", json!({"name": "br-netfilter"}))
        .before([file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n")])
        .run();
}

#[test]
fn a_kernel_module_is_unloaded_and_forgotten() {
    let programs = Scripted::new().writes("modprobe --remove dummy", |root| {
        root.write("/proc/modules", "");
        says("")
    });
    Case::new(
        "modprobe",
        json!({"name": "dummy", "state": "absent", "persistent": "absent"}),
    )
    .before([
        file("/proc/modules", "dummy 1 0 - Live 0x0\n"),
        file("/etc/modules-load.d/dummy.conf", "dummy\n"),
    ])
    .programs(programs)
    .changes(["kernel module dummy", "/etc/modules-load.d/dummy.conf"])
    .after([file("/proc/modules", "")])
    .gone(["/etc/modules-load.d/dummy.conf"])
    .run();
}

#[test]
fn a_built_in_module_cannot_be_unloaded() {
    let failure = Case::new("modprobe", json!({"name": "ipv6", "state": "absent"}))
        .before([dir("/sys/module/ipv6")])
        .plan_fails();
    assert!(
        failure.message.contains("built into the kernel"),
        "{failure:?}"
    );
}

#[test]
fn a_hostname_is_set_in_both_places() {
    Case::new("hostname", json!({"name": "node1.example.org"}))
        .before([
            file("/etc/hostname", "debian\n"),
            file("/proc/sys/kernel/hostname", "debian\n"),
        ])
        .changes([
            "hostname in /etc/hostname",
            "hostname of the running system",
        ])
        .after([
            file("/etc/hostname", "node1.example.org\n"),
            file("/proc/sys/kernel/hostname", "node1.example.org\n"),
        ])
        .run();
}

#[test]
fn a_hostname_is_set_by_its_program_where_the_kernels_file_cannot_be_written() {
    // Here it cannot because there is no such directory.
    let case = |programs| {
        Case::new("hostname", json!({"name": "node1"}))
            .before([file("/etc/hostname", "node1\n")])
            .programs(programs)
    };
    case(Scripted::new().writes("hostname node1", |root| {
        root.write("/proc/sys/kernel/hostname", "node1\n");
        says("")
    }))
    .changes(["hostname of the running system"])
    .after([
        dir("/proc"),
        dir("/proc/sys"),
        dir("/proc/sys/kernel"),
        file("/proc/sys/kernel/hostname", "node1\n"),
    ])
    .run();

    let refused = Scripted::new().writes("hostname node1", |_| exits(1, "not permitted"));
    let failure = case(refused).apply_fails();
    assert_eq!(failure.message, "`hostname` exited with 1: not permitted");
}

#[test]
fn what_is_no_hostname_is_refused() {
    for name in ["", "a_b", "-a", "a..b", "a b", &"x".repeat(65)] {
        let failure = Case::new("hostname", json!({ "name": name })).plan_fails();
        assert!(
            failure.message.starts_with("argument `name`"),
            "{failure:?}"
        );
    }
}
