//! The order in which a cluster is made, on hosts of the lab, with stand-ins for kubeadm, kubectl and the kubelet: nothing of
//! Kubernetes runs here, except that the roles for it do. What the real ones do is tested by `make test-cluster`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tempfile::NamedTempFile;

use crate::common::run::Run;
use crate::lab::{Lab, known_hosts, lab, network, on, wait_until, yaml};
use crate::stand_in::{Call, StandIn};

const SITE: &str = "playbooks/site.yaml";
const CGROUP_DRIVER: &str = "playbooks/cgroup-driver.yaml";

/// Three control planes and two workers.
struct Site {
    lab: Lab,
    workers: [String; 2],
    stand_in: StandIn,
    inventory: NamedTempFile,
}

impl Site {
    /// Hosts that are part of no cluster, with another stand-in.
    fn new() -> Self {
        let lab = Lab::pristine();
        let workers = lab.workers();
        let mut inventory = format!(
            "all:
  vars:
    ansible_user: ops
    ansible_become: true
    ansible_ssh_private_key_file: {}
    ansible_ssh_known_hosts_file: {}
    kube_network_plugin: cni
    kubelet_fail_swap_on: false
    download_container: false
    loadbalancer_apiserver_localhost: false
    bootstrap_os_kernel_modules: []
    bootstrap_os_sysctls: [{{name: net.ipv4.ip_forward, value: 1}}]
  children:
    k8s_cluster: {{children: {{kube_control_plane: , kube_node: }}}}
",
            known_hosts().with_file_name("key").display(),
            known_hosts().display()
        );
        let network = network();
        for (group, hosts) in [
            ("kube_control_plane", &lab.hosts[..]),
            ("kube_node", &workers[..]),
        ] {
            writeln!(inventory, "    {group}:\n      hosts:").expect("a string takes all");
            for host in hosts {
                let number: u8 = host[1..].parse().expect("a number");
                writeln!(
                    inventory,
                    "        {host}: {{ansible_host: {network}.{}}}",
                    number + 10
                )
                .expect("a string takes all");
            }
        }
        Self {
            stand_in: StandIn::new(),
            inventory: yaml(&inventory),
            workers,
            lab,
        }
    }

    fn run(&self, more: &[&str]) -> Run {
        self.play(SITE, more)
    }

    fn play(&self, book: &str, more: &[&str]) -> Run {
        let variables = self.stand_in.variables();
        let mut arguments = vec!["-i", self.inventory.path().to_str().expect("UTF-8")];
        arguments.extend(["--output", "json", "-vv", "-e", &variables, book]);
        arguments.extend(more);
        let run = Run::start(&arguments);
        for secret in self.stand_in.secrets() {
            let said = run.stdout.lines().chain(run.stderr.lines());
            let shown: Vec<_> = said.filter(|line| line.contains(&secret)).collect();
            assert_eq!(shown, [""; 0], "the stand-in's secret `{secret}` is shown");
            for call in self.stand_in.calls() {
                assert!(
                    !call.line().contains(&secret),
                    "a secret is an argument: {}",
                    call.line()
                );
            }
        }
        run
    }

    /// The calls that change who is part of the cluster, as `h1 kubeadm init`, in their order.
    fn steps(&self) -> Vec<String> {
        let calls = self.stand_in.calls();
        let lines = calls.iter().filter_map(|call| {
            let words: Vec<_> = call.arguments.iter().map(String::as_str).collect();
            let step = match *words {
                ["init", "--config", ..] => "init",
                ["init", "phase", "upload-certs", ..] => "upload-certs",
                ["certs", "certificate-key"] => "certificate-key",
                ["token", "create", ..] => "token create",
                ["token", "delete", ..] => "token delete",
                ["join", ..] => "join",
                ["reset", ..] => "reset",
                _ => return None,
            };
            Some(format!("{} {step}", call.host))
        });
        lines.collect()
    }

    /// The calls that take nodes out of service and back, as `drain h4`, in their order.
    fn maintenance(&self) -> Vec<String> {
        let calls = self.stand_in.calls();
        let lines = calls.iter().filter_map(|call| match &call.arguments[..] {
            [_, _, verb, node, ..] if ["cordon", "drain", "uncordon"].contains(&&**verb) => {
                Some(format!("{verb} {node}"))
            }
            _ => None,
        });
        lines.collect()
    }

