//! Loads playbooks and the roles they use, and collects every mistake on the way instead of stopping at the
//! first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::keys::{Keys, expected};
use super::task_load::Inherited;
use super::{Handler, Play, Playbook, Role, RoleUse, Section, TemplateFiles};
use crate::inventory::HostPattern;
use crate::source::{Diagnostic, Diagnostics, Node, SourceMap, Span, parse_yaml};
use crate::template::Templates;
use crate::vars::{Definition, Definitions};

/// What a role can consist of.
const PARTS: [&str; 5] = ["tasks", "handlers", "defaults", "vars", "meta"];

/// What loading depends on beside the files.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Where roles are looked for after the directories beside the playbook.
    pub roles_path: Vec<PathBuf>,
}

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// In the order in which they were given.
    pub playbooks: Vec<Playbook>,
    /// The templates that their tasks name.
    pub files: TemplateFiles,
}

/// Loads playbooks. Mistakes go to `diagnostics`; what could be loaded in spite of them is returned, so that
/// more mistakes can be found in it.
pub fn load(
    paths: &[PathBuf],
    options: &LoadOptions,
    sources: &mut SourceMap,
    templates: &mut Templates,
    diagnostics: &mut Diagnostics,
) -> Loaded {
    let mut playbooks = Vec::new();
    let mut files = TemplateFiles::default();
    for path in paths {
        let loader = Loader {
            sources,
            templates,
            diagnostics,
            files: &mut files,
            playbook: Playbook {
                path: path.clone(),
                plays: Vec::new(),
            },
            roles_path: &options.roles_path,
            roles: IndexMap::new(),
            loading: Vec::new(),
        };
        playbooks.push(loader.playbook());
    }
    Loaded { playbooks, files }
}

/// Everything that loading one playbook needs at hand.
pub(super) struct Loader<'a> {
    pub(super) sources: &'a mut SourceMap,
    pub(super) templates: &'a mut Templates,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) files: &'a mut TemplateFiles,
    /// The playbook, as far as it is loaded.
    pub(super) playbook: Playbook,
    roles_path: &'a [PathBuf],
    roles: IndexMap<PathBuf, Arc<LoadedRole>>,
    loading: Vec<Arc<str>>,
}

/// A role with its own nodes, from which each use makes its tasks.
struct LoadedRole {
    role: Arc<Role>,
    tasks: Vec<Node>,
    handlers: Vec<Node>,
    dependencies: Vec<Node>,
}

/// What the roles of a play come to.
#[derive(Default)]
struct Used {
    section: Section,
    handlers: Vec<Handler>,
    roles: Vec<Arc<Role>>,
    /// The roles without parameters that have been taken in: each runs once.
    done: Vec<Arc<str>>,
}

