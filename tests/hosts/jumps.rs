//! Hosts that are reached through others, by the SSH servers of real hosts.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::common::lab::{address, key, on};
use crate::common::run::Run;
use crate::lab::{Fault, Lab, accepted_connections, known_hosts, wait_until, yaml};

/// The third host can be reached from the second only, and the second from the first only.
struct Behind {
    lab: Lab,
    _faults: [Fault; 2],
}

impl Behind {
    fn take() -> Self {
        let lab = Lab::take();
        let [first, second, third] = &lab.hosts;
        let faults = [
            lab.fault_of(third, &["only-from", second], "from-all"),
            lab.fault_of(second, &["only-from", first], "from-all"),
        ];
        Self {
            lab,
            _faults: faults,
        }
    }
}

/// An inventory in which the hosts stand with these variables, and groups.
fn inventory(lab: &Lab, vars: [&str; 3], groups: &str) -> NamedTempFile {
    let mut text = format!(
        "all:\n  vars:\n    ansible_user: ops\n    ansible_become: true\n    ansible_timeout: 5\n    \
         ansible_ssh_private_key_file: {}\n    ansible_ssh_known_hosts_file: {}\n  hosts:\n",
        key().display(),
        known_hosts().display()
    );
    for (host, vars) in lab.hosts.iter().zip(vars) {
        let number = host[1..].parse().expect("a number");
        let _ = writeln!(
            text,
            "    {host}: {{ansible_host: {}, {vars}}}",
            address(number)
        );
    }
    text.push_str(groups);
    yaml(&text)
}

const BOOK: &str = "- hosts: all
  gather_facts: false
  tasks:
    - {name: who is it, command: uname -n, register: who, changed_when: false}
";

fn run(inventory: &NamedTempFile, more: &[&str]) -> Run {
    let book = yaml(BOOK);
    let path = |file: &NamedTempFile| file.path().to_str().expect("UTF-8").to_owned();
    let (inventory, book) = (path(inventory), path(&book));
    let arguments = ["--inventory", &inventory, "--output", "json", &book];
    Run::start(&[&arguments, more].concat())
}

/// Asserts that each host has answered for itself.
fn assert_reached(run: &Run, hosts: &[String]) {
    run.assert_code(0);
    let results = run.results("who is it");
    for host in hosts {
        assert_eq!(results[host]["registered"]["stdout"], host.as_str());
    }
    assert_eq!(results.len(), hosts.len());
}

#[test]
fn a_chain_of_jump_hosts_leads_to_a_host_that_cannot_be_reached_otherwise() {
    let behind = Behind::take();
    let [first, second, _] = &behind.lab.hosts;
    let direct = inventory(&behind.lab, ["", "", ""], "");
    let alone = run(&direct, &[]);
    alone.assert_code(3);
    // Written out, and each host by what is said of itself.
    let chain = format!("ansible_jump_host: '{first},{second}'");
    let one = format!("ansible_jump_host: {first}");
    assert_reached(
        &run(&inventory(&behind.lab, ["", &one, &chain], ""), &[]),
        &behind.lab.hosts,
    );
    let other = format!("ansible_jump_host: {second}");
    assert_reached(
        &run(&inventory(&behind.lab, ["", &one, &other], ""), &[]),
        &behind.lab.hosts,
    );
    // By the command line, which is the same for all.
    assert_reached(
        &run(&direct, &["--jump", &format!("{first},{second}")]),
        &behind.lab.hosts,
    );
}

#[test]
fn the_group_bastion_is_the_way_to_all_others_and_its_login_is_shared() {
    let lab = Lab::take();
    let [bastion, second, third] = &lab.hosts;
    let _faults =
        [second, third].map(|host| lab.fault_of(host, &["only-from", bastion], "from-all"));
    let group = format!("  children:\n    bastion:\n      hosts: {{{bastion}: }}\n");
    let inventory = inventory(&lab, ["", "", ""], &group);
    // What is only passed on is no session.
    on(
        bastion,
        "printf 'MaxSessions 1\\n' >/etc/ssh/sshd_config.d/test.conf; systemctl reload ssh",
    );
    let before = accepted_connections(bastion);
    let passed_on = run(&inventory, &["--limit", &format!("{second}:{third}")]);
    let shared = accepted_connections(bastion) - before;
    on(
        bastion,
        "rm /etc/ssh/sshd_config.d/test.conf; systemctl reload ssh",
    );
    assert_reached(&passed_on, &lab.hosts[1..]);
    assert_eq!(shared, 1, "logins to the bastion");
    assert_reached(&run(&inventory, &[]), &lab.hosts);
}

#[test]
fn a_jump_host_that_is_dead_is_named_for_every_host_behind_it() {
    let lab = Lab::take();
    let [dead, second, third] = &lab.hosts;
    let _fault = lab.fault(dead, "poweroff", "start");
    let through = format!("ansible_jump_host: {dead}");
    let begun = Instant::now();
    let run = run(&inventory(&lab, ["", &through, &through], ""), &[]);
    run.assert_code(3);
    // The host itself and the way through it are tried at the same time, and none is tried twice.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    for host in [second, third] {
        assert_eq!(run.recap(host, "unreachable"), true);
        let said = format!("the jump host `{dead}` was not reached: ");
        assert!(run.stdout.contains(&said), "{}", run.stdout);
    }
}

#[test]
fn a_jump_host_that_dies_takes_the_hosts_behind_it_along_and_is_named() {
    let lab = Lab::take();
    let [jump, second, third] = &lab.hosts;
    let through = format!("ansible_jump_host: {jump}");
    let inventory = inventory(&lab, ["", &through, &through], "");
    let book =
        yaml("- {hosts: all, tasks: [{name: long, command: sleep 90, changed_when: false}]}\n");
    let limit = format!("{second}:{third}");
    let arguments = [&inventory, &book].map(|file| file.path().to_str().expect("UTF-8").to_owned());
    let running = thread::spawn(move || {
        let [inventory, book] = &arguments;
        Run::start(&["-i", inventory, "--limit", &limit, "--output", "json", book])
    });
    for host in [second, third] {
        wait_until(host, "pgrep -x sleep");
    }
    let _fault = lab.fault(jump, "kill", "start");
    let run = running.join().expect("a run");
    run.assert_code(3);
    for host in [second, third] {
        assert_eq!(run.recap(host, "unreachable"), true);
        let said = run.results("long")[host]["message"].to_string();
        assert!(said.contains(&format!("jump host `{jump}`")), "{said}");
    }
}

#[test]
fn a_server_that_passes_nothing_on_is_named_with_the_setting() {
    let lab = Lab::take();
    let [jump, second, _] = &lab.hosts;
    on(
        jump,
        "printf 'AllowTcpForwarding no\\n' >/etc/ssh/sshd_config.d/test.conf; systemctl reload ssh",
    );
    let through = format!("ansible_jump_host: {jump}");
    let refused = run(
        &inventory(&lab, ["", &through, ""], ""),
        &["--limit", second],
    );
    on(
        jump,
        "rm /etc/ssh/sshd_config.d/test.conf; systemctl reload ssh",
    );
    refused.assert_code(3);
    assert!(
        refused.stdout.contains("AllowTcpForwarding"),
        "{}",
        refused.stdout
    );
}
