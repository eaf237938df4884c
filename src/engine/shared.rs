//! What all hosts of a run share, and the scope that a task sees on one of them.

use std::path::PathBuf;
use std::sync::Arc;

use super::RunOptions;
use super::content::ContentFiles;
use super::host::HostRun;
use crate::playbook::{Play, Task, TemplateFiles};
use crate::source::{Diagnostic, SourceMap};
use crate::template::Templates;
use crate::vars::{Definitions, Layer, Scope, ScopeLayer, Source, Values};

/// What all hosts share.
pub(super) struct Shared {
    pub(super) options: RunOptions,
    pub(super) sources: SourceMap,
    pub(super) templates: Templates,
    pub(super) files: TemplateFiles,
    pub(super) contents: ContentFiles,
    pub(super) extra: Definitions,
    /// The directory of the playbook that runs.
    pub(super) directory: PathBuf,
}

impl Shared {
    /// The variables of a task on a host; `locals` are those of its loop.
    pub(super) fn scope<'a>(
        &'a self,
        play: &'a Play,
        host: &'a HostRun,
        task: Option<&'a Task>,
        locals: &'a Values,
    ) -> Scope<'a> {
        let values = |layer, values| ScopeLayer {
            layer,
            source: Source::Values(values),
        };
        let definitions = |layer, d| ScopeLayer {
            layer,
            source: Source::Definitions(d),
        };
        let mut layers = vec![
            values(Layer::Magic, &host.magic),
            values(Layer::Loop, locals),
            values(Layer::Learned, &host.learned),
            definitions(Layer::Extra, &self.extra),
            definitions(Layer::Play, &play.vars),
            definitions(Layer::Inventory, &host.vars),
        ];
        layers.extend(
            play.roles
                .iter()
                .map(|role| definitions(Layer::RoleDefaults, &role.defaults)),
        );
        layers.extend(
            play.vars_files
                .iter()
                .map(|file| definitions(Layer::PlayFiles, file)),
        );
        if let Some(task) = task {
            layers.push(definitions(Layer::Task, &task.vars));
            if let Some(role) = &task.role {
                layers.push(definitions(Layer::RoleDefaults, &role.role.defaults));
                layers.push(definitions(Layer::Role, &role.role.vars));
                layers.push(definitions(Layer::RoleParameters, &role.parameters));
            }
        }
        Scope::new(&self.templates, &self.sources, layers)
    }

    /// A mistake that only showed itself on a host, in one line.
    pub(super) fn explain(&self, diagnostic: &Diagnostic) -> String {
        let place = diagnostic.primary.as_ref().map(|label| {
            let (line, column) = self.sources.line_column(label.span);
            format!(
                "{}:{line}:{column}: ",
                self.sources.path(label.span.file).display()
            )
        });
        let mut text = format!("{}{}", place.unwrap_or_default(), diagnostic.message);
        for help in &diagnostic.help {
            text.extend([" (", help, ")"]);
        }
        text
    }
}

/// The variables of a loop's item, beside those of the role.
pub(super) fn locals(task: &Task, item: Option<&crate::value::Value>) -> Values {
    let mut locals = Values::new();
    if let Some(role) = &task.role {
        locals.insert(Arc::from("role_name"), (&*role.role.name).into());
        locals.insert(
            Arc::from("role_path"),
            role.role.path.display().to_string().into(),
        );
    }
    if let (Some(item), Some(repeat)) = (item, &task.repeat) {
        locals.insert(repeat.variable.clone(), item.clone());
    }
    locals
}
