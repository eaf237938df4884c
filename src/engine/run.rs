//! A whole run: every play of every playbook on its hosts, and what became of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::arguments;
use super::batches::{batches, ordered};
use super::connect::Connections;
use super::content::ContentFiles;
use super::frontier::Frontier;
use super::host::{self, HostRun, Progress};
use super::later::{Needed, Until, close as close_one, regroups};
use super::link;
use super::needs::PlayNeeds;
use super::play::{PlayEnd, PlayRun};
use super::program::{Program, is_called};
use super::resume::{restore, tell_stops};
use super::roster::Roster;
use super::shared::{Shared, directory_value};
use super::turns::Turns;
use super::untold::Skips;
use super::{Beginning, RunOptions};
use crate::event::{Event, Events, Recap, TaskName};
use crate::inventory::{HostName, Inventory, VarLayer};
use crate::playbook::{Loaded, Play, Playbook, each_task};
use crate::source::{Diagnostic, Diagnostics, SourceMap};
use crate::template::Templates;
use crate::transport::Connector;
use crate::value::Value;
use crate::vars::{Definition, Definitions, Values};

/// An inventory and the variables that it defines for each host, the strongest of each name.
pub type Hosts = (Inventory, HashMap<HostName, Definitions>);

/// Reads the inventory again.
pub type Reload = Box<dyn Fn(&mut SourceMap, &mut Templates) -> Result<Hosts, Diagnostic>>;

/// What a run works on.
pub struct Run {
    /// The hosts.
    pub inventory: Inventory,
    /// The directory of the inventory.
    pub inventory_dir: PathBuf,
    /// What is to be done.
    pub loaded: Loaded,
    /// The files that all this was read from.
    pub sources: SourceMap,
    /// The compiled templates of all this.
    pub templates: Templates,
    /// The variables of the command line.
    pub extra: Definitions,
    /// The inventory's variables for each host, the strongest of each name.
    pub vars: HashMap<HostName, Definitions>,
    /// Restricts every play to these hosts.
    pub limit: Option<HashSet<HostName>>,
    /// What the user has answered to the prompts of plays.
    pub answers: Values,
    /// How the inventory is read again, if it can be.
    pub reload: Option<Reload>,
    /// Asked before each task, if the user wants to be.
    pub ask: Option<Ask>,
}

/// Why a run has not begun, or could not go on.
#[derive(Debug)]
pub struct Refusal {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The files that it is wrong in.
    pub sources: SourceMap,
}

/// Asks the user whether a task is to be carried out.
pub type Ask = Box<dyn FnMut(&TaskName) -> Choice>;

/// What the user wants to be done with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is carried out.
    Do,
    /// It is left out.
    Skip,
    /// It is carried out, and nobody is asked any more.
    Continue,
}

/// How a run ended.
pub struct Outcome {
    /// The end of each host, in inventory order.
    pub recap: Vec<Recap>,
    /// Whether the user interrupted it.
    pub interrupted: bool,
}

impl Run {
    /// The variables that the inventory defines for each host.
    pub fn host_vars(
        inventory: &Inventory,
        templates: &mut Templates,
        diagnostics: &mut Diagnostics,
    ) -> HashMap<HostName, Definitions> {
        // A group's variables are compiled once, however many hosts it has.
        let mut compiled: HashMap<*const _, Definitions> = HashMap::new();
        let mut vars = HashMap::new();
        for name in inventory.hosts.keys() {
            let mut strongest = Definitions::new();
            for layer in inventory.layers_for(name) {
                let key = std::ptr::from_ref(layer.entries);
                let definitions = compiled
                    .entry(key)
                    .or_insert_with(|| compiled_layer(&layer, templates, diagnostics));
                let definitions = definitions.iter();
                strongest.extend(definitions.map(|(name, d)| (name.clone(), d.clone())));
            }
            vars.insert(name.clone(), strongest);
        }
        vars
    }

    /// The variables that the inventory defines for one host.
    pub(super) fn vars_of(
        inventory: &Inventory,
        name: &HostName,
        templates: &mut Templates,
    ) -> Definitions {
        // Everything has been compiled before, and what is wrong has been complained of.
        let mut diagnostics = Diagnostics::new();
        let mut strongest = Definitions::new();
        for layer in inventory.layers_for(name) {
            strongest.extend(compiled_layer(&layer, templates, &mut diagnostics));
        }
        strongest
    }

    /// The hosts of a play, in inventory order.
    pub fn hosts_of(&self, play: &Play) -> Result<Vec<HostName>, Diagnostic> {
        hosts_of(play, &self.inventory, self.limit.as_ref())
    }
}