impl Loader<'_> {
    fn playbook(mut self) -> Playbook {
        let path = self.playbook.path.clone();
        let errors = self.diagnostics.len();
        for document in self.documents(&path) {
            let Some(nodes) = document.as_list() else {
                self.diagnostics.push(
                    Diagnostic::error("a playbook must be a list of plays")
                        .at(document.span, format!("this is {}", document.type_name()))
                        .help("begin each play with `- hosts: ...`"),
                );
                continue;
            };
            for node in nodes {
                let play = self.play(node);
                self.playbook.plays.extend(play);
            }
        }
        if self.playbook.plays.is_empty() && self.diagnostics.len() == errors {
            self.diagnostics.push(
                Diagnostic::error(format!("the playbook `{}` has no plays", path.display()))
                    .help("begin each play with `- hosts: ...`"),
            );
        }
        self.playbook
    }

    /// The documents of a YAML file that are not empty.
    fn documents(&mut self, path: &Path) -> Vec<Node> {
        let parsed = self
            .sources
            .load(path)
            .and_then(|id| parse_yaml(self.sources, id));
        let documents = self.diagnostics.check(parsed).unwrap_or_default();
        documents
            .into_iter()
            .filter(|node| !node.is_null())
            .collect()
    }

    /// The one document of a directory's `main.yaml`, if there is one.
    fn optional_document(&mut self, directory: &Path) -> Option<Node> {
        let path = main_file(directory)?;
        let mut documents = self.documents(&path);
        if documents.len() > 1 {
            self.diagnostics.push(
                Diagnostic::error("one YAML document was expected, not several")
                    .at(documents[1].span, "the second one begins here"),
            );
        }
        (!documents.is_empty()).then(|| documents.swap_remove(0))
    }

    fn play(&mut self, node: &Node) -> Option<Play> {
        let mut keys = Keys::new(node, "a play", self.diagnostics)?;
        let hosts = self.hosts(&mut keys, node.span);
        let name = keys.string("name", self.diagnostics);
        let escalate = keys.boolean("become", self.diagnostics);
        let become_user = keys
            .take("become_user")
            .map(|node| Arc::new(self.definition(node)));
        let any_errors_fatal = keys
            .boolean("any_errors_fatal", self.diagnostics)
            .unwrap_or(false);
        let vars = keys
            .take("vars")
            .map(|node| self.definitions("`vars`", node))
            .unwrap_or_default();
        let vars_files = self.vars_files(&mut keys);
        let inherited = Inherited {
            tags: keys.tags(self.diagnostics),
            ..Inherited::default()
        };

        let pre_tasks = keys
            .take("pre_tasks")
            .map(|node| self.tasks(node, &inherited));
        let mut used = Used::default();
        if let Some(node) = keys.take("roles") {
            for node in self.list("roles", node) {
                self.role_entry(node, &inherited, &mut used);
            }
        }
        let tasks = keys.take("tasks").map(|node| self.tasks(node, &inherited));
        let post_tasks = keys
            .take("post_tasks")
            .map(|node| self.tasks(node, &inherited));
        let own_handlers = keys
            .take("handlers")
            .map(|node| self.handlers(node, &inherited));
        keys.finish(self.diagnostics);

        let (hosts, pattern_text) = hosts?;
        used.section.tasks.extend(tasks.unwrap_or_default());
        used.handlers.extend(own_handlers.unwrap_or_default());
        Some(Play {
            name: Arc::from(name.unwrap_or(&pattern_text)),
            span: node.span,
            hosts,
            escalate,
            become_user,
            vars,
            vars_files,
            sections: [
                Section {
                    tasks: pre_tasks.unwrap_or_default(),
                },
                used.section,
                Section {
                    tasks: post_tasks.unwrap_or_default(),
                },
            ],
            handlers: used.handlers,
            roles: used.roles,
            any_errors_fatal,
        })
    }

    fn hosts(&mut self, keys: &mut Keys<'_>, play: Span) -> Option<(HostPattern, String)> {
        let Some(node) = keys.take("hosts") else {
            self.diagnostics.push(
                Diagnostic::error("a play needs `hosts`")
                    .at(
                        Span {
                            end: play.start + 1,
                            ..play
                        },
                        "this play has none",
                    )
                    .help("`hosts: all` runs it on every host of the inventory"),
            );
            return None;
        };
        let parts: Option<Vec<&str>> = match node.as_list() {
            Some(items) => items.iter().map(Node::as_str).collect(),
            None => node.as_str().map(|text| vec![text]),
        };
        let Some(parts) = parts else {
            self.diagnostics
                .push(expected("hosts", "a host pattern or a list of them", node));
            return None;
        };
        let text = parts.join(",");
        let pattern = self
            .diagnostics
            .check(HostPattern::parse(&text, node.span))?;
        Some((pattern, text))
    }

    fn vars_files(&mut self, keys: &mut Keys<'_>) -> Vec<Definitions> {
        let mut files = Vec::new();
        for (node, name) in keys.strings("vars_files", self.diagnostics) {
            let path = self.playbook.directory().join(&*name);
            if !path.is_file() {
                self.diagnostics.push(
                    Diagnostic::error(format!("there is no vars file `{name}`"))
                        .at(node.span, format!("looked for {}", path.display())),
                );
                continue;
            }
            for document in self.documents(&path) {
                files.push(self.definitions("a file of variables", &document));
            }
        }
        files
    }

    /// Named definitions; complains if the node is no mapping.
    pub(super) fn definitions(&mut self, what: &str, node: &Node) -> Definitions {
        if node.as_map().is_none() {
            let mut wrong =
                Diagnostic::error(format!("{what} must be a mapping of names to values"))
                    .at(node.span, format!("this is {}", node.type_name()));
            if node.as_str().is_some_and(|text| text.contains('=')) {
                wrong = wrong.help("write `name: value` in place of `name=value`");
            }
            self.diagnostics.push(wrong);
        }
        Definition::compile_map(node, self.templates, self.diagnostics)
    }

    pub(super) fn definition(&mut self, node: &Node) -> Definition {
        Definition::compile(node, self.templates, self.diagnostics)
    }

    pub(super) fn list<'n>(&mut self, key: &str, node: &'n Node) -> &'n [Node] {
        node.as_list().unwrap_or_else(|| {
            self.diagnostics.push(expected(key, "a list", node));
            &[]
        })
    }

    fn role_entry(&mut self, node: &Node, inherited: &Inherited, used: &mut Used) {
        if let Some(name) = node.as_str() {
            self.use_role(name, node.span, Definitions::new(), inherited, used);
            return;
        }
        let Some(mut keys) = Keys::new(node, "an entry of `roles`", self.diagnostics) else {
            return;
        };
        let named = keys.take("role").or_else(|| keys.take("name"));
        let parameters = keys
            .take("vars")
            .map(|node| self.definitions("`vars`", node))
            .unwrap_or_default();
        let mut inherited = inherited.clone();
        inherited.tags.extend(keys.tags(self.diagnostics));
        inherited.escalate = keys
            .boolean("become", self.diagnostics)
            .or(inherited.escalate);
        inherited.when.extend(keys.take("when").cloned());
        keys.finish(self.diagnostics);
        match named.map(|node| (node, node.as_str())) {
            Some((node, Some(name))) => {
                self.use_role(name, node.span, parameters, &inherited, used);
            }
            _ => self.diagnostics.push(
                Diagnostic::error("an entry of `roles` needs the role's name")
                    .at(node.span, "write `- role: NAME`"),
            ),
        }
    }

    fn use_role(
        &mut self,
        name: &str,
        span: Span,
        parameters: Definitions,
        inherited: &Inherited,
        used: &mut Used,
    ) {
        let Some(loaded) = self.role(name, span) else {
            return;
        };
        let name = loaded.role.name.clone();
        if parameters.is_empty() && used.done.contains(&name) {
            return;
        }
        if self.loading.contains(&name) {
            self.diagnostics.push(
                Diagnostic::error(format!("role `{name}` depends on itself"))
                    .at(span, format!("{} -> {name}", self.loading.join(" -> "))),
            );
            return;
        }
        self.loading.push(name.clone());
        for dependency in &loaded.dependencies {
            self.role_entry(dependency, inherited, used);
        }
        self.loading.pop();
        if parameters.is_empty() {
            used.done.push(name.clone());
        }

        let role_use = RoleUse {
            role: loaded.role.clone(),
            span,
            parameters: Arc::new(parameters),
        };
        let inherited = Inherited {
            role: Some(role_use),
            ..inherited.clone()
        };
        for node in &loaded.tasks {
            used.section.tasks.extend(self.tasks(node, &inherited));
        }
        if !used.roles.iter().any(|role| role.name == name) {
            used.roles.push(loaded.role.clone());
            for node in &loaded.handlers {
                used.handlers.extend(self.handlers(node, &inherited));
            }
        }
    }

    fn role(&mut self, name: &str, span: Span) -> Option<Arc<LoadedRole>> {
        let Some(path) = self.find_role(name) else {
            let known = self.role_names();
            self.diagnostics.push(
                Diagnostic::error(format!("there is no role `{name}`"))
                    .at(span, "used here")
                    .suggest(name, known.iter().map(String::as_str))
                    .note(format!(
                        "looked in {}",
                        display_all(&self.role_directories())
                    )),
            );
            return None;
        };
        if let Some(role) = self.roles.get(&path) {
            return Some(role.clone());
        }
        let defaults = self.role_definitions(&path.join("defaults"));
        let vars = self.role_definitions(&path.join("vars"));
        let mut part = |folder: &str| self.optional_document(&path.join(folder));
        let tasks = part("tasks").into_iter().collect();
        let handlers = part("handlers").into_iter().collect();
        let dependencies = self.dependencies(&path);
        if !PARTS
            .iter()
            .any(|part| main_file(&path.join(part)).is_some())
        {
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
        });
        self.roles.insert(path, loaded.clone());
        Some(loaded)
    }

    fn role_definitions(&mut self, directory: &Path) -> Definitions {
        let node = self.optional_document(directory);
        node.map(|node| self.definitions("a file of variables", &node))
            .unwrap_or_default()
    }

    fn dependencies(&mut self, role: &Path) -> Vec<Node> {
        let Some(meta) = self.optional_document(&role.join("meta")) else {
            return Vec::new();
        };
        let Some(mut keys) = Keys::new(&meta, "a role's `meta/main.yaml`", self.diagnostics) else {
            return Vec::new();
        };
        let dependencies = keys.take("dependencies");
        // Where a role comes from matters to those who publish it, not to us.
        keys.take("galaxy_info");
        keys.finish(self.diagnostics);
        dependencies
            .map(|node| self.list("dependencies", node).to_vec())
            .unwrap_or_default()
    }

    fn role_directories(&self) -> Vec<PathBuf> {
        let beside = self.playbook.directory();
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
    fn role_names(&self) -> Vec<String> {
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
    ["main.yaml", "main.yml"]
        .iter()
        .map(|name| directory.join(name))
        .find(|path| path.exists())
}

fn display_all(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}
