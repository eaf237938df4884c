//! Hosts that cannot be reached, strategies, delegation, environments. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn ignore_unreachable_goes_on_with_the_next_task() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: a, ignore_unreachable: true, register: x}
    - {mark: b}
    - {mark: c}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[(
            "inventory.yaml",
            r"all:
  vars: {dir: 'DIR'}
  hosts:
    h1: {n: 1, ansible_connection: local}
    h2: {n: 2, ansible_host: 127.0.0.1, ansible_port: 1}
    h3: {n: 3, ansible_connection: local}
",
        )],
    );
    marks.code(3);
    marks.log("h1 a | h3 a | h1 b | h3 b | h1 c | h3 c | h1 p2 | h3 p2");
    marks.tasks("h1", "a:changed b:changed c:changed p2:changed");
    marks.tasks("h2", "a:ignored b:unreachable");
    marks.tasks("h3", "a:changed b:changed c:changed p2:changed");
}

#[test]
fn a_host_that_cannot_be_reached_is_not_rescued() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - {mark: a}
      rescue:
        - {mark: r}
      always:
        - {mark: al}
    - {mark: c}
- hosts: h2
  gather_facts: false
  tasks: [{mark: p2}]
- hosts: h1
  gather_facts: false
  any_errors_fatal: true
  tasks: [{mark: p3}]
",
        &[(
            "inventory.yaml",
            r"all:
  vars: {dir: 'DIR'}
  hosts:
    h1: {n: 1, ansible_connection: local}
    h2: {n: 2, ansible_host: 127.0.0.1, ansible_port: 1}
    h3: {n: 3, ansible_connection: local}
",
        )],
    );
    marks.code(3);
    marks.log("h1 a | h3 a | h1 al | h3 al | h1 c | h3 c | h1 p3");
    marks.tasks("h1", "a:changed al:changed c:changed p3:changed");
    marks.tasks("h2", "connect:unreachable");
    marks.tasks("h3", "a:changed al:changed c:changed");
}
