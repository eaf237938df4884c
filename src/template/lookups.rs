//! Lookups: what a template reads on the controller, by `lookup('file', ...)` and its like.
//!
//! Tera's functions see their arguments only. So one that is called without a known answer notes what it was asked
//! and fails; the rendering ends, the answer is found outside of Tera, and the rendering begins again. That keeps
//! renderings from standing in each other, and only templates with lookups pay for it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use tera::{Error, Kwargs, State, Tera, TeraResult};

use super::filters::field;
use super::lookup::Lookup;
use super::reference::{Documented, function};
use super::syntax::{Argument, Node};
use super::{TemplateError, Templates, Trimming};
use crate::source::suggest;
use crate::value::{Map, Value, to_json};

/// The functions that look up.
pub(super) const LOOKUPS: [&str; 3] = ["lookup", "query", "q"];

/// What can be looked up.
const KINDS: [&str; 6] = ["env", "file", "fileglob", "first_found", "pipe", "template"];

/// A file that is longer is no part of a configuration.
const MAX_FILE: u64 = 16 << 20;

/// Each lookup renders its template once more.
const MAX_LOOKUPS: usize = 300;

const ARGUMENTS: &[&str] = &[
    "type",
    "terms...",
    "default?",
    "errors?",
    "lstrip?",
    "paths?",
    "rstrip?",
    "skip?",
    "template_vars?",
    "wantlist?",
];

