//! The inventory that the command line names, and whether plays find their hosts in it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::engine::{Reload, Run};
use crate::inventory::connection::ConnectionVars;
use crate::inventory::jump::{EXPECTED, Jump};
use crate::inventory::routes::{self, Written};
use crate::inventory::{self, GroupName, HostName, HostPattern, Inventory};
use crate::playbook::{Action, Control, Play};
use crate::source::{Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::vars::{Definition, Definitions};

/// The directory of the inventory; of several, the first.
pub(super) fn directory(sources: &[PathBuf]) -> PathBuf {
    let directory = sources.iter().find_map(|source| inventory::base(source));
    directory.unwrap_or_else(|| PathBuf::from("."))
}

/// How the same sources are read again while the run lasts.
pub(super) fn reload(sources: &[PathBuf], playbooks: &[PathBuf], jump: Option<Written>) -> Reload {
    let (paths, playbooks) = (sources.to_vec(), playbooks.to_vec());
    Box::new(move |sources, templates| {
        sources.read_again();
        let mut diagnostics = Diagnostics::new();
        let inventory = Inventory::load_all(&paths, &playbooks, sources, &mut diagnostics);
        let vars = Run::host_vars(&inventory, templates, &mut diagnostics);
        check_connections(&inventory, &vars, jump.as_ref(), &mut diagnostics);
        let mut wrong = diagnostics.iter();
        match wrong.find(|diagnostic| diagnostic.severity == Severity::Error) {
            Some(wrong) => Err(wrong.clone()),
            None => Ok((inventory, vars)),
        }
    })
}

/// The hosts of a pattern of the command line.
pub(super) fn limit(
    pattern: Option<&str>,
    inventory: &Inventory,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<HostName>> {
    let pattern = pattern?;
    let file = sources.add("--limit", pattern);
    let span = Span::new(file, 0..pattern.len());
    let hosts = HostPattern::parse(pattern, span).and_then(|pattern| pattern.resolve(inventory));
    diagnostics.check(hosts)
}

/// The jump hosts of the command line, and where they are written.
pub(super) fn written_jump(
    text: Option<&str>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Written> {
    let text = text?;
    let file = sources.add("--jump", text);
    let span = Span::new(file, 0..text.len());
    let list = Jump::list(text).map_err(|flaw| {
        Diagnostic::error(format!("`--jump` must be {EXPECTED}, found {flaw}")).at(span, "")
    });
    Some((diagnostics.check(list)?, span))
}

/// The jump hosts of the command line, which have been checked.
pub(super) fn jump(text: Option<&str>) -> Option<Vec<Jump>> {
    Jump::list(text?).ok()
}

/// Checks the connection variables of all hosts, and the ways to them, as far as they hold no templates.
pub(super) fn check_connections(
    inventory: &Inventory,
    vars: &HashMap<HostName, Definitions>,
    jump: Option<&Written>,
    diagnostics: &mut Diagnostics,
) {
    let written = |host: &str| {
        let definition = vars.get(host)?.get("ansible_jump_host")?;
        let Some(value) = definition.literal() else {
            // Only the run can tell; until then nothing is said against it.
            return Some((Vec::new(), definition.span));
        };
        let list = Jump::list(value.as_str()?).ok()?;
        Some((list, definition.span))
    };
    routes::check(inventory, jump, &written, diagnostics);
    for definitions in inventory.hosts.keys().filter_map(|host| vars.get(host)) {
        let literal = |name: &str| definitions.get(name)?.literal().cloned();
        if let Err(error) = ConnectionVars::read(literal) {
            let definition = &definitions[error.name];
            diagnostics.push(Diagnostic::error(error.to_string()).at(definition.span, ""));
        }
    }
}

/// Every play must pick hosts and groups that there are, or that a task of an earlier play makes.
pub(super) fn check_plays<'a>(
    plays: impl Iterator<Item = &'a Play>,
    inventory: &Inventory,
    diagnostics: &mut Diagnostics,
) {
    let mut made = Made::default();
    for play in plays {
        let mut unknown = play.hosts.unknown(inventory);
        if made.anything || unknown.all(|name| made.names.contains(name)) {
            diagnostics.check(play.hosts.pick(inventory));
        } else {
            diagnostics.check(play.hosts.resolve(inventory));
        }
        made.by(play);
    }
}

/// The hosts and groups that tasks make.
#[derive(Default)]
struct Made {
    names: HashSet<String>,
    /// A name is only known when its task runs.
    anything: bool,
}

impl Made {
    fn by(&mut self, play: &Play) {
        play.each_task(&mut |task| match &task.action {
            Action::Control(Control::AddHost { name, groups, .. }) => {
                match name.literal().map(|name| name.as_str()) {
                    Some(name) => self.names.extend(name.map(str::to_owned)),
                    None => self.anything = true,
                }
                groups.iter().for_each(|groups| self.add(groups));
            }
            Action::Control(Control::GroupBy { key, parents }) => {
                [key]
                    .into_iter()
                    .chain(parents)
                    .for_each(|groups| self.add(groups));
            }
            _ => {}
        });
    }

    fn add(&mut self, groups: &Definition) {
        let Some(value) = groups.literal() else {
            self.anything = true;
            return;
        };
        let names = GroupName::listed(value).unwrap_or_default();
        self.names
            .extend(names.iter().map(|name| name.as_str().to_owned()));
    }
}
