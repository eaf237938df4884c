//! `provision inventory` and `provision vars`, as a user calls them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

struct Site(tempfile::TempDir);

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().expect("a file")).expect("a directory");
            fs::write(&path, text).expect("written");
            let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        }
        Self(directory)
    }

    /// What the program prints, and what it says to the user.
    fn run(&self, args: &str) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_provision"))
            .args(args.split_whitespace())
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .output()
            .expect("provision runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(output.stdout), text(output.stderr))
    }

    fn good(&self, args: &str) -> String {
        let (stdout, stderr) = self.run(args);
        assert_eq!(stderr, "", "{args}");
        stdout
    }
}

fn site() -> Site {
    Site::new(&[
        (
            "inv/10.ini",
            "[web]\nw1 ansible_host=192.0.2.1 x=1\n[eu:children]\nweb\n[web:vars]\nx=2\ny={{ x }}\n",
        ),
        (
            "inv/20.sh",
            "#!/bin/sh\necho '{\"web\": [\"w2\"], \"_meta\": {\"hostvars\": {\"w2\": {\"x\": 5}}}}'\n",
        ),
        ("inv/notes.txt", "no inventory\n"),
        ("inv/group_vars/all.yaml", "z: inventory\n"),
        ("plays/group_vars/all.yaml", "z: playbook\n"),
        (
            "plays/site.yaml",
            "- name: Web\n  hosts: web\n  roles: [r]\n  tasks: []\n  vars: {p: '{{ facts.distribution }}'}\n",
        ),
        ("plays/roles/r/defaults/main.yaml", "x: 0\nd: 1\n"),
        ("plays/roles/r/tasks/main.yaml", "[]\n"),
    ])
}

#[test]
fn the_graph_shows_groups_hosts_and_variables() {
    let graph = site().good("inventory -i inv --graph --vars");
    assert_eq!(
        graph,
        "\
@all:
  |--@ungrouped:
  |--@eu:
  |  |--@web:
  |  |  |--w1
  |  |  |  |--{ansible_host = 192.0.2.1}
  |  |  |  |--{x = 1}
  |  |  |  |--{y = {{ x }}}
  |  |  |  |--{z = inventory}
  |  |  |--w2
  |  |  |  |--{x = 5}
  |  |  |  |--{y = {{ x }}}
  |  |  |  |--{z = inventory}
  |  |  |--{x = 2}
  |  |  |--{y = {{ x }}}
  |--{z = inventory}
"
    );
}

#[test]
fn the_list_is_what_a_dynamic_inventory_answers() {
    let site = site();
    let list = site.good("inventory -i inv --list --limit w2");
    let list: Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(
        list,
        json!({
            "_meta": {"hostvars": {"w2": {"x": 5, "y": "{{ x }}", "z": "inventory"}}},
            "all": {"children": ["eu"]},
            "eu": {"children": ["web"]},
            "web": {"hosts": ["w2"]},
        })
    );
    let yaml = site.good("inventory -i inv --host w1 --yaml");
    assert!(yaml.contains("ansible_host: \"192.0.2.1\""), "{yaml}");
    let tree = site.good("inventory -i a,b, --list --yaml");
    assert!(tree.contains("ungrouped:"), "{tree}");
}

#[test]
fn a_list_can_be_read_as_an_inventory_again() {
    let site = site();
    let list = site.good("inventory -i inv --list");
    let script = format!("#!/bin/sh\ncat <<'END'\n{list}END\n");
    let again = Site::new(&[("hosts.sh", &script)]);
    assert_eq!(again.good("inventory -i hosts.sh --list"), list);
}

#[test]
fn each_place_that_sets_a_variable_is_shown_and_the_winner_marked() {
    let site = site();
    assert_eq!(
        site.good("vars -i inv --playbook plays/site.yaml w1 x"),
        "\
play Web (plays/site.yaml:1)

x: 1
  * host (inv/10.ini:2): x=1
    group web (inv/10.ini:6): 2
    role defaults (plays/roles/r/defaults/main.yaml:1): 0

"
    );
    assert_eq!(
        site.good("vars -i inv --playbook plays/site.yaml w1 z"),
        "\
play Web (plays/site.yaml:1)

z: \"playbook\"
  * group_vars/all of the playbook (plays/group_vars/all.yaml:1): playbook
    group_vars/all (inv/group_vars/all.yaml:1): inventory

"
    );
    let extra = site.good("vars -i inv -e x=9 w1 y");
    assert!(extra.starts_with("y: \"9\"\n"), "{extra}");
    let later = site.good("vars -i inv --playbook plays/site.yaml w1 p");
    assert!(later.starts_with("play Web"), "{later}");
    assert!(later.contains("p: (only a run can tell: "), "{later}");
}