pub(super) const TABLE: &[Documented] = &[
    function(
        "lookup",
        ARGUMENTS,
        "What stands on the controller: the text of a `file` (without white space at its end, unless `rstrip=false`), what a `template` renders to (with `template_vars` added), a variable of the environment (`env`, else `default` or an empty text), the files that a `fileglob` names, the `first_found` of several files (none is an error unless `skip=true`), or what a program prints (`pipe`, only with `--allow-pipe`). Several answers are joined by commas.",
        "lookup('env', 'PROVISION_EXAMPLE', default='none')",
        "\"none\"",
    ),
    function(
        "query",
        ARGUMENTS,
        "The same as `lookup`, always as a list.",
        "query('env', 'PROVISION_EXAMPLE', default='none')",
        "[\"none\"]",
    ),
    function(
        "q",
        ARGUMENTS,
        "The same as `query`.",
        "q('env', 'PROVISION_EXAMPLE', default='none')",
        "[\"none\"]",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_function("lookup", |arguments: Kwargs, _: &State| {
        called(&arguments, false)
    });
    for name in ["query", "q"] {
        tera.register_function(name, |arguments: Kwargs, _: &State| {
            called(&arguments, true)
        });
    }
}

thread_local! {
    static ANSWERS: RefCell<Answers> = RefCell::default();
}

/// The lookups of one rendering.
#[derive(Default)]
pub(super) struct Answers {
    known: HashMap<String, Value>,
    asked: Option<Question>,
}

/// A call whose answer is not known yet.
pub(super) struct Question {
    key: String,
    arguments: Map,
    as_list: bool,
}

/// The answer if it is known; otherwise a failure that asks for it.
fn called(arguments: &Kwargs, as_list: bool) -> TeraResult<Value> {
    let arguments: Map = arguments
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let key = format!("{as_list}{}", to_json(&Value::from(arguments.clone())));
    ANSWERS.with_borrow_mut(|answers| {
        if let Some(known) = answers.known.get(&key) {
            return Ok(known.clone());
        }
        answers.asked = Some(Question {
            key,
            arguments,
            as_list,
        });
        Err(Error::message("a lookup without an answer"))
    })
}

impl Answers {
    /// Does the work with these answers known; also gives what was asked beyond them.
    pub(super) fn during<T>(&mut self, work: impl FnOnce() -> T) -> (T, Option<Question>) {
        self.asked = None;
        let outer = ANSWERS.replace(std::mem::take(self));
        let done = work();
        *self = ANSWERS.replace(outer);
        let asked = self.asked.take();
        (done, asked)
    }

    pub(super) fn add(&mut self, question: &Question, answer: Value) -> Result<(), TemplateError> {
        if self.known.len() == MAX_LOOKUPS {
            return Err(TemplateError::new(format!(
                "more than {MAX_LOOKUPS} lookups in one template"
            ))
            .with_help("look up once, outside of the loop"));
        }
        self.known.insert(question.key.clone(), answer);
        Ok(())
    }
}

/// The type of a lookup, if it is written out, and where it stands.
pub(super) fn kind_of_lookup(
    source: &str,
    arguments: &[Argument],
) -> (Option<String>, Range<usize>) {
    let Some(kind) = arguments.iter().find(|argument| argument.name == "type") else {
        return (None, 0..source.len());
    };
    let at = kind.value.at.clone();
    let inner = source[at.clone()]
        .strip_prefix(['\'', '"', '`'])
        .and_then(|text| text.strip_suffix(['\'', '"', '`']))
        .filter(|_| matches!(kind.value.node, Node::Literal));
    (inner.map(str::to_owned), at)
}

/// Fails if one of these lookups is unknown or not allowed.
pub(super) fn check(
    lookups: &[(Option<String>, Range<usize>)],
    pipe: bool,
) -> Result<(), TemplateError> {
    for (kind, at) in lookups {
        if let Some(kind) = kind {
            allowed(kind, pipe).map_err(|error| error.at(at.clone()))?;
        }
    }
    Ok(())
}

/// The type without the collection that Ansible puts before it.
fn allowed(kind: &str, pipe: bool) -> Result<&str, TemplateError> {
    let kind = kind.strip_prefix("ansible.builtin.").unwrap_or(kind);
    if kind == "pipe" && !pipe {
        return Err(TemplateError::new(
            "`lookup('pipe', ...)` runs a program on this machine, which is not allowed",
        )
        .with_help("allow it with `--allow-pipe`, or register what a task with `delegate_to: localhost` prints"));
    }
    if KINDS.contains(&kind) {
        return Ok(kind);
    }
    let help = match kind {
        "vars" | "varnames" => "write the name of the variable, or keep the values in a mapping and write `mapping[key]`".into(),
        "dict" => "write `mapping | dict2items`".into(),
        "items" | "list" | "flattened" => "write the list itself, with `| flatten` if it holds lists".into(),
        "indexed_items" => "write `loop` with `loop_control: {index_var: i}`".into(),
        "subelements" => "write `list | subelements('key')`".into(),
        "nested" | "together" | "cartesian" => "write `a | product(b)` or `a | zip(b)`".into(),
        "sequence" => "write `range(start=1, end=10)`".into(),
        "password" | "random_choice" => "results must not differ between runs: keep the password in an encrypted variable".into(),
        "url" => "fetch it with the module `get_url`".into(),
        "ini" | "csvfile" | "config" => "load YAML with `vars_files`, or read a `file` and take it apart".into(),
        "inventory_hostnames" => "write `groups['all']`, or the name of another group".into(),
        "unvault" => "name the encrypted file in `vars_files`".into(),
        _ => match suggest(kind, KINDS.into_iter()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are `{}`", KINDS.join("`, `")),
        },
    };
    Err(TemplateError::new(format!("unknown lookup `{kind}`")).with_help(help))
}

impl Question {
    /// Finds the answer.
    pub(super) fn answer(
        &self,
        templates: &Templates,
        lookup: &dyn Lookup,
    ) -> Result<Value, TemplateError> {
        let kind = self.text("type")?.unwrap_or_default();
        let kind = allowed(kind, templates.allows_pipe())?;
        let terms = self.terms();
        let mut answers = Vec::new();
        if kind == "first_found" {
            answers.extend(self.first_found(&terms, lookup)?.as_deref().map(path_value));
        } else {
            for term in &terms {
                let Some(term) = term.as_str() else {
                    return Err(wrong_term(kind, term));
                };
                match kind {
                    "env" => answers.push(self.env(term)),
                    "file" => {
                        let path = found(lookup, "files", term)?;
                        answers.push(Value::from(self.stripped(&read(&path)?)?));
                    }
                    "fileglob" => {
                        answers.extend(glob(term, lookup)?.iter().map(|path| path_value(path)));
                    }
                    "template" => {
                        answers.push(Value::from(self.template(term, templates, lookup)?));
                    }
                    _ => answers.push(Value::from(self.stripped(&pipe(term)?)?)),
                }
            }
        }
        if self.as_list || self.flag("wantlist")?.unwrap_or(false) {
            return Ok(Value::from(answers));
        }
        Ok(match answers.as_slice() {
            [only] => only.clone(),
            all => {
                let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
                Value::from(texts.join(","))
            }
        })
    }

    fn argument(&self, name: &str) -> Option<&Value> {
        field(&self.arguments, name).filter(|value| !value.is_undefined())
    }

    fn text(&self, name: &str) -> Result<Option<&str>, TemplateError> {
        self.argument(name)
            .map(|value| value.as_str().ok_or_else(|| wrong(name, "a text")))
            .transpose()
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, TemplateError> {
        self.argument(name)
            .map(|value| value.as_bool().ok_or_else(|| wrong(name, "a boolean")))
            .transpose()
    }

    /// What is looked up: all arguments by place, and the items of those that are lists.
    fn terms(&self) -> Vec<Value> {
        let mut terms = Vec::new();
        for number in 1.. {
            let name = match number {
                1 => "terms".to_owned(),
                number => format!("terms_{number}"),
            };
            match self.argument(&name) {
                Some(value) => match value.as_array() {
                    Some(items) => terms.extend_from_slice(items),
                    None => terms.push(value.clone()),
                },
                None => break,
            }
        }
        terms
    }

    fn env(&self, name: &str) -> Value {
        match std::env::var(name) {
            Ok(value) => Value::from(value),
            Err(_) => self
                .argument("default")
                .cloned()
                .unwrap_or_else(|| Value::from("")),
        }
    }

    fn stripped(&self, text: &str) -> Result<String, TemplateError> {
        let text = match self.flag("rstrip")? {
            Some(false) => text,
            _ => text.trim_end(),
        };
        Ok(match self.flag("lstrip")? {
            Some(true) => text.trim_start(),
            _ => text,
        }
        .to_owned())
    }

    /// Terms are names, or mappings with `files`, `paths` and `skip`.
    fn first_found(
        &self,
        terms: &[Value],
        lookup: &dyn Lookup,
    ) -> Result<Option<PathBuf>, TemplateError> {
        let mut names = Vec::new();
        let mut skip = self.flag("skip")?.unwrap_or(false)
            || matches!(self.text("errors")?, Some("ignore" | "warn"));
        let outer = texts(self.argument("paths"), "paths")?;
        for term in terms {
            let (files, paths) = match term.as_map() {
                Some(map) => {
                    skip |= field(map, "skip").and_then(Value::as_bool) == Some(true);
                    let files = texts(field(map, "files"), "files")?;
                    (files, texts(field(map, "paths"), "paths")?)
                }
                None => (texts(Some(term), "terms")?, Vec::new()),
            };
            let paths = if paths.is_empty() { &outer } else { &paths };
            if paths.is_empty() {
                names.extend(files);
            } else {
                let joined = |path: &String| -> Vec<String> {
                    let path = path.trim_end_matches('/');
                    files.iter().map(|file| format!("{path}/{file}")).collect()
                };
                names.extend(paths.iter().flat_map(joined));
            }
        }
        let first = names.iter().find_map(|name| find(lookup, "files", name));
        if first.is_none() && !skip {
            let mut message = "none of these files was found:".to_owned();
            for name in &names {
                let _ = write!(message, " `{name}`");
            }
            return Err(TemplateError::new(message)
                .with_help("give `skip=true` if there may be none: the result is then empty"));
        }
        Ok(first)
    }

    fn template(
        &self,
        name: &str,
        templates: &Templates,
        lookup: &dyn Lookup,
    ) -> Result<String, TemplateError> {
        let path = found(lookup, "templates", name)?;
        let text = read(&path)?;
        let shown = path.display().to_string();
        let Some(mut inner) = templates.inner() else {
            return Err(TemplateError::new(format!(
                "`{shown}` is looked up by a template that it looks up itself"
            )));
        };
        let inside = |error: TemplateError| TemplateError {
            message: format!("in `{shown}`{}: {}", place(&text, &error), error.message),
            at: None,
            cause: None,
            ..error
        };
        let file = inner
            .compile_file(&shown, &text, Trimming::default())
            .map_err(inside)?;
        let added = match self.argument("template_vars") {
            None => None,
            Some(value) => Some(
                value
                    .as_map()
                    .ok_or_else(|| wrong("template_vars", "a mapping"))?,
            ),
        };
        let rendered = match added {
            None => inner.render_file(&file, lookup),
            Some(added) => inner.render_file(&file, &Added { added, lookup }),
        };
        rendered.map_err(inside)
    }
}

/// The variables of a template that is looked up with some of its own.
struct Added<'a> {
    added: &'a Map,
    lookup: &'a dyn Lookup,
}

impl Lookup for Added<'_> {
    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        match field(self.added, name) {
            Some(value) => Ok(Some(value.clone())),
            None => self.lookup.get(name),
        }
    }

    fn names(&self) -> Vec<String> {
        let own = self.added.keys().map(crate::value::key_text);
        own.chain(self.lookup.names()).collect()
    }

    fn hostvars(
        &self,
        fields: Option<&[std::sync::Arc<str>]>,
    ) -> Result<Option<Value>, TemplateError> {
        self.lookup.hostvars(fields)
    }

    fn find_file(&self, folder: &str, name: &str) -> Option<PathBuf> {
        self.lookup.find_file(folder, name)
    }
}

