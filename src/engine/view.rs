//! The variables that a task sees on a host.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use super::host::HostRun;
use super::roster::Roster;
use super::shared::Shared;
use crate::inventory::HostName;
use crate::playbook::{Finder, Play, RoleUse, Task};
use crate::value::{Map, Value};
use crate::vars::{Definitions, Layer, Scope, ScopeLayer, Source, Surroundings, Values};

/// No variables.
pub(super) static NOTHING: LazyLock<Values> = LazyLock::new(Values::new);

static ROLE_NAME: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("role_name"));
static ROLE_PATH: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("role_path"));

/// From where variables are looked at: a task of a play on a host.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) play: &'a Play,
    pub(super) hosts: &'a Roster,
    pub(super) host: usize,
    pub(super) task: Option<&'a Task>,
    /// The variables of the loops of the includes around the task.
    pub(super) base: &'a Values,
}

impl<'a> View<'a> {
    /// The play as it is seen on a host, without a task.
    pub(super) fn of_play(play: &'a Play, hosts: &'a Roster, host: usize) -> Self {
        Self {
            play,
            hosts,
            host,
            task: None,
            base: &NOTHING,
        }
    }

    pub(super) fn run(&self) -> &'a HostRun {
        &self.hosts[self.host]
    }

    /// The variables; `locals` are those of the task's loop.
    pub(super) fn scope(&self, shared: &'a Shared, locals: &'a Values) -> Scope<'a> {
        let (play, host) = (self.play, self.run());
        let common = self.task.map(|task| &task.common);
        let role = common.and_then(|common| common.role.as_ref());
        // In order, the strongest last: they are not sorted for each task and host again.
        let mut layers = Vec::with_capacity(16);
        let mut push = |layer: ScopeLayer<'a>| {
            let is_empty = match layer.source {
                Source::Values(values) => values.is_empty(),
                Source::Definitions(definitions) => definitions.is_empty(),
            };
            if !is_empty {
                layers.push(layer);
            }
        };
        let of_play = &play.role_layers;
        push(ScopeLayer::definitions(
            Layer::RoleDefaults,
            &of_play.defaults,
        ));
        for role in role.into_iter().flat_map(RoleUse::chain) {
            push(ScopeLayer::definitions(Layer::RoleDefaults, &role.defaults));
        }
        push(ScopeLayer::definitions(Layer::Inventory, host.vars()));
        push(ScopeLayer::definitions(Layer::Play, &play.vars));
        push(ScopeLayer::values(Layer::PlayPrompt, &shared.answers));
        for file in &play.vars_files {
            push(ScopeLayer::definitions(Layer::PlayFiles, file));
        }
        push(ScopeLayer::definitions(Layer::Role, &of_play.vars));
        for role in role.into_iter().flat_map(RoleUse::chain) {
            push(ScopeLayer::definitions(Layer::Role, &role.vars));
        }
        if let Some(common) = common {
            push(ScopeLayer::definitions(Layer::Task, &common.vars));
        }
        push(ScopeLayer::definitions(
            Layer::IncludedFiles,
            host.included(),
        ));
        push(ScopeLayer::values(Layer::Learned, host.learned()));
        if let Some(role) = role {
            push(ScopeLayer::definitions(
                Layer::RoleParameters,
                &role.parameters,
            ));
        }
        if let Some(common) = common {
            push(ScopeLayer::definitions(
                Layer::RoleParameters,
                &common.parameters,
            ));
        }
        push(ScopeLayer::definitions(Layer::Extra, &shared.extra));
        push(ScopeLayer::values(Layer::Loop, locals));
        push(ScopeLayer::values(Layer::Magic, &shared.magic));
        push(ScopeLayer::values(Layer::Magic, host.magic()));
        let surroundings = HostVars {
            shared,
            view: *self,
        };
        Scope::ordered(&shared.templates, &shared.sources, layers)
            .with_surroundings(Box::new(surroundings))
    }

    /// The variables of an item of the task's loop, the `number`th of `items`; or of the task itself.
    pub(super) fn locals(&self, item: Option<(usize, &[Value])>) -> Values {
        let mut locals = self.base.clone();
        let Some(task) = self.task else {
            return locals;
        };
        if let Some(role) = &task.common.role {
            locals.insert(ROLE_NAME.clone(), (&*role.role.name).into());
            locals.insert(
                ROLE_PATH.clone(),
                role.role.path.display().to_string().into(),
            );
        }
        if let (Some((number, items)), Some(repeat)) = (item, &task.repeat) {
            locals.insert(repeat.variable.clone(), items[number].clone());
            if let Some(index) = &repeat.index {
                locals.insert(index.clone(), (number as u64).into());
            }
            if repeat.extended {
                locals.insert(Arc::from("ansible_loop"), extended(number, items));
            }
        }
        locals
    }
}

