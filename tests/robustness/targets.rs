//! What is tried: each target reads an input as the program does, goes on with what was understood, and gives back
//! what was said, without the names and numbers in it.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use provision::engine::{Run, magic_names};
use provision::inventory::connection::ConnectionVars;
use provision::inventory::{HostPattern, Inventory};
use provision::playbook::{self, Known, LoadOptions};
use provision::source::{
    Diagnostic, Diagnostics, FileId, Node, NodeKind, SourceMap, parse_yaml, render,
};
use provision::template::{Lookup, TemplateError, Templates, Trimming};
use provision::value::{Value, from_json, to_json};
use provision::vars::{Definitions, is_variable_name};
use provision::vault::{self, Envelope, Keyring, PasswordSource, VaultId};
use provision_worker::protocol::{Frame, FromWorker, ToWorker};
use tempfile::TempDir;

use super::cases::LONGEST;

/// What can be tried, and the directory that it reads beside the input.
pub(crate) struct Target {
    read: fn(&Target, &[u8]) -> Vec<String>,
    directory: TempDir,
    /// So that no file is taken for one that was read before.
    count: Cell<u32>,
    keys: Keyring,
}

/// Longer texts than this are rendered as others are, and it takes a debug build a minute.
const LONGEST_TEMPLATE: usize = 1 << 20;

/// What the playbooks of the corpus use.
const FILES: &[(&str, &str)] = &[
    (
        "tasks.yaml",
        "- debug: {msg: '{{ item }}'}\n- command: 'true'\n  notify: restart\n",
    ),
    ("vars.yaml", "from_file: 1\nother: '{{ from_file }}'\n"),
    (
        "other.yaml",
        "- hosts: all\n  tasks: [{debug: {msg: imported}}]\n",
    ),
    (
        "templates/motd.tera",
        "{% if flag %}{{ name }}{% endif %}\n",
    ),
    ("files/data", "data\n"),
    (
        "roles/web/tasks/main.yaml",
        "- include_tasks: more.yaml\n  loop: [1, 2]\n",
    ),
    (
        "roles/web/tasks/more.yaml",
        "- debug: {msg: '{{ port }}'}\n",
    ),
    ("roles/web/defaults/main.yaml", "port: 80\n"),
    (
        "roles/web/handlers/main.yaml",
        "- {name: restart, command: 'true'}\n",
    ),
    ("roles/web/meta/main.yaml", "dependencies: [base]\n"),
    ("roles/base/tasks/main.yaml", "- debug: {msg: base}\n"),
];