fn wrong(name: &str, expected: &str) -> TemplateError {
    TemplateError::new(format!("`{name}` of a lookup must be {expected}"))
}

fn wrong_term(kind: &str, term: &Value) -> TemplateError {
    let found = super::filters::type_word(term);
    TemplateError::new(format!("`lookup('{kind}', ...)` takes texts, not {found}"))
}

/// A text, or the texts of a list.
fn texts(value: Option<&Value>, name: &str) -> Result<Vec<String>, TemplateError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    if let Some(text) = value.as_str() {
        return Ok(vec![text.to_owned()]);
    }
    let items = value.as_array().unwrap_or_default().iter();
    let texts: Option<Vec<String>> = items.map(|item| item.as_str().map(str::to_owned)).collect();
    texts
        .filter(|_| value.is_array())
        .ok_or_else(|| wrong(name, "a text or a list of texts"))
}

fn path_value(path: &Path) -> Value {
    Value::from(path.to_string_lossy().into_owned())
}

fn find(lookup: &dyn Lookup, folder: &str, name: &str) -> Option<PathBuf> {
    if name.starts_with('/') {
        let path = PathBuf::from(name);
        return path.exists().then_some(path);
    }
    lookup.find_file(folder, name)
}

fn found(lookup: &dyn Lookup, folder: &str, name: &str) -> Result<PathBuf, TemplateError> {
    find(lookup, folder, name).ok_or_else(|| {
        let error = TemplateError::new(format!("there is no file `{name}` on this machine"));
        if name.starts_with('/') {
            return error.with_help("lookups read the controller's files, not the hosts'");
        }
        error.with_help(format!(
            "it is looked for in `{folder}/` of the role and beside the playbook"
        ))
    })
}