/// `ansible_loop`: where in its loop an item is.
fn extended(number: usize, items: &[Value]) -> Value {
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned().into(), value);
    let count = |number: usize| Value::from(number as u64);
    set("index", count(number + 1));
    set("index0", count(number));
    set("first", (number == 0).into());
    set("last", (number + 1 == items.len()).into());
    set("length", count(items.len()));
    set("revindex", count(items.len() - number));
    set("revindex0", count(items.len() - number - 1));
    set("allitems", items.to_vec().into());
    if let Some(before) = number.checked_sub(1) {
        set("previtem", items[before].clone());
    }
    if let Some(next) = items.get(number + 1) {
        set("nextitem", next.clone());
    }
    map.into()
}

/// The variables of all hosts, as `hostvars`, and the files that a task finds.
struct HostVars<'a> {
    shared: &'a Shared,
    view: View<'a>,
}

impl Surroundings for HostVars<'_> {
    // A variable that asks all hosts for itself, or for everything, would go on without end. What it would find there is
    // what is written out.
    fn variables(&self, fields: Option<&[Arc<str>]>) -> Value {
        let asked = &self.shared.asked_of_all;
        let before = asked.borrow().clone();
        asked.borrow_mut().extend(match fields {
            Some(fields) => fields.iter().cloned().map(Some).collect(),
            None => vec![None],
        });
        let again = |name: &str| match fields {
            Some(_) => before.iter().flatten().any(|asked| **asked == *name),
            None => before.contains(&None),
        };
        let mut all = Map::new();
        for name in self.shared.inventory.hosts.keys() {
            let known = self.view.hosts.find(name.as_str());
            let vars = match known {
                Some(host) => self.of(host, fields, &again),
                None => with_own_scope(self.shared, self.view.hosts, name, |scope| {
                    rendered(scope, fields, &again)
                }),
            };
            all.insert(name.as_str().to_owned().into(), vars);
        }
        asked.borrow_mut().truncate(before.len());
        all.into()
    }

    fn find_file(&self, folder: &str, name: &str) -> Option<PathBuf> {
        let role = self.view.task.and_then(|task| task.common.role.as_ref());
        let role = role.map(|role| role.role.path.as_path());
        Finder::new(role, self.view.play.directory()).find(folder, name)
    }
}

impl HostVars<'_> {
    fn of(&self, host: usize, fields: Option<&[Arc<str>]>, again: &dyn Fn(&str) -> bool) -> Value {
        let view = View::of_play(self.view.play, self.view.hosts, host);
        rendered(&view.scope(self.shared, &NOTHING), fields, again)
    }
}

/// What `look` makes of the variables of a host of the inventory that are its own, whatever the play: those of the
/// inventory, those that it has learned if the run has to do with it, and those of the command line.
pub(super) fn with_own_scope<T>(
    shared: &Shared,
    hosts: &Roster,
    name: &HostName,
    look: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    let nothing = Definitions::new();
    let own;
    let run = hosts.find(name.as_str()).map(|host| &hosts[host]);
    let mut layers = Vec::with_capacity(6);
    let magic = if let Some(run) = run {
        layers.extend([
            ScopeLayer::definitions(Layer::Inventory, run.vars()),
            ScopeLayer::definitions(Layer::IncludedFiles, run.included()),
            ScopeLayer::values(Layer::Learned, run.learned()),
        ]);
        run.magic()
    } else {
        let vars = shared.vars.get(name).unwrap_or(&nothing);
        layers.push(ScopeLayer::definitions(Layer::Inventory, vars));
        own = super::host::magic(&shared.inventory, name);
        &own
    };
    layers.extend([
        ScopeLayer::definitions(Layer::Extra, &shared.extra),
        ScopeLayer::values(Layer::Magic, &shared.magic),
        ScopeLayer::values(Layer::Magic, magic),
    ]);
    look(&Scope::ordered(&shared.templates, &shared.sources, layers))
}

/// The variables of a scope that can be rendered; of those that are asked for `again`, the ones that are written out.
fn rendered(scope: &Scope<'_>, fields: Option<&[Arc<str>]>, again: &dyn Fn(&str) -> bool) -> Value {
    use crate::template::Lookup;
    let mut map = Map::new();
    let mut set = |name: &str| {
        let value = if again(name) {
            scope.literal(name).ok().flatten().cloned()
        } else {
            scope.get(name).ok().flatten()
        };
        if let Some(value) = value {
            map.insert(name.to_owned().into(), value);
        }
    };
    match fields {
        Some(fields) => fields.iter().for_each(|name| set(name)),
        None => {
            let names = scope.names();
            let own = names
                .iter()
                .filter(|name| !LEFT_OUT.contains(&name.as_str()));
            own.for_each(|name| set(name));
        }
    }
    map.into()
}

/// What is the same for all hosts, or would hold all of them again.
const LEFT_OUT: [&str; 4] = ["groups", "omit", "hostvars", "ansible_play_hosts_all"];