    fn joins(&self) -> Vec<Call> {
        let calls = self.stand_in.calls().into_iter();
        calls
            .filter(|call| call.arguments.first().is_some_and(|word| word == "join"))
            .collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // One that a test has switched off, and that failed before it was on again.
        lab(&["up", "3", "--first", &self.lab.hosts[0][1..]]);
        lab(&["down", &self.workers[0], &self.workers[1]]);
    }
}

#[test]
fn a_cluster_is_made_in_order_and_a_second_run_changes_nothing() {
    let site = Site::new();
    let [first, second, third] = &site.lab.hosts;
    let [fourth, fifth] = &site.workers;
    site.stand_in.fail(&format!("{second} kubeadm join"), 2);
    site.stand_in.expect_workers_at_once(2);

    site.run(&[]).assert_code(0);
    let mut steps = vec![format!("{first} init")];
    for (joining, failures) in [(second, 2), (third, 0)] {
        for step in ["certificate-key", "upload-certs", "token create"] {
            steps.push(format!("{first} {step}"));
        }
        for _ in 0..failures {
            steps.extend([format!("{joining} join"), format!("{joining} reset")]);
        }
        steps.extend([format!("{joining} join"), format!("{first} token delete")]);
    }
    let mut said = site.steps();
    let workers = said.split_off(steps.len());
    assert_eq!(said, steps);
    // Which of the workers comes first is open.
    assert_eq!(workers.first(), Some(&format!("{first} token create")));
    assert_eq!(workers.last(), Some(&format!("{first} token delete")));
    let mut between = workers[1..workers.len() - 1].to_vec();
    between.sort();
    assert_eq!(between, [format!("{fourth} join"), format!("{fifth} join")]);

    let joins = site.joins();
    let of = |host: &String| {
        joins
            .iter()
            .rev()
            .find(|call| call.host == *host)
            .expect("a join")
    };
    let one_after_the_other = |a: &Call, b: &Call| a.end.expect("an end") <= b.begin;
    assert!(one_after_the_other(of(second), of(third)));
    assert!(one_after_the_other(of(third), of(fourth)));
    assert!(!one_after_the_other(of(fourth), of(fifth)));
    assert!(!one_after_the_other(of(fifth), of(fourth)));

    let nodes = [first, second, third, fourth, fifth].map(|host| (host.clone(), true));
    assert_eq!(site.stand_in.nodes(), BTreeMap::from(nodes));
    assert_eq!(site.stand_in.tokens(), [""; 0]);

    site.stand_in.forget_calls();
    let again = site.run(&[]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
    for host in [first, second, third, fourth, fifth] {
        assert_eq!(again.recap(host, "changed"), 0);
    }
    assert_eq!(site.steps(), [""; 0]);

    // A worker that is made anew joins by itself: no control plane does, and no key is made.
    on(
        fourth,
        "systemctl stop kubelet; rm -rf /etc/kubernetes/*.conf /etc/kubernetes/pki /var/lib/kubelet/*",
    );
    site.stand_in.expect_workers_at_once(1);
    site.stand_in.forget_calls();
    site.run(&[]).assert_code(0);
    let steps = [
        format!("{first} token create"),
        format!("{fourth} join"),
        format!("{first} token delete"),
    ];
    assert_eq!(site.steps(), steps);
}

#[test]
fn a_control_plane_that_dies_while_it_joins_is_made_whole_by_the_next_run() {
    let site = Site::new();
    let [first, second, third] = &site.lab.hosts;
    let dying = second.clone();
    site.stand_in
        .before(&format!("{second} kubeadm join"), move || {
            lab(&["fault", &dying, "kill"]);
        });

    let run = site.run(&[]);
    run.assert_code(3);
    assert_eq!(run.recap(second, "unreachable"), true);
    for host in [first, third, &site.workers[0], &site.workers[1]] {
        assert_eq!(run.recap(host, "failed"), 0, "{host}");
        assert!(
            site.stand_in.nodes().contains_key(host),
            "{host} has not joined"
        );
    }

    lab(&["fault", second, "start"]);
    wait_until(second, "test -f /etc/kubernetes/provision-unfinished");
    site.stand_in.forget_calls();
    let run = site.run(&[]);
    run.assert_code(0);
    let steps = [
        format!("{first} certificate-key"),
        format!("{first} upload-certs"),
        format!("{first} token create"),
        format!("{second} reset"),
        format!("{second} join"),
        format!("{first} token delete"),
    ];
    assert_eq!(site.steps(), steps);
    let changes = run.changes();
    assert_eq!(changes.keys().collect::<Vec<_>>(), [second], "{changes:?}");

    let again = site.run(&[]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
}

/// What the runtime, the kubelet and the cgroups of pods of a host say about its driver.
fn driver(host: &str) -> [String; 3] {
    [
        "containerd config dump | grep -o 'SystemdCgroup = .*' | sort -u",
        "grep -h -o '^cgroupDriver: .*' /var/lib/kubelet/config.yaml",
        "ls /sys/fs/cgroup | grep kubepods",
    ]
    .map(|script| on(host, script).trim().to_owned())
}

#[test]
fn the_cgroup_driver_of_live_nodes_is_changed_one_by_one_and_put_back_where_that_fails() {
    let site = Site::new();
    let [first, second, third] = &site.lab.hosts;
    let [fourth, fifth] = &site.workers;
    site.run(&[]).assert_code(0);
    let systemd = [
        "SystemdCgroup = true",
        "cgroupDriver: systemd",
        "kubepods.slice",
    ]
    .map(str::to_owned);
    let cgroupfs = [
        "SystemdCgroup = false",
        "cgroupDriver: cgroupfs",
        "kubepods",
    ]
    .map(str::to_owned);
    assert_eq!(driver(fourth), systemd);
    let changed = [
        "-e",
        "{cgroup_driver: cgroupfs, allow_cgroupfs_on_systemd: true}",
    ];

    // Not below running pods.
    let refused = site.run(&changed);
    refused.assert_code(2);
    assert!(
        refused.stdout.contains("playbooks/cgroup-driver.yaml"),
        "{}",
        refused.stdout
    );
    assert_eq!(refused.changes(), BTreeMap::new());

    // The second worker fails at the very end: it is as it was, and no other is begun.
    site.stand_in.forget_calls();
    let kubectl = format!("{first} kubectl --kubeconfig /etc/kubernetes/provision-admin.conf");
    site.stand_in
        .fail(&format!("{kubectl} uncordon {fifth}"), 1);
    let failed = site.play(CGROUP_DRIVER, &changed);
    failed.assert_code(2);
    assert!(
        failed.stdout.contains("the node is still cordoned"),
        "{}",
        failed.stdout
    );
    let steps = |hosts: &[&String]| -> Vec<String> {
        let of =
            |host: &&String| ["cordon", "drain", "uncordon"].map(|verb| format!("{verb} {host}"));
        hosts.iter().flat_map(of).collect()
    };
    assert_eq!(
        site.maintenance(),
        steps(&[fourth, fifth]),
        "{}",
        failed.stdout
    );
    assert_eq!(driver(fourth), cgroupfs);
    for host in [fifth, third, second, first] {
        assert_eq!(driver(host), systemd, "{host}");
    }
    assert!(!site.stand_in.nodes()[fifth]);

    // The next run goes on there: control planes are last, and the first of them at the very end.
    site.stand_in.forget_calls();
    site.play(CGROUP_DRIVER, &changed).assert_code(0);
    let mut expected = steps(&[fifth, third, second, first]);
    // It was cordoned already.
    expected.remove(0);
    assert_eq!(site.maintenance(), expected);
    for host in [first, second, third, fourth, fifth] {
        assert_eq!(driver(host), cgroupfs, "{host}");
        assert!(site.stand_in.nodes()[host], "{host}");
    }

    site.stand_in.forget_calls();
    let again = site.play(CGROUP_DRIVER, &changed);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
    assert_eq!(site.maintenance(), [""; 0]);
    let site_again = site.run(&changed);
    site_again.assert_code(0);
    assert_eq!(site_again.changes(), BTreeMap::new());
}
