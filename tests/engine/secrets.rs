//! Secrets are used on hosts and shown nowhere: not in any output, not in the arguments or the environment of a
//! process, not in a file beside those that were asked for.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provision::vault;

use super::site::Site;

const PASSWORD: &str = "the-vault-password-7391";
const TOKEN: &str = "xK9'tok\"en-5521\\z";
const PIN: &str = "73915520";
const KEY: &str =
    "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7xyz\nb3BlbnNzaC1rZXktdjEA\n-----END KEY-----\n";

/// Everything that must not be seen.
fn secrets() -> Vec<String> {
    let mut secrets: Vec<String> = [
        PASSWORD,
        TOKEN,
        PIN,
        "MIIEpAIBAAKCAQEA7xyz",
        "b3BlbnNzaC1rZXktdjEA",
    ]
    .map(str::to_owned)
    .to_vec();
    // The token as it was made by filters of the playbook, and as JSON and shells write it.
    let json = serde_json::Value::from(TOKEN).to_string();
    secrets.extend([TOKEN, &json].map(|text| STANDARD.encode(text)));
    secrets.extend([
        TOKEN.to_uppercase(),
        TOKEN.replace('\\', "\\\\"),
        TOKEN.replace('"', "\\\""),
    ]);
    // What is left of it if only its middle is hidden.
    secrets.extend(["xK9", "en-5521", "EN-5521"].map(str::to_owned));
    secrets
}

fn encrypted(plain: &str) -> String {
    vault::encrypt(plain.as_bytes(), PASSWORD.as_bytes(), "default").expect("encrypted")
}

fn value(plain: &str, indent: usize) -> String {
    let line = format!("\n{}", " ".repeat(indent));
    format!(
        "!vault |{line}{}",
        encrypted(plain).trim_end().replace('\n', &line)
    )
}

fn site(tasks: &str) -> Site {
    let playbook = format!(
        "
- hosts: all
  vars_files: [secret.yaml]
  vars:
    token: {}
    coded: '{{{{ token | b64encode }}}}'
  tasks:
{tasks}",
        value(TOKEN, 6)
    );
    let file = format!(
        "pin: {PIN}\nkey: |\n  {}\nport: 80\n",
        KEY.trim_end().replace('\n', "\n  ")
    );
    Site::new(2, &playbook)
        .with("password", PASSWORD)
        .with("secret.yaml", &encrypted(&file))
        .with(
            "templates/conf.tera",
            "token={{ token }}\ncoded={{ token | b64encode }}\nport={{ port }}\n",
        )
        .with(
            "templates/whole.tera",
            &encrypted("first line of b3BlbnNzaC1rZXktdjEA\nport={{ port }} xK9\n"),
        )
}

const TASKS: &str = "
    - name: rendered
      template: {src: conf.tera, dest: '{{ dir }}/conf{{ n }}'}
    - name: whole
      template: {src: whole.tera, dest: '{{ dir }}/whole{{ n }}'}
    - name: copied
      copy: {content: '{{ key }}', dest: '{{ dir }}/key{{ n }}'}
    - name: path
      copy: {content: x, dest: '{{ dir }}/{{ n }}-{{ pin }}'}
    - name: printed
      shell: cat {{ dir }}/conf{{ n }} {{ dir }}/key{{ n }}
      register: printed
      check_mode: false
    - name: failed
      shell: cat {{ dir }}/conf{{ n }} >&2; cat {{ dir }}/key{{ n }}; exit 3
      ignore_errors: true
    - name: refused
      fail: {msg: 'because of {{ token }} and {{ coded }}'}
      ignore_errors: true
    - name: each
      command: echo {{ n }}
      loop: ['{{ token }}', '{{ token | upper }}', plain]
      loop_control: {label: 'the {{ item }}'}
    - name: items
      debug: {msg: '{{ item }}'}
      loop: ['{{ pin }}', '{{ coded }}']
    - name: learned
      set_fact: {made: '{{ token | upper }}', listed: ['{{ token }}', '{{ pin }}'], mapped: {a: '{{ key }}'}}
    - name: told
      debug: {msg: '{{ made }} {{ listed }} {{ mapped }} {{ printed.stdout }}'}
    - name: variable
      debug: {var: printed}
    - name: coded twice
      debug: {msg: '{{ token | to_json | b64encode }} {{ [token, pin] | to_json }}'}
    - name: asserted
      assert: {that: [token == 'no'], fail_msg: 'not {{ token }}'}
