//! Loads what other files and roles contribute: imports at once, and for what is included while a play runs
//! everything that it can be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::common::{Common, Level};
use super::include::{Candidate, IncludeVars};
use super::keys::Keys;
use super::keywords::{
    ADD_HOST, APPLY, IMPORT_ROLE, INCLUDE_ROLE, INCLUDE_TASKS, INCLUDE_VARS, ROLE_IMPORT,
    TASKS_IMPORT,
};
use super::load::Loader;
use super::role_load::{From, Use, display_all, yaml_file};
use super::wildcard::Wildcard;
use super::{Body, Control, Entry, Include};
use crate::source::{Diagnostic, Diagnostics, Entry as YamlEntry, Node, NodeKind};
use crate::vars::{Definition, Definitions, is_variable_name};
use provision_worker::module::Module;

/// What is imported in place of a task.
enum Import<'n> {
    Tasks(&'n Node),
    Role(&'n YamlEntry),
}

/// The arguments of an include.
struct Arguments<'n> {
    name: &'n Node,
    apply: Option<&'n Node>,
    from: From,
    public: bool,
}

impl Loader<'_> {
    /// What an import contributes; `None` if the node is none.
    pub(super) fn import(&mut self, node: &Node, outer: &Common) -> Option<Vec<Entry>> {
        let import = importing(node)?;
        let (place, key) = match import {
            Import::Tasks(_) => (&TASKS_IMPORT, "import_tasks"),
            Import::Role(_) => (&ROLE_IMPORT, "import_role"),
        };
        let Some(mut keys) = Keys::new(node, place, self.diagnostics) else {
            return Some(Vec::new());
        };
        keys.string("name", self.diagnostics);
        let common = self.common(&mut keys, outer, Level::Tasks);
        keys.take(key);
        for (key, help) in [
            ("loop", "an include can: it happens while the play runs"),
            ("register", "the imported tasks can"),
            ("until", "the imported tasks can"),
            ("changed_when", "the imported tasks can"),
            ("failed_when", "the imported tasks can"),
        ] {
            if let Some(entry) = keys.refuse(key) {
                let wrong = Diagnostic::error(format!("{} cannot have `{key}`", place.what))
                    .at(entry.key.span, "")
                    .help(help);
                self.diagnostics.push(wrong);
            }
        }
        keys.finish(self.diagnostics);
        Some(match import {
            Import::Tasks(argument) => self.import_tasks(argument, &common),
            Import::Role(entry) => self.import_role(entry, &common),
        })
    }

    fn import_tasks(&mut self, argument: &Node, common: &Common) -> Vec<Entry> {
        let argument = file_argument(argument);
        let Some(name) = self.literal_name("import_tasks", argument) else {
            return Vec::new();
        };
        let directories = self.task_directories(common);
        let path = directories.iter().find_map(|dir| existing(dir, &name));
        let Some(path) = path else {
            self.no_file(&name, argument, &directories);
            return Vec::new();
        };
        if self.open_files.iter().any(|(open, _)| *open == path) {
            let wrong = Diagnostic::error(format!("`{name}` imports itself"))
                .at(argument.span, "imported here")
                .help("`include_tasks` with a `when` that ends it can do that");
            self.diagnostics.push(wrong);
            return Vec::new();
        }
        self.open_files.push((path.clone(), None));
        let node = self.document(&path);
        let entries = node.map(|node| self.entries(&node, common));
        self.open_files.pop();
        entries.unwrap_or_default()
    }

    fn import_role(&mut self, entry: &YamlEntry, common: &Common) -> Vec<Entry> {
        let Some(arguments) = self.include_arguments("import_role", &entry.value, None) else {
            return Vec::new();
        };
        let Some(name) = self.literal_name("import_role", arguments.name) else {
            return Vec::new();
        };
        let role_use = Use {
            name: &name,
            span: arguments.name.span,
            from: &arguments.from,
            parameters: Definitions::new(),
            public: true,
        };
        self.use_role(role_use, common)
    }

    /// The name that an import gives, which cannot depend on anything that only a run knows.
    fn literal_name(&mut self, what: &str, node: &Node) -> Option<String> {
        let Some(text) = node.as_str() else {
            let wrong = Diagnostic::error(format!("`{what}` needs a name"))
                .at(node.span, format!("this is {}", node.type_name()));
            self.diagnostics.push(wrong);
            return None;
        };
        if Wildcard::new(text).is_literal() {
            return Some(text.to_owned());
        }
        let wrong = Diagnostic::error(format!("the name for `{what}` cannot be a template"))
            .at(node.span, "imports are read before anything runs")
            .help(format!("write `{}`", what.replace("import", "include")));
        self.diagnostics.push(wrong);
        None
    }

    /// `include_tasks` or `include_role`. `inherited` is what the included tasks have from around the include.
    pub(super) fn include(
        &mut self,
        module: &'static Module,
        entry: &YamlEntry,
        extra: Option<&Node>,
        inherited: &Common,
    ) -> Option<Include> {
        let arguments = self.include_arguments(module.name, &entry.value, extra)?;
        let Some(text) = arguments.name.as_str() else {
            let wrong = Diagnostic::error(format!("`{}` needs a name", module.name)).at(
                arguments.name.span,
                format!("this is {}", arguments.name.type_name()),
            );
            self.diagnostics.push(wrong);
            return None;
        };
        let mut common = inherited.clone();
        if let Some(node) = arguments.apply
            && let Some(mut keys) = Keys::new(node, &APPLY, self.diagnostics)
        {
            common = self.common(&mut keys, &common, Level::Tasks);
            keys.finish(self.diagnostics);
        }
        let name = self.definition(arguments.name);
        let role = module.name == "include_role";
        let directories = if role {
            self.role_directories()
        } else {
            self.task_directories(inherited)
        };
        let wildcard = Wildcard::new(text);
        let found = if role {
            wildcard.find_directories(&directories)
        } else {
            wildcard.find_files(&directories)
        };
        if found.is_empty() {
            self.nothing_found(text, &wildcard, role, arguments.name, &directories);
        }
        let mut candidates = Vec::new();
        for path in found {
            let lenient = !wildcard.is_literal() && !wildcard.is_specific();
            let candidate = if role {
                self.role_candidate(&path, &directories, &arguments, &common, lenient)
            } else {
                self.file_candidate(&path, &common, lenient)
            };
            candidates.push((path, candidate));
        }
        Some(Include {
            role,
            name,
            directories,
            candidates,
        })
    }

    fn nothing_found(
        &mut self,
        text: &str,
        wildcard: &Wildcard,
        role: bool,
        node: &Node,
        directories: &[PathBuf],
    ) {
        let what = match (role, wildcard.is_literal()) {
            (true, true) => format!("there is no role `{text}`"),
            (true, false) => format!("`{text}` matches no role"),
            (false, true) => return self.no_file(text, node, directories),
            (false, false) => format!("`{text}` matches no file"),
        };
        let known = self.role_names();
        let mut wrong = Diagnostic::error(what).at(node.span, "included here");
        if role && wildcard.is_literal() {
            wrong = wrong.suggest(text, known.iter().map(String::as_str));
        }
        let looked = format!("looked in {}", display_all(directories));
        self.diagnostics.push(wrong.note(looked));
    }

    fn no_file(&mut self, name: &str, node: &Node, directories: &[PathBuf]) {
        let looked: Vec<PathBuf> = directories.iter().map(|dir| dir.join(name)).collect();
        let wrong = Diagnostic::error(format!("there is no file `{name}`"))
            .at(node.span, "named here")
            .note(format!("looked for {}", display_all(&looked)));
        self.diagnostics.push(wrong);
    }

    fn file_candidate(&mut self, path: &Path, common: &Common, lenient: bool) -> Candidate {
        // What includes itself goes on with the tasks that are being read.
        let open = self.open_files.iter().rev();
        if let Some(body) = open
            .filter(|(open, _)| open == path)
            .find_map(|(_, body)| *body)
        {
            return Ok(body);
        }
        let id = self.parts.bodies.len();
        self.parts.bodies.push(None);
        self.open_files.push((path.to_owned(), Some(id)));
        let (entries, wrong) = self.attempt(lenient, |loader| {
            let node = loader.document(path);
            node.map(|node| loader.entries(&node, common))
        });
        self.open_files.pop();
        self.body(id, path.display().to_string(), entries, wrong)
    }

    fn role_candidate(
        &mut self,
        path: &Path,
        directories: &[PathBuf],
        arguments: &Arguments<'_>,
        common: &Common,
        lenient: bool,
    ) -> Candidate {
        let inside = directories
            .iter()
            .find_map(|dir| path.strip_prefix(dir).ok());
        let name = inside.unwrap_or(path).display().to_string();
        if let Some((_, Some(body))) = self.open_files.iter().rev().find(|(open, _)| open == path) {
            return Ok(*body);
        }
        let id = self.parts.bodies.len();
        self.parts.bodies.push(None);
        self.open_files.push((path.to_owned(), Some(id)));
        let loading = std::mem::take(&mut self.loading);
        let (entries, wrong) = self.attempt(lenient, |loader| {
            let role_use = Use {
                name: &name,
                span: arguments.name.span,
                from: &arguments.from,
                parameters: Definitions::new(),
                public: arguments.public,
            };
            Some(loader.use_role(role_use, common))
        });
        self.loading = loading;
        self.open_files.pop();
        self.body(id, name, entries, wrong)
    }

    fn body(
        &mut self,
        id: usize,
        name: String,
        entries: Option<Vec<Entry>>,
        wrong: Option<Arc<Diagnostic>>,
    ) -> Candidate {
        self.parts.bodies[id] = Some(Body {
            name,
            entries: entries.unwrap_or_default(),
        });
        wrong.map_or(Ok(id), Err)
    }

    /// Loads something. If `lenient`, the first mistake is returned and no mistake is complained of.
    fn attempt<T>(
        &mut self,
        lenient: bool,
        load: impl FnOnce(&mut Self) -> T,
    ) -> (T, Option<Arc<Diagnostic>>) {
        if !lenient {
            return (load(self), None);
        }
        let outer = std::mem::take(self.diagnostics);
        let loaded = load(self);
        let found: Diagnostics = std::mem::replace(self.diagnostics, outer);
        (loaded, found.into_iter().next().map(Arc::new))
    }

    fn include_arguments<'n>(
        &mut self,
        module: &str,
        value: &'n Node,
        extra: Option<&'n Node>,
    ) -> Option<Arguments<'n>> {
        let (mut apply, mut public, mut from) = (None, false, From::default());
        let mut name = Some(value).filter(|value| value.as_map().is_none());
        for node in [Some(value), extra].into_iter().flatten() {
            if node.as_map().is_none() {
                continue;
            }
            let place = match module {
                "include_tasks" => &INCLUDE_TASKS,
                "include_role" => &INCLUDE_ROLE,
                _ => &IMPORT_ROLE,
            };
            let mut keys = Keys::new(node, place, self.diagnostics)?;
            if module == "include_tasks" {
                name = keys.take("file").or(name);
                apply = keys.take("apply").or(apply);
            } else {
                name = keys.take("name").or(name);
                if module == "include_role" {
                    apply = keys.take("apply").or(apply);
                    public = keys.boolean("public", self.diagnostics).unwrap_or(public);
                }
                let mut file = |key| keys.string(key, self.diagnostics).map(str::to_owned);
                from = From {
                    tasks: file("tasks_from"),
                    handlers: file("handlers_from"),
                    defaults: file("defaults_from"),
                    vars: file("vars_from"),
                };
                // Every use of a role by an include or import runs it.
                keys.take("allow_duplicates");
            }
            keys.finish(self.diagnostics);
        }
        let Some(name) = name.filter(|name| !name.is_null()) else {
            let wrong = Diagnostic::error(format!("`{module}` needs a name"));
            self.diagnostics
                .push(wrong.at(value.span, "none is given here"));
            return None;
        };
        Some(Arguments {
            name,
            apply,
            from,
            public,
        })
    }

    /// Where files of tasks are looked for: beside the file that names them, in the role, beside the playbook.
    fn task_directories(&self, common: &Common) -> Vec<PathBuf> {
        let mut directories: Vec<PathBuf> = Vec::new();
        let beside = self.open_files.last().and_then(|(path, _)| path.parent());
        let role = common
            .role
            .as_ref()
            .map(|role| role.role.path.join("tasks"));
        let playbook = self.directory().to_owned();
        for directory in beside
            .map(Path::to_owned)
            .into_iter()
            .chain(role)
            .chain([playbook])
        {
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        directories
    }

    pub(super) fn include_vars(&mut self, entry: &YamlEntry) -> Option<IncludeVars> {
        let mut file = Some(&entry.value).filter(|value| value.as_map().is_none());
        let mut name = None;
        if entry.value.as_map().is_some() {
            let mut keys = Keys::new(&entry.value, &INCLUDE_VARS, self.diagnostics)?;
            file = keys.take("file");
            name = keys.take("name");
            keys.finish(self.diagnostics);
        }
        if let Some(node) = name
            && !node.as_str().is_some_and(is_variable_name)
        {
            let wrong = super::keys::expected("name", "the name of a variable", node);
            self.diagnostics.push(wrong);
        }
        let Some((node, text)) = file.and_then(|node| Some((node, node.as_str()?))) else {
            let wrong = Diagnostic::error("`include_vars` needs the name of a file");
            self.diagnostics
                .push(wrong.at(entry.value.span, "none is given here"));
            return None;
        };
        let mut directories: Vec<PathBuf> = Vec::new();
        // The role whose file this is.
        let role = self.open_files.iter().rev().find_map(|(path, _)| {
            let tasks = path.ancestors().find(|dir| dir.ends_with("tasks"))?;
            tasks.parent()
        });
        for base in role.into_iter().chain([self.directory()]) {
            directories.extend([base.join("vars"), base.to_owned()]);
        }
        let wildcard = Wildcard::new(text);
        let found = wildcard.find_files(&directories);
        if found.is_empty() {
            self.nothing_found(text, &wildcard, false, node, &directories);
        }
        let lenient = !wildcard.is_literal() && !wildcard.is_specific();
        let mut candidates = Vec::new();
        for path in found {
            let (definitions, wrong) = self.attempt(lenient, |loader| {
                let node = loader.document(&path)?;
                let Some(name) = name.and_then(Node::as_str) else {
                    return Some(loader.definitions("a file of variables", &node));
                };
                let whole = Arc::new(loader.definition(&node));
                Some(Definitions::from_iter([(Arc::from(name), whole)]))
            });
            if wrong.is_none() {
                candidates.push((path, Arc::new(definitions.unwrap_or_default())));
            }
        }
        Some(IncludeVars {
            file: self.definition(node),
            directories,
            candidates,
        })
    }

    /// `add_host`: its own arguments, and variables of the host.
    pub(super) fn add_host(&mut self, entry: &YamlEntry) -> Option<Control> {
        let mut keys = Keys::new(&entry.value, &ADD_HOST, self.diagnostics)?;
        let name = keys.take("name");
        let groups = keys.take("groups");
        let rest = Node {
            kind: NodeKind::Map(keys.rest().cloned().collect()),
            ..entry.value.clone()
        };
        let Some(name) = name else {
            let wrong = Diagnostic::error("`add_host` needs `name`");
            self.diagnostics
                .push(wrong.at(entry.key.span, "not given here"));
            return None;
        };
        Some(Control::AddHost {
            name: self.definition(name),
            groups: groups.map(|node| self.definition(node)),
            vars: Definition::compile_map(&rest, self.templates, self.diagnostics),
        })
    }
}

fn long(key: &str) -> &'static str {
    match key {
        "import_tasks" => "ansible.builtin.import_tasks",
        _ => "ansible.builtin.import_role",
    }
}

fn importing(node: &Node) -> Option<Import<'_>> {
    let entries = node.as_map()?;
    let find = |key: &str| {
        let is_it = |entry: &&YamlEntry| entry.name() == key || entry.name() == long(key);
        entries.iter().find(is_it)
    };
    let tasks = find("import_tasks").map(|entry| Import::Tasks(&entry.value));
    tasks.or_else(|| find("import_role").map(Import::Role))
}

/// The file that `import_tasks: FILE` or `import_tasks: {file: FILE}` names.
fn file_argument(node: &Node) -> &Node {
    let entries = node.as_map().unwrap_or_default();
    let file = entries.iter().find(|entry| entry.name() == "file");
    file.map_or(node, |entry| &entry.value)
}

fn existing(directory: &Path, name: &str) -> Option<PathBuf> {
    yaml_file(directory, name).filter(|path| path.is_file())
}
