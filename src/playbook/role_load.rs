//! Finds and loads roles, and takes in their dependencies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::common::Level;
use super::keys::Keys;
use super::keywords::{META, ROLE};
use super::load::Loader;
use super::{Action, Common, Control, Entry, Role, RoleArguments, RoleUse, Task};
use crate::source::{Diagnostic, Node, Span};
use crate::value::to_json;
use crate::vars::Definitions;

/// What a role can consist of.
const PARTS: [&str; 5] = ["tasks", "handlers", "defaults", "vars", "meta"];

/// Which files of a role are read in place of its `main` ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct From {
    pub(super) tasks: Option<String>,
    pub(super) handlers: Option<String>,
    pub(super) defaults: Option<String>,
    pub(super) vars: Option<String>,
}

/// A role with its own nodes, from which each use makes its tasks.
pub(super) struct LoadedRole {
    role: Arc<Role>,
    tasks: Option<(PathBuf, Node)>,
    handlers: Option<(PathBuf, Node)>,
    dependencies: Vec<Node>,
    arguments: Option<Arc<RoleArguments>>,
    /// It runs as often as it is named.
    repeats: bool,
}

/// A role where somebody uses it.
pub(super) struct Use<'a> {
    pub(super) name: &'a str,
    pub(super) span: Span,
    pub(super) from: &'a From,
    pub(super) parameters: Definitions,
    /// The whole play sees its defaults and variables.
    pub(super) public: bool,
}