impl Target {
    pub(crate) fn new(name: &str) -> Self {
        let read: fn(&Self, &[u8]) -> Vec<String> = match name {
            "yaml" => Self::yaml,
            "inventory" => Self::inventory,
            "ini" => Self::ini,
            "playbook" => Self::playbook,
            "template" | "template:values" => Self::template,
            "vault" => Self::vault,
            "frames" => Self::frames,
            other => panic!("there is no target `{other}`"),
        };
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in FILES {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, text).expect("written");
        }
        let id = VaultId {
            label: "default".to_owned(),
            source: PasswordSource::Prompt,
        };
        let keys = Keyring::new(
            vec![id],
            Vec::new(),
            Box::new(|_| Ok("password".to_owned())),
        );
        Self {
            read,
            directory,
            count: Cell::new(0),
            keys,
        }
    }

    /// Reads an input. Whatever it holds, this returns.
    pub(crate) fn read(&self, bytes: &[u8]) -> Vec<String> {
        (self.read)(self, bytes)
    }

    /// A path that has the input as its text; what is refused when it is read is a file.
    fn place(&self, map: &mut SourceMap, name: &str, bytes: &[u8]) -> PathBuf {
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.len() <= LONGEST => {
                let path = self.directory.path().join(name);
                map.add(&path, text);
                path
            }
            _ => {
                self.count.set(self.count.get() + 1);
                let directory = self
                    .directory
                    .path()
                    .join(format!("bytes{}", self.count.get()));
                fs::create_dir(&directory).expect("a directory");
                let path = directory.join(name);
                fs::write(&path, bytes).expect("written");
                path
            }
        }
    }

    fn clear(&self) {
        let directory = self
            .directory
            .path()
            .join(format!("bytes{}", self.count.get()));
        if directory.exists() {
            fs::remove_dir_all(directory).expect("removed");
        }
    }

    fn yaml(&self, bytes: &[u8]) -> Vec<String> {
        let mut map = SourceMap::with_keys(self.keys.clone());
        let path = self.place(&mut map, "file.yaml", bytes);
        let parsed = map
            .load(&path)
            .and_then(|file| Ok((file, parse_yaml(&map, file)?)));
        self.clear();
        match parsed {
            Err(wrong) => vec![shown(&wrong, &map)],
            Ok((file, documents)) => {
                documents
                    .iter()
                    .for_each(|node| check_node(node, file, &map));
                vec![format!("{} documents", documents.len().min(5))]
            }
        }
    }

    fn inventory(&self, bytes: &[u8]) -> Vec<String> {
        self.hosts("hosts.yaml", bytes)
    }

    fn ini(&self, bytes: &[u8]) -> Vec<String> {
        self.hosts("hosts", bytes)
    }

    fn hosts(&self, name: &str, bytes: &[u8]) -> Vec<String> {
        let mut map = SourceMap::new();
        let path = self.place(&mut map, name, bytes);
        let mut diagnostics = Diagnostics::new();
        let inventory = Inventory::load(&path, &mut map, &mut diagnostics);
        self.clear();
        let mut templates = Templates::new();
        let vars = Run::host_vars(&inventory, &mut templates, &mut diagnostics);
        for definitions in inventory.hosts.keys().filter_map(|host| vars.get(host)) {
            let literal = |name: &str| definitions.get(name)?.literal().cloned();
            // What is wrong with a value is said in the same words for all.
            let _ = ConnectionVars::read(literal);
        }
        // An input is a pattern too, if it is short.
        if let Some(text) = std::str::from_utf8(bytes)
            .ok()
            .filter(|text| text.len() < 100)
        {
            let hosts =
                HostPattern::parse(text, None).and_then(|pattern| pattern.resolve(&inventory));
            diagnostics.check(hosts);
        }
        let mut said = all_shown(&diagnostics, &map);
        said.push(format!("{} hosts", inventory.hosts.len().min(20)));
        said
    }

    fn playbook(&self, bytes: &[u8]) -> Vec<String> {
        let mut map = SourceMap::with_keys(self.keys.clone());
        let path = self.place(&mut map, "site.yaml", bytes);
        let inventory = PathBuf::from("hosts.yaml");
        map.add(
            &inventory,
            "all: {hosts: {h1: {flag: true}, h2: {name: x}}}",
        );
        let mut diagnostics = Diagnostics::new();
        let inventory = Inventory::load(&inventory, &mut map, &mut diagnostics);
        let mut templates = Templates::new();
        let vars = Run::host_vars(&inventory, &mut templates, &mut diagnostics);
        let options = LoadOptions::default();
        let loaded = playbook::load(
            &[path],
            &options,
            &mut map,
            &mut templates,
            &mut diagnostics,
        );
        self.clear();
        let layers: Vec<&Definitions> = vars.values().collect();
        let known = Known {
            magic: magic_names(),
            extra: &Definitions::new(),
            inventory: &layers,
        };
        playbook::validate(&loaded, &known, &mut diagnostics);
        let mut tasks = 0;
        for play in loaded.plays() {
            diagnostics.check(play.hosts.resolve(&inventory));
            play.each_task(&mut |_| tasks += 1);
        }
        let mut said = all_shown(&diagnostics, &map);
        said.push(format!("{} tasks", tasks.min(30)));
        said
    }

    fn template(_: &Self, bytes: &[u8]) -> Vec<String> {
        if bytes.len() > LONGEST_TEMPLATE {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(bytes);
        let mut templates = Templates::new();
        let variables = Variables::new();
        let mut said = Vec::new();
        let mut take = |result: Result<String, TemplateError>| match result {
            Ok(_) => said.push("rendered".to_owned()),
            Err(error) => {
                check_range(&text, error.at.as_ref());
                said.push(shape(&error.message));
            }
        };
        let done = templates.compile_text(&text).and_then(|compiled| {
            templates
                .render_text(&compiled, &variables)
                .map(|value| to_json(&value).to_string())
        });
        take(done);
        let done = templates.compile_condition(&text).and_then(|compiled| {
            templates
                .evaluate_condition(&compiled, &variables)
                .map(|holds| holds.to_string())
        });
        take(done);
        for trims in [false, true] {
            let trimming = Trimming::of(|_| Some(trims));
            let done = templates
                .compile_file("file", &text, trimming)
                .and_then(|compiled| templates.render_file(&compiled, &variables));
            take(done);
        }
        said
    }

    fn vault(&self, bytes: &[u8]) -> Vec<String> {
        let encrypted = vault::is_encrypted(bytes);
        let parsed = Envelope::parse(bytes).map(|envelope| envelope.to_string());
        if let Ok(text) = &parsed {
            // What was read and is written again is read as the same.
            let again = Envelope::parse(text.as_bytes()).expect("its own text");
            assert_eq!(again.to_string(), *text);
        }
        // A passphrase may cost a gigabyte by intention, so age gets none here.
        let is_age = encrypted && parsed.is_err() && !bytes.starts_with(b"$ANSIBLE_VAULT");
        let keys = if is_age {
            Keyring::default()
        } else {
            self.keys.clone()
        };
        let mut said = vec![format!("encrypted: {encrypted}")];
        match keys.decrypt(bytes) {
            Ok(plain) => said.push(format!("{} bytes", plain.len().min(3))),
            Err(error) => said.push(shape(&error.to_string())),
        }
        said
    }

    fn frames(_: &Self, bytes: &[u8]) -> Vec<String> {
        let mut said = Vec::new();
        let mut reader = bytes;
        loop {
            match Frame::read(&mut reader) {
                Ok(None) => return said,
                Ok(Some(frame)) => {
                    said.push(message::<ToWorker>(&frame));
                    said.push(message::<FromWorker>(&frame));
                }
                Err(error) => {
                    said.push(shape(&error.to_string()));
                    return said;
                }
            }
        }
    }
}

