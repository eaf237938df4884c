//! The schemas for editors: they admit everything that is shipped, refuse what is misspelt, and agree with what loading
//! says about the same text.

mod checker;

use std::fs;
use std::path::{Path, PathBuf};

use provision::schema::Document;
use provision::source::{SourceMap, parse_yaml};
use provision::value::to_json;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files below `directory` of which a part of the path is `part`.
fn files(directory: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, part));
        } else if path.extension().is_some_and(|suffix| suffix == "yaml")
            && path.to_string_lossy().contains(part)
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn parse(name: &str, text: &str) -> Vec<Value> {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let documents = parse_yaml(&sources, file).expect("YAML");
    let documents = documents.iter().filter(|node| !node.is_null());
    documents.map(|node| to_json(&node.to_value())).collect()
}

fn check(document: Document, text: &str) -> Result<(), String> {
    let schema = document.schema();
    let mut all = parse(document.name(), text).into_iter();
    all.try_for_each(|value| checker::check(&schema, &value))
}

#[test]
fn what_is_shipped_is_admitted() {
    let mut looked_at = 0;
    for (document, directory, part) in [
        (Document::Playbook, "playbooks", ""),
        (Document::Tasks, "roles", "/tasks/"),
        (Document::Handlers, "roles", "/handlers/"),
        (Document::Args, "roles", "/meta/args.yaml"),
        (Document::Inventory, "inventory", "inventory.yaml"),
    ] {
        let directory = root().join(directory);
        if !directory.is_dir() {
            continue;
        }
        for path in files(&directory, part) {
            let text = fs::read_to_string(&path).expect("text");
            if let Err(wrong) = check(document, &text) {
                panic!("{}: {wrong}", path.display());
            }
            looked_at += 1;
        }
    }
    assert!(looked_at >= 12, "{looked_at} files only");
}

#[test]
fn the_examples_of_all_manuals_are_admitted() {
    let modules = provision_worker::modules::MODULES.iter();
    for module in modules.chain(provision::playbook::control::CONTROLS) {
        let mut examples = module.manual.split("```yaml\n").skip(1);
        let wrong = examples.find_map(|example| {
            let example = example.split("```").next().unwrap_or_default();
            check(Document::Tasks, example).err()
        });
        assert_eq!(wrong, None, "{}", module.name);
    }
}

#[test]
fn what_the_language_has_is_admitted() {
    let playbook = r#"
- import_playbook: other.yaml
  tags: [a]
- name: all of it
  hosts: [web, "!old"]
  serial: [1, 25%, "2"]
  strategy: free
  order: sorted
  max_fail_percentage: 20
  user: ops
  vars: {a: 1}
  vars_prompt: [{name: password, private: true}]
  module_defaults: {apt: {update_cache: true}, ansible.builtin.copy: {mode: "0644"}}
  environment: {PATH: "{{ p }}"}
  roles:
    - base
    - {role: web, vars: {port: 80}, when: a == 1, tags: x}
  tasks:
    - block:
        - command: uptime
          args: {chdir: /}
          loop: "{{ x }}"
          loop_control: {loop_var: y, label: "{{ y.name }}"}
          until: [a, b]
          changed_when: false
      rescue:
        - debug:
            msg: failed
      always: []
      when: x
    - include_tasks: {file: "{{ x }}.yaml", apply: {tags: [t]}}
    - import_tasks: a.yaml
    - import_role: {name: r, tasks_from: t}
    - include_role: {role: r}
    - local_action: {module: command, cmd: uptime}
    - ansible.builtin.file: {path: "{{ x }}", mode: "{{ m }}", state: "{{ s }}"}
    - add_host: {name: a, groups: [b], whatever: 1}
    - set_fact: {a: 1}
    - meta: flush_handlers
    - fail:
    - copy: {src: a, dest: /b}
      become: true
      become_method: "{{ m }}"
      async: 10
      poll: 0
  handlers:
    - name: again
      listen: [x]
      service: {name: x, state: restarted}
"#;
    assert_eq!(check(Document::Playbook, playbook), Ok(()));
    let inventory = "
all:
  vars: {ansible_user: ops, ansible_host_key_checking: accept-new, ansible_port: '{{ p }}'}
  children:
    web: {hosts: {'web[1:3]': , db: {ansible_become: true}}}
    empty:
";
    assert_eq!(check(Document::Inventory, inventory), Ok(()));
    let args = "
port: {type: integer, default: 80, doc: where it listens}
users: {type: list, elements: {type: mapping, entries: {name: {type: string, required: true}}}}
names: {type: list, elements: string}
";
    assert_eq!(check(Document::Args, args), Ok(()));
}