#[test]
fn unknown_hosts_and_variables_are_errors() {
    let site = site();
    let (stdout, stderr) = site.run("vars -i inv w1 xx");
    assert_eq!(stdout, "");
    assert!(
        stderr.starts_with("error: nothing sets the variable `xx` for `w1`\n"),
        "{stderr}"
    );
    let (stdout, stderr) = site.run("inventory -i inv --host w3");
    assert_eq!(stdout, "");
    assert!(
        stderr.starts_with("error: the inventory has no host `w3`\n"),
        "{stderr}"
    );
}

#[test]
fn a_play_may_be_for_a_group_that_an_earlier_task_makes() {
    let site = Site::new(&[(
        "site.yaml",
        "- hosts: a\n  tasks:\n    - add_host: {name: n, groups: 'new, old'}\n- hosts: new:!n\n  tasks: []\n",
    )]);
    site.good("-i a, site.yaml --syntax-check");
    let site = Site::new(&[(
        "site.yaml",
        "- hosts: new\n  tasks: []\n- hosts: a\n  tasks:\n    - add_host: {name: n, groups: new}\n",
    )]);
    let (_, stderr) = site.run("-i a, site.yaml --syntax-check");
    assert!(stderr.contains("no group and no host `new`"), "{stderr}");
}

#[test]
fn of_several_sources_the_later_one_wins() {
    let site = Site::new(&[
        ("a.yaml", "web: {hosts: {w: {x: a, y: a}}}\n"),
        ("b.ini", "[web]\nw x=b\n"),
    ]);
    let vars = site.good("inventory -i a.yaml -i b.ini --host w");
    let vars: Value = serde_json::from_str(&vars).expect("JSON");
    assert_eq!(vars, json!({"x": "b", "y": "a"}));
    let vars = site.good("vars -i b.ini -i a.yaml w x");
    assert!(vars.starts_with("x: \"a\"\n"), "{vars}");
}

#[test]
fn secrets_are_not_shown() {
    let site = Site::new(&[
        ("hosts.yaml", "web: {hosts: {w: }}\n"),
        ("pass", "secret password\n"),
        ("plain.yaml", "token: s3cret-value\nurl: 'x/{{ token }}'\n"),
    ]);
    let pass = "--vault-password-file pass";
    site.good(&format!(
        "vault encrypt {pass} --output group_vars_web plain.yaml"
    ));
    let from = site.0.path().join("group_vars_web");
    fs::create_dir(site.0.path().join("group_vars")).expect("a directory");
    fs::rename(from, site.0.path().join("group_vars/web.yaml")).expect("moved");
    for command in [
        "vars -i hosts.yaml w",
        "inventory -i hosts.yaml --list",
        "inventory -i hosts.yaml --graph --vars",
        "inventory -i hosts.yaml --host w --yaml",
    ] {
        let shown = site.good(&format!("{command} {pass}"));
        assert!(shown.contains("token"), "{shown}");
        assert!(!shown.contains("s3cret-value"), "{shown}");
    }
}

#[test]
fn passwords_are_hidden_however_they_are_written() {
    let site = Site::new(&[(
        "inv.ini",
        "[web]\n\
         w1 ansible_ssh_pass=hunter-one address=\"{{ x }}\"\n\
         w2 ansible_password='it'\"'\"'s-two'\n\
         w3 ansible_password=\"{{ three }}\" three=hunter-three\n\
         w4 ansible_become_password=\"{{ lookup('env', 'PATH') }}\"\n",
    )]);
    let path = std::env::var("PATH").expect("a path");
    let mut shown = site.good("inventory -i inv.ini --list");
    for host in ["w1", "w2", "w3", "w4"] {
        shown += &site.good(&format!("vars -i inv.ini {host}"));
    }
    for secret in ["hunter-one", "s-two", &path] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let of_three = site.good("vars -i inv.ini w3");
    assert!(!of_three.contains("hunter-three"), "{of_three}");
}
