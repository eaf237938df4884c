//! Loads playbooks and everything that they use, and collects every mistake on the way instead of stopping at
//! the first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::keys::{Keys, expected};
use super::keywords::IMPORT_PLAYBOOK;
use super::role_load::LoadedRole;
use super::{Body, BodyId, Common, Handler, Play, Playbook, Role, TemplateFiles};
use crate::source::{Diagnostic, Diagnostics, Node, SourceMap, parse_yaml};
use crate::template::Templates;
use crate::vars::{Definition, Definitions};

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

impl Loaded {
    /// Every play, in order.
    pub fn plays(&self) -> impl Iterator<Item = &Play> {
        self.playbooks.iter().flat_map(|playbook| &playbook.plays)
    }
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
        let mut loader = Loader {
            sources,
            templates,
            diagnostics,
            files: &mut files,
            path: path.clone(),
            roles_path: &options.roles_path,
            roles: IndexMap::new(),
            loading: Vec::new(),
            open_files: Vec::new(),
            parts: Parts::default(),
        };
        let plays = loader.playbook(path, &Common::default());
        playbooks.push(Playbook {
            path: path.clone(),
            plays,
        });
    }
    Loaded { playbooks, files }
}

/// Everything that loading one playbook needs at hand.
pub(super) struct Loader<'a> {
    pub(super) sources: &'a mut SourceMap,
    pub(super) templates: &'a mut Templates,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) files: &'a mut TemplateFiles,
    /// The playbook that is being read, which may be an imported one.
    pub(super) path: PathBuf,
    pub(super) roles_path: &'a [PathBuf],
    pub(super) roles: IndexMap<(PathBuf, String), Arc<LoadedRole>>,
    /// The roles that are being read, each for the one before.
    pub(super) loading: Vec<Arc<str>>,
    /// The files that are being read, each for the one before, and the body that one becomes.
    pub(super) open_files: Vec<(PathBuf, Option<BodyId>)>,
    pub(super) parts: Parts,
}

/// What belongs to the play that is being read and is found in its roles and files.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) bodies: Vec<Option<Body>>,
    pub(super) handlers: Vec<Handler>,
    /// Roles of which the handlers have been taken in.
    pub(super) with_handlers: Vec<PathBuf>,
    /// Roles whose defaults and variables the whole play sees.
    pub(super) roles: Vec<Arc<Role>>,
    /// What `roles` has taken in, with the parameters: each runs once.
    pub(super) done: Vec<(Arc<str>, String)>,
}

impl Loader<'_> {
    /// The directory of the playbook.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    fn playbook(&mut self, path: &Path, outer: &Common) -> Vec<Play> {
        let errors = self.diagnostics.len();
        let mut plays = Vec::new();
        let outer_path = std::mem::replace(&mut self.path, path.to_owned());
        self.open_files.push((path.to_owned(), None));
        for document in self.documents(path) {
            let Some(nodes) = document.as_list() else {
                self.diagnostics.push(
                    Diagnostic::error("a playbook must be a list of plays")
                        .at(document.span, format!("this is {}", document.type_name()))
                        .help("begin each play with `- hosts: ...`"),
                );
                continue;
            };
            for node in nodes {
                if is_import(node) {
                    plays.extend(self.import_playbook(node, outer));
                } else {
                    plays.extend(self.play(node, outer));
                }
            }
        }
        self.open_files.pop();
        self.path = outer_path;
        if plays.is_empty() && self.diagnostics.len() == errors {
            self.diagnostics.push(
                Diagnostic::error(format!("the playbook `{}` has no plays", path.display()))
                    .help("begin each play with `- hosts: ...`"),
            );
        }
        plays
    }

    fn import_playbook(&mut self, node: &Node, outer: &Common) -> Vec<Play> {
        let Some(mut keys) = Keys::new(node, &IMPORT_PLAYBOOK, self.diagnostics) else {
            return Vec::new();
        };
        let file = keys.take(IMPORT);
        keys.string("name", self.diagnostics);
        let mut common = outer.clone();
        self.conditions_of(&mut keys, &mut common);
        self.vars_of(&mut keys, &mut common);
        common.tags.extend(keys.tags(self.diagnostics));
        keys.finish(self.diagnostics);
        let Some((file, name)) = file.and_then(|node| Some((node, node.as_str()?))) else {
            let wrong = Diagnostic::error("`import_playbook` needs the name of a file");
            self.diagnostics.push(match file {
                Some(file) => wrong.at(file.span, format!("this is {}", file.type_name())),
                None => wrong.at(node.span, "none is given here"),
            });
            return Vec::new();
        };
        let path = self.directory().join(name);
        if !path.is_file() {
            let wrong = Diagnostic::error(format!("there is no playbook `{name}`"))
                .at(file.span, format!("looked for {}", path.display()));
            self.diagnostics.push(wrong);
            return Vec::new();
        }
        if self.open_files.iter().any(|(open, _)| *open == path) {
            let wrong = Diagnostic::error(format!("the playbook `{name}` imports itself"));
            self.diagnostics.push(wrong.at(file.span, "imported here"));
            return Vec::new();
        }
        self.playbook(&path, &common)
    }

    /// The documents of a YAML file that are not empty.
    pub(super) fn documents(&mut self, path: &Path) -> Vec<Node> {
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

    /// The one document of a file.
    pub(super) fn document(&mut self, path: &Path) -> Option<Node> {
        let mut documents = self.documents(path);
        if documents.len() > 1 {
            self.diagnostics.push(
                Diagnostic::error("one YAML document was expected, not several")
                    .at(documents[1].span, "the second one begins here"),
            );
        }
        (!documents.is_empty()).then(|| documents.swap_remove(0))
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
}

const IMPORT: &str = "import_playbook";
const IMPORT_LONG: &str = "ansible.builtin.import_playbook";

fn is_import(node: &Node) -> bool {
    let entries = node.as_map().unwrap_or_default();
    let is_import = |name: &str| name == IMPORT || name == IMPORT_LONG;
    entries.iter().any(|entry| is_import(entry.name()))
}
