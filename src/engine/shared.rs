//! What all hosts of a run share.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::RunOptions;
use super::content::ContentFiles;
use super::host::{self, HostRun};
use super::run::{Ask, Reload};
use crate::inventory::connection::LOCAL_NAMES;
use crate::inventory::{HostName, Inventory};
use crate::playbook::TemplateFiles;
use crate::source::{Diagnostic, SourceMap};
use crate::template::Templates;
use crate::value::Value;
use crate::vars::{Definition, Definitions, Values};

/// What all hosts share.
pub(super) struct Shared {
    /// When the run began.
    pub(super) begun: Instant,
    pub(super) options: RunOptions,
    pub(super) inventory: Inventory,
    /// The inventory's variables for each host, the strongest of each name.
    pub(super) vars: HashMap<HostName, Definitions>,
    /// The variables that `add_host` has given.
    pub(super) given: HashMap<HostName, Definitions>,
    /// How the inventory is read again.
    pub(super) reload: Option<Reload>,
    /// Asked before each task.
    pub(super) ask: Option<Ask>,
    pub(super) sources: SourceMap,
    pub(super) templates: Templates,
    pub(super) files: TemplateFiles,
    pub(super) contents: ContentFiles,
    pub(super) extra: Definitions,
    /// What the user has answered to the prompts of plays.
    pub(super) answers: Values,
    /// What the run itself knows, whatever the host.
    pub(super) magic: Values,
    /// The variables of all hosts that are being rendered for `hostvars`; none is all of them.
    pub(super) asked_of_all: RefCell<Vec<Option<Arc<str>>>>,
    /// The directory of the playbook that runs.
    pub(super) directory: PathBuf,
    /// The number of the last request.
    pub(super) last_id: u64,
}

impl Shared {
    /// The next request's number.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// What the run knows about a host of the inventory; or about this machine, if that is what `name` says.
    pub(super) fn new_host(&self, name: &str) -> Option<HostRun> {
        let known = self.inventory.hosts.get_key_value(name);
        if let Some((name, _)) = known {
            let vars = self.vars.get(name).cloned().unwrap_or_default();
            return Some(HostRun::new(
                name.as_str(),
                vars,
                host::magic(&self.inventory, name),
            ));
        }
        if !LOCAL_NAMES.contains(&name) {
            return None;
        }
        let mut magic = Values::new();
        magic.insert(Arc::from("inventory_hostname"), name.into());
        magic.insert(Arc::from("inventory_hostname_short"), name.into());
        magic.insert(Arc::from("group_names"), Vec::<Value>::new().into());
        magic.insert(Arc::from("ansible_connection"), "local".into());
        Some(HostRun::new(name, Definitions::new(), magic))
    }

    /// Every definition of the inventory and the command line, once.
    pub(super) fn definitions(&self) -> Vec<(Arc<str>, Arc<Definition>)> {
        let mut seen = HashSet::new();
        let all = self.vars.values().chain([&self.extra]).flatten();
        let all = all.filter(|(_, definition)| seen.insert(Arc::as_ptr(definition)));
        all.map(|(name, definition)| (name.clone(), definition.clone()))
            .collect()
    }

    /// Sets what templates see whatever the host.
    pub(super) fn set_magic(&mut self, name: &str, value: impl Into<Value>) {
        self.magic.insert(Arc::from(name), value.into());
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

/// A directory as templates see it: something can be written behind it.
pub(super) fn directory_value(directory: &Path) -> Value {
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    directory.display().to_string().into()
}