/// What a frame is as a message; one that can be read can be written and read again.
fn message<T>(frame: &Frame) -> String
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    match frame.parse::<T>() {
        Err(error) => shape(&error.to_string()),
        Ok(message) => {
            let again = Frame::message(&message).expect("a frame");
            assert_eq!(again.parse::<T>().expect("a message"), message);
            let text = format!("{message:?}");
            text.split(['(', '{']).next().unwrap_or_default().to_owned()
        }
    }
}

/// Every node is somewhere in its file.
fn check_node(node: &Node, file: FileId, map: &SourceMap) {
    assert_eq!(node.span.file, file);
    check_range(map.text(file), Some(&(node.span.start..node.span.end)));
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| check_node(item, file, map)),
        NodeKind::Map(entries) => {
            for entry in entries {
                check_node(&entry.value, file, map);
            }
        }
        _ => {}
    }
}

fn check_range(text: &str, range: Option<&Range<usize>>) {
    if let Some(range) = range {
        assert!(
            text.get(range.clone()).is_some(),
            "{range:?} is no part of the text"
        );
    }
}

/// A mistake as it is shown; of this only its kind is given back.
fn shown(diagnostic: &Diagnostic, map: &SourceMap) -> String {
    assert!(!render(diagnostic, map, false).is_empty());
    shape(&diagnostic.message)
}

fn all_shown(diagnostics: &Diagnostics, map: &SourceMap) -> Vec<String> {
    // Each is found, but nobody reads thousands of them.
    diagnostics
        .iter()
        .take(200)
        .map(|diagnostic| shown(diagnostic, map))
        .collect()
}

/// A message without what it quotes.
fn shape(message: &str) -> String {
    let plain = message.split('`').step_by(2).collect::<Vec<_>>().join("`");
    plain
        .chars()
        .filter(|letter| !letter.is_ascii_digit())
        .take(80)
        .collect()
}

/// The variables that the templates of the corpus use.
struct Variables(HashMap<String, Value>);

impl Variables {
    fn new() -> Self {
        let json = serde_json::json!({
            "one": 1, "name": "web", "flag": true, "off": false, "nothing": null, "big": i64::MAX, "text": "a b\nc",
            "list": [3, 1, 2], "empty": [], "half": 0.5, "item": {"key": "k", "value": [1, "é"]},
            "conf": {"port": 80, "tls": {"on": true}}, "hosts": [{"name": "b", "up": true}, {"name": "a", "up": false}],
            "result": {"changed": true, "failed": false, "rc": 0, "stdout": "x"},
        });
        let all = json.as_object().expect("a mapping").iter();
        Self(
            all.map(|(name, value)| (name.clone(), from_json(value)))
                .collect(),
        )
    }
}

impl Lookup for Variables {
    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        assert!(is_variable_name(name), "`{name}` is asked for");
        Ok(self.0.get(name).cloned())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.keys().cloned().collect();
        names.sort();
        names
    }
}