fn compiled_layer(
    layer: &VarLayer<'_>,
    templates: &mut Templates,
    diagnostics: &mut Diagnostics,
) -> Definitions {
    let compile = |(name, node): (&String, &_)| {
        let definition = Definition::compile(node, templates, diagnostics);
        (Arc::from(name.as_str()), Arc::new(definition))
    };
    layer.entries.iter().map(compile).collect()
}

fn hosts_of(
    play: &Play,
    inventory: &Inventory,
    limit: Option<&HashSet<HostName>>,
) -> Result<Vec<HostName>, Diagnostic> {
    let (hosts, missing) = picked(play, inventory, limit)?;
    match missing.into_iter().next() {
        Some(missing) => Err(missing),
        None => Ok(hosts),
    }
}

/// The hosts of a play, and what is to be said of names that do not exist.
fn picked(
    play: &Play,
    inventory: &Inventory,
    limit: Option<&HashSet<HostName>>,
) -> Result<(Vec<HostName>, Vec<Diagnostic>), Diagnostic> {
    let (mut hosts, missing) = play.hosts.pick(inventory)?;
    if let Some(limit) = limit {
        hosts.retain(|host| limit.contains(host));
    }
    Ok((ordered(hosts, play.course.order), missing))
}

/// Carries out a run. Everything that happens goes to `events`.
pub async fn run(
    run: Run,
    options: RunOptions,
    connector: Arc<Connector>,
    events: &mut dyn Events,
) -> Result<Outcome, Box<Refusal>> {
    let connections = Connections::new(connector, Box::new(link::start), options.forks);
    run_over(run, options, connections, events).await
}

/// Carries out a run over these connections.
pub(super) async fn run_over(
    run: Run,
    options: RunOptions,
    connections: Connections,
    events: &mut dyn Events,
) -> Result<Outcome, Box<Refusal>> {
    let (mut running, playbooks) = Running::new(run, options, connections, events);
    let plays: Vec<&Play> = playbooks
        .iter()
        .flat_map(|playbook| &playbook.plays)
        .collect();
    let wrong = running.check(&plays);
    if wrong.has_errors() {
        return Err(Box::new(Refusal {
            diagnostics: wrong,
            sources: running.shared.sources,
        }));
    }
    let hosts = running.hosts.iter().map(|host| host.name.clone()).collect();
    running.events.event(&Event::RunStarted {
        playbooks: playbooks
            .iter()
            .map(|playbook| playbook.path.display().to_string())
            .collect(),
        hosts,
        check: running.shared.options.check,
    });
    let end = running.plays(&plays).await;
    let Running {
        shared,
        mut hosts,
        connections,
        events,
        ..
    } = running;
    // Whatever links still have to say, nobody needs any more; they must not wait for somebody to take it.
    drop(connections);
    close(&mut hosts, end.interrupted).await;
    let unfinished = end.unfinished.filter(|next| *next < plays.len());
    tell_stops(&shared, &hosts, unfinished, events);
    let part = hosts.iter().filter(|host| host.takes_part);
    let recap: Vec<Recap> = part.map(|host| host.recap.clone()).collect();
    events.event(&Event::RunFinished {
        recap: recap.clone(),
        interrupted: end.interrupted,
    });
    Ok(Outcome {
        recap,
        interrupted: end.interrupted,
    })
}

/// How far the plays have come.
#[derive(Default)]
struct RunEnd {
    interrupted: bool,
    /// The first play that has not begun because the run has ended before.
    unfinished: Option<usize>,
}

/// A play whose turn it is.
struct PlayTurn<'a> {
    play: &'a Play,
    /// Which play it is, counted from 0 over all playbooks.
    number: usize,
    /// Its hosts that still take part in the run.
    members: &'a [usize],
    /// Whether the run begins in it.
    starts: bool,
    needed: Needed,
}

/// A run under way.
struct Running<'e> {
    shared: Shared,
    hosts: Roster,
    limit: Option<HashSet<HostName>>,
    connections: Connections,
    events: &'e mut dyn Events,
}

