//! What templates read on the controller.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::template::{Lookup, TemplateError, Templates};
use crate::value::{Value, to_json};

/// A directory with `files` and `templates`, and one variable.
struct Controller {
    directory: TempDir,
}

impl Controller {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().expect("a directory");
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, text).expect("a file");
        }
        Self { directory }
    }

    fn render_with(&self, templates: &mut Templates, text: &str) -> Result<Json, TemplateError> {
        let text = templates.compile_text(text)?;
        assert!(text.looks_up());
        let value = templates.render_text(&text, self)?;
        // No machine's path is part of what is expected.
        let directory = self.directory.path().to_string_lossy().into_owned();
        let json = to_json(&value).to_string().replace(&directory, "");
        Ok(serde_json::from_str(&json).expect("JSON"))
    }

    fn render(&self, text: &str) -> Result<Json, TemplateError> {
        self.render_with(&mut Templates::new(), text)
    }
}

impl Lookup for Controller {
    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        Ok((name == "one").then(|| Value::from(1)))
    }

    fn names(&self) -> Vec<String> {
        vec!["one".into()]
    }

    fn find_file(&self, folder: &str, name: &str) -> Option<PathBuf> {
        let path = self.directory.path().join(folder).join(name);
        path.exists().then_some(path)
    }
}

#[test]
fn lookups_read_the_controllers_files() {
    let controller = Controller::new(&[
        ("files/a.txt", " a\n\n"),
        ("files/d/x.conf", "x"),
        ("files/d/y.conf", "y"),
        ("files/d/.hidden.conf", "h"),
        ("files/d/z.txt", "z"),
        (
            "templates/t.tera",
            "<{{ one }}{% if extra is defined %}{{ extra }}{% endif %}>",
        ),
        (
            "templates/outer.tera",
            "{{ lookup('template', 't.tera') }}{{ lookup('file', 'a.txt') }}",
        ),
    ]);
    for (expression, value) in [
        ("lookup('file', 'a.txt')", json!(" a")),
        (
            "lookup('ansible.builtin.file', 'a.txt', lstrip=true)",
            json!("a"),
        ),
        ("lookup('file', 'a.txt', rstrip=false)", json!(" a\n\n")),
        ("lookup('fi' ~ 'le', 'a.txt')", json!(" a")),
        ("lookup(type='file', terms='a.txt')", json!(" a")),
        ("lookup('file', 'd/x.conf', 'd/y.conf')", json!("x,y")),
        ("query('file', ['d/x.conf', 'd/y.conf'])", json!(["x", "y"])),
        (
            "[lookup('file', f) for f in ['d/x.conf', 'd/y.conf', 'd/x.conf']]",
            json!(["x", "y", "x"]),
        ),
        ("lookup('template', 't.tera')", json!("<1>")),
        (
            "lookup('template', 't.tera', template_vars={'extra': 2})",
            json!("<12>"),
        ),
        ("lookup('template', 'outer.tera')", json!("<1> a")),
        (
            "lookup('fileglob', 'd/*.conf')",
            json!("/files/d/x.conf,/files/d/y.conf"),
        ),
        (
            "query('fileglob', 'd/[!x].conf', 'd/?.txt')",
            json!(["/files/d/y.conf", "/files/d/z.txt"]),
        ),
        ("query('fileglob', '*.txt')", json!(["/files/./a.txt"])),
        ("q('fileglob', 'none/*')", json!([])),
        (
            "lookup('first_found', ['no', 'a.txt'])",
            json!("/files/a.txt"),
        ),
        (
            "lookup('first_found', 'x.conf', 'y.conf', paths=['no', 'd'])",
            json!("/files/d/x.conf"),
        ),
        (
            "lookup('first_found', {'files': ['no', 'z.txt'], 'paths': 'd'})",
            json!("/files/d/z.txt"),
        ),
        ("query('first_found', ['no'], skip=true)", json!([])),
        ("lookup('env', 'PROVISION_NO_SUCH_VARIABLE')", json!("")),
        (
            "lookup('env', 'PROVISION_NO_SUCH_VARIABLE') | default('x', true)",
            json!("x"),
        ),
        ("lookup('env', 'PATH') == ''", json!(false)),
        ("'a' if one == 1 else lookup('file', 'no')", json!("a")),
    ] {
        assert_eq!(
            controller.render(&format!("{{{{ {expression} }}}}")),
            Ok(value),
            "{expression}"
        );
    }
    assert_eq!(
        controller.render("a {{ lookup('file', 'd/x.conf') }} b {{ lookup('file', 'd/y.conf') }}"),
        Ok(json!("a x b y"))
    );
}

