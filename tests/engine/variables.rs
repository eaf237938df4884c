//! Which value a variable has, and that data stays data.

use super::site::Site;

#[test]
fn the_stronger_layer_wins() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {from_play: play, from_role: play, from_task: play, from_fact: play, from_extra: play}
  roles:
    - {role: sample, vars: {from_parameter: parameter}}
",
    )
    .with(
        "roles/sample/defaults/main.yaml",
        "from_default: default\nfrom_play: default\nfrom_role: default\nn: default\n",
    )
    .with(
        "roles/sample/vars/main.yaml",
        "from_role: role\nfrom_task: role\nfrom_parameter: role\nfrom_extra: role\n",
    )
    .with(
        "roles/sample/tasks/main.yaml",
        "
- set_fact: {from_fact: fact, from_extra: fact}
- name: all
  vars: {from_task: task, from_fact: task}
  debug:
    msg: '{{ from_default }} {{ n }} {{ from_play }} {{ from_role }} {{ from_task }} {{ from_fact }}
      {{ from_parameter }} {{ from_extra }}'
",
    );
    let told = site.run(&["-e", "from_extra=extra"]);
    told.assert_code(0);
    assert_eq!(
        told.message("h1", "all"),
        "default 1 play role task fact parameter extra"
    );
}

#[test]
fn a_definition_is_rendered_when_it_is_used() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {greeting: 'hello {{ name }}', name: nobody, ports: '{{ [80, 443] }}'}
  tasks:
    - {name: before, debug: {msg: '{{ greeting }}'}}
    - set_fact: {name: somebody}
    - {name: after, debug: {msg: '{{ greeting }}'}}
    - {name: typed, assert: {that: 'ports[1] == 443'}}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(told.message("h1", "before"), "hello nobody");
    assert_eq!(told.message("h1", "after"), "hello somebody");
}

#[test]
fn variables_that_define_each_other_fail_with_the_circle() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {a: '{{ b }}', b: '{{ a }}'}
  tasks:
    - {name: circle, debug: {msg: '{{ a }}'}}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    let message = told.message("h1", "circle");
    assert!(message.contains("defined by each other"), "{message}");
}

#[test]
fn what_a_host_says_is_never_rendered() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: said, shell: \"printf '%s' '{% raw %}{{ 1 + 1 }}{% endraw %}'\", register: said}
    - {name: kept, copy: {content: '{{ said.stdout }}', dest: '{{ dir }}/kept'}}
    - {name: again, set_fact: {copied: '{{ said.stdout }}'}}
    - {name: shown, debug: {msg: '{{ copied }}'}}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(site.written("kept").as_deref(), Some("{{ 1 + 1 }}"));
    assert_eq!(told.message("h1", "shown"), "{{ 1 + 1 }}");
}

#[test]
fn becoming_the_user_who_logs_in_needs_no_other_worker() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {ansible_user: somebody, ansible_become_user: somebody}
  become: true
  tasks:
    - {name: fine, command: 'touch {{ dir }}/made'}
",
    );
    site.run(&[]).assert_code(0);
    assert!(site.exists("made"));
}

#[test]
fn a_variable_that_asks_all_hosts_for_itself_comes_to_an_end() {
    let site = Site::new(
        2,
        "
- hosts: all
  gather_facts: false
  vars:
    everything: \"{{ hostvars['h2'] }}\"
    mine: \"{{ hostvars['h1'].mine | default('nothing') }}\"
  tasks:
    - {name: shown, debug: {msg: '{{ everything.n }} {{ mine }}'}}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(told.message("h1", "shown"), "2 nothing");
}