fn read(path: &Path) -> Result<String, TemplateError> {
    let shown = path.display();
    let fail =
        |error: std::io::Error| TemplateError::new(format!("cannot read `{shown}`: {error}"));
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        return Err(TemplateError::new(format!("`{shown}` is not a file")));
    }
    if metadata.len() > MAX_FILE {
        return Err(
            TemplateError::new(format!("`{shown}` is too large: more than 16 MiB"))
                .with_help("copy it with a module"),
        );
    }
    String::from_utf8(std::fs::read(path).map_err(fail)?).map_err(|_| {
        TemplateError::new(format!("`{shown}` is not UTF-8 text"))
            .with_help("copy it with a module")
    })
}

/// The files, in order, whose names match the last part of a pattern.
fn glob(pattern: &str, lookup: &dyn Lookup) -> Result<Vec<PathBuf>, TemplateError> {
    let (directory, names) = match pattern.rsplit_once('/') {
        Some(("", names)) => ("/", names),
        Some((directory, names)) => (directory, names),
        None => (".", pattern),
    };
    if directory.contains(['*', '?', '[']) {
        return Err(TemplateError::new(format!(
            "`{pattern}` has signs of a pattern in its directory"
        ))
        .with_help("`fileglob` matches the names of one directory only"));
    }
    let names = super::filters::glob_pattern(names)
        .map_err(|message| TemplateError::new(format!("`{pattern}`: {message}")))?;
    // As in Ansible, a pattern that matches nothing gives nothing, with or without its directory.
    let Some(directory) = find(lookup, "files", directory) else {
        return Ok(Vec::new());
    };
    let entries = std::fs::read_dir(&directory).map_err(|error| {
        TemplateError::new(format!("cannot read `{}`: {error}", directory.display()))
    })?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| names.is_match(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    found.sort_unstable();
    Ok(found)
}

fn pipe(command: &str) -> Result<String, TemplateError> {
    let output = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| TemplateError::new(format!("cannot run `/bin/sh`: {error}")))?;
    if !output.status.success() {
        return Err(TemplateError::new(format!(
            "the program of `lookup('pipe', ...)` failed: {}",
            output.status
        )));
    }
    String::from_utf8(output.stdout).map_err(|_| {
        TemplateError::new("what the program of `lookup('pipe', ...)` prints is not UTF-8 text")
    })
}

/// Where in its file an error stands, as ` (line:column)`.
fn place(text: &str, error: &TemplateError) -> String {
    let Some(before) = error.at.as_ref().and_then(|at| text.get(..at.start)) else {
        return String::new();
    };
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!(" ({line}:{column})")
}