#[test]
fn failed_lookups_say_what_they_looked_for() {
    let controller = Controller::new(&[
        ("templates/bad.tera", "one\n{{ nope }}"),
        (
            "templates/worse.tera",
            "{{ lookup('template', 'bad.tera') }}",
        ),
        (
            "templates/circle.tera",
            "{{ lookup('template', 'circle.tera') }}",
        ),
    ]);
    let path = controller.directory.path().display().to_string();
    for (text, message) in [
        (
            "{{ lookup('file', '/no/such') }}",
            "there is no file `/no/such` on this machine",
        ),
        (
            "{{ lookup('first_found', ['a', 'b']) }}",
            "none of these files was found: `a` `b`",
        ),
        (
            "{{ lookup('template', 'bad.tera') }}",
            "in `/templates/bad.tera` (2:4): `nope` is not defined",
        ),
        (
            "{{ lookup('template', 'worse.tera') }}",
            "in `/templates/worse.tera` (1:4): in `/templates/bad.tera` (2:4): `nope` is not defined",
        ),
        (
            "{{ lookup('file', one) }}",
            "`lookup('file', ...)` takes texts, not a number",
        ),
        (
            "{{ lookup('fileglob', 'a*/b') }}",
            "`a*/b` has signs of a pattern in its directory",
        ),
        (
            "{% set kind = 'fil' %}{{ lookup(kind, 'x') }}",
            "unknown lookup `fil`",
        ),
        (
            "{% for n in range(2000) %}{{ lookup('env', 'PROVISION_' ~ n) }}{% endfor %}",
            "more than 300 lookups in one template",
        ),
    ] {
        let error = controller.render(text).expect_err(text);
        assert_eq!(error.message.replace(&path, ""), message);
        assert!(error.at.is_some() || message.starts_with("more"), "{text}");
    }
    let error = controller
        .render("{{ lookup('template', 'circle.tera') }}")
        .expect_err("a circle");
    assert!(
        error
            .message
            .ends_with("is looked up by a template that it looks up itself")
    );
}

#[test]
fn programs_run_only_if_they_may() {
    let controller = Controller::new(&[]);
    assert!(controller.render("{{ lookup('pipe', 'echo a') }}").is_err());
    assert!(
        controller
            .render("{{ lookup('pi' ~ 'pe', 'echo a') }}")
            .is_err()
    );
    let mut templates = Templates::new();
    templates.allow_pipe(true);
    assert_eq!(
        controller.render_with(&mut templates, "{{ lookup('pipe', 'echo a') }}"),
        Ok(json!("a"))
    );
    let error = controller
        .render_with(&mut templates, "{{ lookup('pipe', 'exit 3') }}")
        .expect_err("exit 3");
    assert_eq!(
        error.message,
        "the program of `lookup('pipe', ...)` failed: exit status: 3"
    );
}

#[test]
fn a_text_without_lookups_says_so() {
    let mut templates = Templates::new();
    assert!(
        !templates
            .compile_text("{{ a }}")
            .expect("a text")
            .looks_up()
    );
    assert!(!templates.compile_text("a").expect("a text").looks_up());
    assert!(
        templates
            .compile_condition("lookup('env', 'A') == ''")
            .expect("a condition")
            .looks_up()
    );
}