";

#[test]
fn no_output_shows_a_secret() {
    for output in ["human", "json"] {
        for arguments in [&[][..], &["-vv", "--diff"], &["--check", "--diff", "-v"]] {
            let site = site(TASKS);
            let ran = site
                .program()
                .args([
                    "-i",
                    "inventory.yaml",
                    "site.yaml",
                    "--vault-password-file",
                    "password",
                ])
                .args(["--output", output])
                .args(arguments)
                .output()
                .expect("provision runs");
            let mut shown = String::from_utf8(ran.stdout).expect("UTF-8");
            shown.push_str(&String::from_utf8(ran.stderr).expect("UTF-8"));
            for secret in secrets() {
                assert!(
                    !shown.contains(&secret),
                    "{output} {arguments:?}: `{secret}` in\n{shown}"
                );
            }
            let check = arguments.contains(&"--check");
            assert_eq!(ran.status.code(), Some(2), "{shown}");
            assert!(
                shown.contains("because of ******** and ********"),
                "{shown}"
            );
            assert!(shown.contains("not ********"), "{shown}");
            assert!(
                check || shown.contains("port=80") || arguments.is_empty(),
                "{shown}"
            );
            if !check {
                let conf = site.written("conf2").expect("it was rendered");
                assert!(
                    conf.starts_with(&format!("token={TOKEN}\ncoded=eEs5")),
                    "{conf}"
                );
                assert_eq!(site.written("key1").as_deref(), Some(KEY));
            }
            assert_eq!(holding(&site.path(""), &["out", "password"]), [""; 0]);
        }
    }
}

/// The files below a directory that hold a secret, apart from some.
fn holding(directory: &Path, apart_from: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if apart_from.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            found.extend(holding(&path, apart_from));
        } else if let Ok(bytes) = fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            if secrets().iter().take(5).any(|secret| text.contains(secret)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn no_process_has_a_secret_in_its_arguments_or_environment() {
    let site = site(
        "
    - name: rendered
      template: {src: conf.tera, dest: '{{ dir }}/conf{{ n }}'}
    - name: sleeps
      shell: sleep 1.7391
",
    );
    let ended = Arc::new(AtomicBool::new(false));
    let seen: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let watcher = {
        let (ended, seen) = (Arc::clone(&ended), Arc::clone(&seen));
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                for process in fs::read_dir("/proc").expect("it is mounted").flatten() {
                    for file in ["cmdline", "environ"] {
                        // A process that has just ended cannot be read.
                        let bytes = fs::read(process.path().join(file)).unwrap_or_default();
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        if text.contains("inventory.yaml")
                            || text.contains("1.7391")
                            || secrets().iter().take(5).any(|secret| text.contains(secret))
                        {
                            seen.push(text);
                        }
                    }
                }
                drop(seen);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        })
    };
    let told = site.run(&["--vault-password-file", "password"]);
    ended.store(true, Ordering::Relaxed);
    watcher.join().expect("it ends");
    told.assert_code(0);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in secrets().iter().take(5) {
        let shown = seen.iter().find(|text| text.contains(secret));
        assert_eq!(shown, None, "{secret}");
    }
    // The watcher has seen the controller and what ran on the hosts.
    assert!(seen.iter().any(|text| text.contains("inventory.yaml")));
    assert!(seen.iter().any(|text| text.contains("sleep")));
}

#[test]
fn passwords_come_from_variables_and_programs_too() {
    let site = site("    - debug: {msg: 'port {{ port }}'}\n")
        .with("program", "#!/bin/sh\necho the-vault-password-7391\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(site.path("program"), executable).expect("allowed");
    for (name, path) in [
        ("ANSIBLE_VAULT_PASSWORD_FILE", "password"),
        ("PROVISION_VAULT_PASSWORD_FILE", "program"),
    ] {
        let mut command = site.command(&[]);
        let ran = command.env(name, path).output().expect("provision runs");
        assert_eq!(
            ran.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    site.run(&["--vault-id", "default@program"]).assert_code(0);
    let told = site.run(&[]);
    told.assert_code(4);
    assert!(
        told.stderr.contains("no password was given"),
        "{}",
        told.stderr
    );
}