impl<'e> Running<'e> {
    fn new(
        run: Run,
        options: RunOptions,
        connections: Connections,
        events: &'e mut dyn Events,
    ) -> (Self, Vec<Playbook>) {
        let mut names = HashSet::new();
        for play in run.loaded.plays() {
            // Of a group that is only made while the run lasts nothing is known yet.
            names.extend(run.hosts_of(play).unwrap_or_default());
        }
        let Loaded { playbooks, files } = run.loaded;
        let mut shared = Shared {
            begun: Instant::now(),
            options,
            inventory: run.inventory,
            vars: run.vars,
            given: HashMap::new(),
            reload: run.reload,
            ask: run.ask,
            sources: run.sources,
            templates: run.templates,
            files,
            contents: ContentFiles::default(),
            extra: run.extra,
            answers: run.answers,
            magic: Values::new(),
            asked_of_all: std::cell::RefCell::default(),
            directory: PathBuf::new(),
            last_id: 0,
        };
        set_magic(&mut shared, &run.inventory_dir);
        let mut hosts = Roster::default();
        for name in shared.inventory.hosts.keys() {
            if names.contains(name)
                && let Some(host) = shared.new_host(name.as_str())
            {
                hosts.add(host);
            }
        }
        let running = Self {
            shared,
            hosts,
            limit: run.limit,
            connections,
            events,
        };
        (running, playbooks)
    }

    fn hosts_of(&self, play: &Play) -> Result<Vec<HostName>, Diagnostic> {
        hosts_of(play, &self.shared.inventory, self.limit.as_ref())
    }

    /// What is wrong with the arguments of roles.
    fn check(&self, plays: &[&Play]) -> Diagnostics {
        let hosts = |play: &Play| self.hosts_of(play).unwrap_or_default();
        let plays: Vec<_> = plays.iter().map(|&play| (play, hosts(play))).collect();
        arguments::check(&self.shared, &plays)
    }

    /// Carries out the plays, one after the other.
    async fn plays(&mut self, plays: &[&Play]) -> RunEnd {
        let mut started = !matches!(self.shared.options.beginning, Beginning::Task(_));
        let mut until = Until::new(plays);
        for (number, &play) in plays.iter().enumerate() {
            let members = self.members(play, number);
            let starts = !started && begins_in(&self.shared.options.beginning, play);
            if members.is_empty() || !(started || starts) {
                continue;
            }
            started = true;
            let (inventory, limit) = (&self.shared.inventory, self.limit.as_ref());
            let needed = until.needed(number, plays, |play| {
                let picked = picked(play, inventory, limit);
                picked.unwrap_or_default().0
            });
            let turn = PlayTurn {
                play,
                number,
                members: &members,
                starts,
                needed,
            };
            let end = self.batches(&turn).await;
            // Those that this play alone may have needed again.
            for &host in turn.members {
                if !turn.needed.later(&self.hosts[host].name) {
                    close_one(&mut self.hosts, host);
                }
            }
            if end == PlayEnd::Fatal && number + 1 < plays.len() {
                self.events.event(&Event::Warning {
                    host: None,
                    message: format!("`{}` has failed: no other play follows", play.name),
                });
            }
            if matches!(end, PlayEnd::Fatal | PlayEnd::Interrupted) {
                return RunEnd {
                    interrupted: end == PlayEnd::Interrupted,
                    unfinished: Some(number + 1),
                };
            }
        }
        RunEnd::default()
    }

    /// The hosts of a play that still take part in the run.
    fn members(&mut self, play: &Play, number: usize) -> Vec<usize> {
        let picked = picked(play, &self.shared.inventory, self.limit.as_ref());
        let (names, missing) = picked.unwrap_or_else(|diagnostic| (Vec::new(), vec![diagnostic]));
        for diagnostic in missing {
            // A group that tasks were to make, and have not.
            self.events.event(&Event::Warning {
                host: None,
                message: format!("`{}`: {diagnostic}", play.name),
            });
        }
        let (shared, hosts) = (&self.shared, &mut self.hosts);
        let mut members = Vec::new();
        for name in names {
            if !shared.options.beginning.admits(name.as_str(), number) {
                continue;
            }
            let known = hosts.find(name.as_str());
            let new = || Some(hosts.add(shared.new_host(name.as_str())?));
            let Some(host) = known.or_else(new) else {
                continue;
            };
            if hosts[host].ended {
                continue;
            }
            if !hosts[host].takes_part {
                restore(&mut hosts[host], &shared.options.beginning);
            }
            hosts[host].takes_part = true;
            members.push(host);
        }
        members
    }