impl Loader<'_> {
    /// An entry of `roles` or of a role's dependencies.
    pub(super) fn role_entry(&mut self, node: &Node, outer: &Common) -> Vec<Entry> {
        if let Some(name) = node.as_str() {
            return self.once(name, node, Definitions::new(), outer);
        }
        let Some(mut keys) = Keys::new(node, &ROLE, self.diagnostics) else {
            return Vec::new();
        };
        let named = keys.take("role");
        let parameters = keys
            .take("vars")
            .map(|node| self.definitions("`vars`", node))
            .unwrap_or_default();
        let common = self.common(&mut keys, outer, Level::Role);
        keys.finish(self.diagnostics);
        match named.map(|node| (node, node.as_str())) {
            Some((_, Some(name))) => self.once(name, node, parameters, &common),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error("an entry of `roles` needs the role's name")
                        .at(node.span, "write `- role: NAME`"),
                );
                Vec::new()
            }
        }
    }

    /// A role of `roles`, unless it has been taken in with the same parameters before.
    fn once(
        &mut self,
        name: &str,
        entry: &Node,
        parameters: Definitions,
        common: &Common,
    ) -> Vec<Entry> {
        let span = entry
            .as_map()
            .and_then(|entries| {
                let named = |entry: &&crate::source::Entry| matches!(entry.name(), "role" | "name");
                entries.iter().find(named)
            })
            .map_or(entry.span, |entry| entry.value.span);
        let Some(loaded) = self.role(name, span, &From::default()) else {
            return Vec::new();
        };
        let own = entry.as_map().filter(|entries| entries.len() > 1);
        let own = own.map(|_| to_json(&entry.to_value()).to_string());
        let key = (loaded.role.name.clone(), own.unwrap_or_default());
        if !loaded.repeats && self.parts.done.contains(&key) {
            return Vec::new();
        }
        let role_use = Use {
            name,
            span,
            from: &From::default(),
            parameters,
            public: true,
        };
        let entries = self.use_role(role_use, common);
        self.parts.done.push(key);
        entries
    }

    /// The tasks of a role, those of its dependencies before them.
    pub(super) fn use_role(&mut self, role_use: Use<'_>, outer: &Common) -> Vec<Entry> {
        let Use {
            name,
            span,
            from,
            parameters,
            public,
        } = role_use;
        let Some(loaded) = self.role(name, span, from) else {
            return Vec::new();
        };
        let name = loaded.role.name.clone();
        if self.loading.contains(&name) {
            self.diagnostics.push(
                Diagnostic::error(format!("role `{name}` depends on itself"))
                    .at(span, format!("{} -> {name}", self.loading.join(" -> "))),
            );
            return Vec::new();
        }
        let inherited = outer.role.iter().flat_map(|role| role.parameters.iter());
        let mut all: Definitions = inherited
            .map(|(name, d)| (name.clone(), d.clone()))
            .collect();
        all.extend(parameters);
        let mut common = outer.clone();
        let around = outer.role.iter().flat_map(RoleUse::chain);
        common.role = Some(RoleUse {
            role: loaded.role.clone(),
            span,
            parents: around.cloned().collect(),
            parameters: Arc::new(all),
        });
        self.loading.push(name.clone());
        let mut entries = Vec::new();
        for dependency in &loaded.dependencies {
            // A dependency sees the parameters of the role that needs it.
            entries.extend(self.dependency(dependency, &common, outer));
        }

        if let Some(arguments) = &loaded.arguments {
            entries.push(Entry::Task(Arc::new(
                self.check_task(arguments, span, &common),
            )));
        }
        if let Some((path, node)) = &loaded.tasks {
            self.open_files.push((path.clone(), None));
            entries.extend(self.entries(node, &common));
            self.open_files.pop();
        }
        let known = |role: &Arc<Role>| Arc::ptr_eq(role, &loaded.role);
        if public && !self.parts.roles.iter().any(known) {
            self.parts.roles.push(loaded.role.clone());
        }
        if let Some((path, node)) = &loaded.handlers
            && !self.parts.with_handlers.contains(path)
        {
            self.parts.with_handlers.push(path.clone());
            self.open_files.push((path.clone(), None));
            let handlers = self.handlers(node, &common);
            self.open_files.pop();
            self.parts.handlers.extend(handlers);
        }
        self.loading.pop();
        entries
    }

    fn dependency(&mut self, node: &Node, role: &Common, outer: &Common) -> Vec<Entry> {
        let common = Common {
            role: role.role.clone(),
            ..outer.clone()
        };
        self.role_entry(node, &common)
    }

    /// The task that checks a role's arguments on a host, before its first own one.
    fn check_task(&mut self, arguments: &Arc<RoleArguments>, span: Span, common: &Common) -> Task {
        let mut common = common.clone();
        common.tags.insert(Arc::from("always"));
        let (line, _) = self.sources.line_column(span);
        Task {
            name: Arc::from("arguments of the role"),
            title: None,
            span,
            at: format!("{}:{line}", self.sources.path(span.file).display()).into(),
            action: Action::Control(Control::CheckArguments(arguments.clone())),
            sets_connection: common.sets_connection(),
            common,
            repeat: None,
            register: None,
            changed_when: None,
            failed_when: None,
            retry: None,
            background: None,
        }
    }

    fn role(&mut self, name: &str, span: Span, from: &From) -> Option<Arc<LoadedRole>> {
        let Some(path) = self.find_role(name) else {
            let known = self.role_names();
            let wrong = Diagnostic::error(format!("there is no role `{name}`"))
                .at(span, "used here")
                .suggest(name, known.iter().map(String::as_str))
                .note(format!(
                    "looked in {}",
                    display_all(&self.role_directories())
                ));
            self.diagnostics.push(wrong);
            return None;
        };
        let key = (path.clone(), format!("{from:?}"));
        if let Some(role) = self.roles.get(&key) {
            return Some(role.clone());
        }
        let mut part = |folder: &str, file: &Option<String>| {
            self.role_file(&path.join(folder), file.as_deref(), span)
        };
        let tasks = part("tasks", &from.tasks);
        let handlers = part("handlers", &from.handlers);
        let defaults = part("defaults", &from.defaults);
        let vars = part("vars", &from.vars);
        let mut definitions = |part: Option<(PathBuf, Node)>| {
            part.map(|(_, node)| self.definitions("a file of variables", &node))
                .unwrap_or_default()
        };
        let (mut defaults, vars) = (definitions(defaults), definitions(vars));
        let arguments = self.role_arguments(name, &path).map(Arc::new);
        for (name, spec) in arguments.iter().flat_map(|arguments| &arguments.arguments) {
            if let Some(default) = &spec.default {
                defaults
                    .entry(name.clone())
                    .or_insert_with(|| default.clone());
            }
        }
        let (dependencies, repeats) = self.meta(&path);
        if tasks.is_none() && handlers.is_none() {
            self.refuse_empty(name, &path, span);
        }
        let role = Role {
            name: Arc::from(name),
            path: path.clone(),
            defaults,
            vars,
        };
        let loaded = Arc::new(LoadedRole {
            role: Arc::new(role),
            tasks,
            handlers,
            dependencies,
            arguments,
            repeats,
        });
        self.roles.insert(key, loaded.clone());
        Some(loaded)
    }

    fn refuse_empty(&mut self, name: &str, path: &Path, span: Span) {
        if PARTS
            .iter()
            .any(|part| main_file(&path.join(part)).is_some())
        {
            return;
        }
        let parts: Vec<String> = PARTS
            .iter()
            .map(|part| format!("`{part}/main.yaml`"))
            .collect();
        self.diagnostics.push(
            Diagnostic::error(format!("role `{name}` is empty"))
                .at(span, format!("{} has nothing to read", path.display()))
                .help(format!("it needs at least one of {}", parts.join(", "))),
        );
    }

    /// A file of a role: the one that was asked for, or `main.yaml` if there is one.
    fn role_file(
        &mut self,
        directory: &Path,
        asked: Option<&str>,
        span: Span,
    ) -> Option<(PathBuf, Node)> {
        let path = match asked {
            None => main_file(directory)?,
            Some(name) => {
                let found = yaml_file(directory, name);
                if found.is_none() {
                    let place = format!("looked for {}", directory.join(name).display());
                    let wrong = Diagnostic::error(format!("the role has no file `{name}`"));
                    self.diagnostics.push(wrong.at(span, place));
                }
                found?
            }
        };
        let node = self.document(&path)?;
        Some((path, node))
    }

    /// What `meta/main.yaml` says: the dependencies, and whether the role runs as often as it is named.
    fn meta(&mut self, role: &Path) -> (Vec<Node>, bool) {
        let path = main_file(&role.join("meta"));
        let Some(meta) = path.and_then(|path| self.document(&path)) else {
            return (Vec::new(), false);
        };
        let Some(mut keys) = Keys::new(&meta, &META, self.diagnostics) else {
            return (Vec::new(), false);
        };
        let dependencies = keys.take("dependencies");
        let repeats = keys.boolean("allow_duplicates", self.diagnostics);
        // Where a role comes from matters to those who publish it, not to us.
        keys.take("galaxy_info");
        keys.take("collections");
        keys.finish(self.diagnostics);
        let dependencies = dependencies
            .map(|node| self.list("dependencies", node).to_vec())
            .unwrap_or_default();
        (dependencies, repeats.unwrap_or(false))
    }

    pub(super) fn role_directories(&self) -> Vec<PathBuf> {
        let beside = self.directory();
        // `playbooks/../roles` is `roles`, and is shown so.
        let above = match beside.file_name() {
            Some(_) => beside.parent().unwrap_or(Path::new("")).join("roles"),
            None => beside.join("../roles"),
        };
        let mut directories = vec![beside.join("roles"), above];
        directories.extend(self.roles_path.iter().cloned());
        directories
    }

    fn find_role(&self, name: &str) -> Option<PathBuf> {
        let directories = self.role_directories();
        directories
            .iter()
            .map(|dir| dir.join(name))
            .find(|path| path.is_dir())
    }

    /// The roles that could have been meant.
    pub(super) fn role_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for directory in self.role_directories() {
            for entry in directory.read_dir().into_iter().flatten().flatten() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort_unstable();
        names
    }
}

fn main_file(directory: &Path) -> Option<PathBuf> {
    yaml_file(directory, "main")
}

/// The file `name` of a directory, which may be written without its suffix.
pub(super) fn yaml_file(directory: &Path, name: &str) -> Option<PathBuf> {
    ["", ".yaml", ".yml"]
        .iter()
        .map(|suffix| directory.join(format!("{name}{suffix}")))
        .find(|path| path.is_file())
}

pub(super) fn display_all(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| {
            if path.as_os_str().is_empty() {
                ".".to_owned()
            } else {
                path.display().to_string()
            }
        })
        .collect();
    shown.join(", ")
}