#[test]
fn what_is_wrong_is_refused() {
    for (document, text) in [
        (Document::Playbook, "[{host: all}]"),
        (Document::Playbook, "[{hosts: all, task: []}]"),
        (Document::Playbook, "[{hosts: all, when: a}]"),
        (Document::Playbook, "[{hosts: all, become: 'yes'}]"),
        (Document::Playbook, "[{hosts: all, strategy: fre}]"),
        (Document::Playbook, "[{hosts: all, serial: 0}]"),
        (Document::Playbook, "[{hosts: all, vars: {a-b: 1}}]"),
        (
            Document::Playbook,
            "[{hosts: all, vars_prompt: [{prompt: a}]}]",
        ),
        (
            Document::Playbook,
            "[{hosts: all, module_defaults: {atp: {}}}]",
        ),
        (
            Document::Playbook,
            "[{hosts: all, module_defaults: {apt: {nam: a}}}]",
        ),
        (
            Document::Playbook,
            "[{import_playbook: a.yaml, hosts: all}]",
        ),
        (Document::Playbook, "[{hosts: all, roles: [{vars: {}}]}]"),
        (
            Document::Playbook,
            "[{hosts: all, tasks: [{atp: {name: a}}]}]",
        ),
        (Document::Tasks, "[{apt: {name: a, stat: present}}]"),
        (Document::Tasks, "[{apt: {name: a, state: presnt}}]"),
        (Document::Tasks, "[{copy: {src: a}}]"),
        (Document::Tasks, "[{copy: {src: a, dest: b}}]"),
        (Document::Tasks, "[{copy: {src: a, dest: /b, mode: 644}}]"),
        (Document::Tasks, "[{command: a, regiser: x}]"),
        (Document::Tasks, "[{command: a, register: 'a b'}]"),
        (Document::Tasks, "[{command: a, loop_control: {var: x}}]"),
        (Document::Tasks, "[{apt: {name: a, when: b}}]"),
        (Document::Tasks, "[{block: [], loop: [1]}]"),
        (Document::Tasks, "[{rescue: []}]"),
        (Document::Tasks, "[{block: [{comand: a}]}]"),
        (Document::Tasks, "[{import_tasks: a, register: b}]"),
        (Document::Tasks, "[{include_role: {name: a, task_from: b}}]"),
        (Document::Tasks, "[{meta: flush}]"),
        (Document::Tasks, "[{command: a, listen: b}]"),
        (Document::Handlers, "[{block: []}]"),
        (Document::Inventory, "{hosts: {}}"),
        (Document::Inventory, "{all: {host: {}}}"),
        (
            Document::Inventory,
            "{all: {hosts: {a: {ansible_port: '22'}}}}",
        ),
        (Document::Inventory, "{all: {hosts: {a: 192.0.2.1}}}"),
        (Document::Args, "{a: {type: strin}}"),
        (Document::Args, "{a: {typ: string}}"),
        (Document::Args, "{a-b: {}}"),
        (Document::Args, "{a: {entries: {b: {typ: string}}}}"),
    ] {
        assert!(check(document, text).is_err(), "{text}");
    }
}

#[test]
fn it_refuses_the_mistakes_of_the_diagnostics_that_need_nothing_but_the_text() {
    for case in [
        "argument_missing",
        "argument_types",
        "argument_unknown",
        "handler_keys",
        "play_no_mapping",
        "play_unknown_key",
        "play_wrong_types",
        "role_entry",
        "task_no_mapping",
        "task_unknown_key",
        "task_unknown_module",
        "task_with_items",
        "task_wrong_types",
    ] {
        let path = root().join(format!("tests/diagnostics/{case}/site.yaml"));
        let text = fs::read_to_string(path).expect("text");
        assert!(check(Document::Playbook, &text).is_err(), "{case}");
    }
}