    /// Carries out a play on its batches, one after the other.
    async fn batches(&mut self, turn: &PlayTurn<'_>) -> PlayEnd {
        let &PlayTurn {
            play,
            number,
            members,
            ..
        } = turn;
        let regroups = regroups(play);
        begin(&mut self.shared, play, &mut self.hosts, members);
        let mut program = self.program(play);
        let mut waiting: HashSet<usize> = members.iter().copied().collect();
        for mut batch in batches(members, &play.course) {
            batch.iter().for_each(|host| {
                waiting.remove(host);
            });
            batch.retain(|&host| !self.hosts[host].ended);
            if batch.is_empty() {
                continue;
            }
            match self.batch(turn, batch, program.clone()).await {
                // What a task can mention depends on the variables of all hosts, new ones among them.
                PlayEnd::Finished if regroups => program = self.program(play),
                PlayEnd::Finished => {}
                PlayEnd::Ended => break,
                end @ (PlayEnd::Fatal | PlayEnd::Interrupted) => {
                    put_off(&mut self.hosts, &waiting, number);
                    return end;
                }
            }
        }
        PlayEnd::Finished
    }

    /// The steps of a play.
    fn program(&self, play: &Play) -> Program {
        let shared = &self.shared;
        let needs = PlayNeeds::new(play, &shared.definitions());
        Program::new(play, &shared.options.tags, &shared.files, needs)
    }

    async fn batch(&mut self, turn: &PlayTurn<'_>, batch: Vec<usize>, program: Program) -> PlayEnd {
        let shared = &mut self.shared;
        let starts_at = match &shared.options.beginning {
            Beginning::Task(name) if turn.starts => program.named(name),
            _ => None,
        };
        let names: Vec<Value> = batch
            .iter()
            .map(|&host| Value::from(&*self.hosts[host].name))
            .collect();
        shared.set_magic("ansible_play_batch", names);
        for &host in &batch {
            self.hosts[host].progress = Progress::default();
        }
        let turns = Turns::new(&batch, shared.options.forks);
        let play_run = PlayRun {
            frontier: Frontier::new(program.len(), batch.len()),
            shared,
            play: turn.play,
            number: turn.number,
            starts_at,
            program,
            hosts: &mut self.hosts,
            members: turn.members.to_vec(),
            batch,
            finished: BTreeMap::new(),
            skips: Skips::default(),
            turns,
            needed: &turn.needed,
            events: self.events,
            connections: &mut self.connections,
            let_go_at: None,
            came_last: None,
            fatal: None,
            fatal_steps: HashSet::new(),
            broken: false,
            once: HashMap::new(),
            busy: HashMap::new(),
            delegated: HashMap::new(),
            asked: HashMap::new(),
            end_play: false,
        };
        play_run.run().await
    }
}

/// The batches of these hosts do not come to their turn.
fn put_off(hosts: &mut Roster, waiting: &HashSet<usize>, play: usize) {
    for (number, host) in hosts.iter_mut().enumerate() {
        if waiting.contains(&number) && host.stopped.is_none() {
            host.stopped = Some((play, None));
        }
    }
}

/// Whether the run begins in this play.
fn begins_in(beginning: &Beginning, play: &Play) -> bool {
    let Beginning::Task(name) = beginning else {
        return false;
    };
    let mut found = false;
    for section in &play.sections {
        each_task(section, &mut |task| found |= is_called(task, name));
    }
    found
}

fn set_magic(shared: &mut Shared, inventory_dir: &Path) {
    let groups = host::groups(&shared.inventory);
    shared.set_magic("groups", groups);
    shared.set_magic("omit", super::calls::OMIT);
    shared.set_magic("ansible_check_mode", shared.options.check);
    shared.set_magic("ansible_diff_mode", shared.options.diff);
    shared.set_magic("inventory_dir", directory_value(inventory_dir));
}

/// Makes everything ready for a play.
fn begin(shared: &mut Shared, play: &Play, hosts: &mut Roster, members: &[usize]) {
    play.directory().clone_into(&mut shared.directory);
    hosts.iter_mut().for_each(HostRun::play_begins);
    let directory = directory_value(&shared.directory);
    shared.set_magic("playbook_dir", directory);
    shared.set_magic("ansible_play_name", &*play.name);
    let names: Vec<Value> = members
        .iter()
        .map(|&host| Value::from(&*hosts[host].name))
        .collect();
    shared.set_magic("ansible_play_hosts_all", names);
}

/// Ends all connections. A worker ends with its connection; after an interrupt nobody waits for that.
async fn close(hosts: &mut Roster, interrupted: bool) {
    for host in hosts.iter_mut() {
        host.link = None;
    }
    for task in hosts.iter_mut().flat_map(|host| host.link_tasks.drain(..)) {
        if interrupted {
            task.abort();
        }
        // A link that has been aborted or has panicked has nothing to say any more.
        let _ = task.await;
    }
}
