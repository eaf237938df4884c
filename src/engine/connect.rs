//! How each host is reached and which worker a task needs: from variables, keywords and the command line.

use std::cell::RefCell;
use std::sync::Arc;

use provision_worker::module::Flavour;
use provision_worker::modules;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::link::{FromLink, LinkStart, ToLink, WorkerKey};
use super::roster::Roster;
use super::route;
use super::shared::Shared;
use super::view::{NOTHING, View};
use crate::inventory::connection::{
    BecomeMethod, CONNECTION_VARIABLES, ConnectionVariable, ConnectionVars, become_flags,
    is_connection_variable,
};
use crate::inventory::password::Password;
use crate::playbook::{Action, Play};
use crate::source::Diagnostic;
use crate::template::Lookup;
use crate::transport::{Address, Become, ConnectionKind, ConnectionSettings, Connector};
use crate::vars::{Definition, Scope};

pub(super) const SSH_PORT: u16 = 22;

/// How many messages of all hosts may wait to be taken.
const MESSAGES: usize = 1024;

/// Starts the link of a host: [`link::start`](super::link::start), unless a test has hosts of its own.
pub(super) type StartLink =
    dyn Fn(LinkStart, mpsc::Sender<FromLink>) -> (mpsc::UnboundedSender<ToLink>, JoinHandle<()>);

/// The connections of a run.
pub(super) struct Connections {
    connector: Arc<Connector>,
    start: Box<StartLink>,
    forks: Arc<Semaphore>,
    outgoing: mpsc::Sender<FromLink>,
    /// What all links say.
    pub(super) incoming: mpsc::Receiver<FromLink>,
}

impl Connections {
    pub(super) fn new(connector: Arc<Connector>, start: Box<StartLink>, forks: usize) -> Self {
        let (outgoing, incoming) = mpsc::channel(MESSAGES);
        Self {
            connector,
            start,
            forks: Arc::new(Semaphore::new(forks)),
            outgoing,
            incoming,
        }
    }

    /// Starts the link of a host, with this worker or the one of the play.
    pub(super) fn start(
        &self,
        shared: &Shared,
        play: &Play,
        hosts: &mut Roster,
        host: usize,
        first: Option<WorkerKey>,
    ) -> Result<(), Box<Diagnostic>> {
        hosts[host].generation += 1;
        let view = View::of_play(play, hosts, host);
        let start = LinkStart {
            host,
            generation: view.run().generation,
            name: view.run().name.clone(),
            settings: settings(shared, view)?,
            first: match first {
                Some(worker) => worker,
                None => worker_key(shared, view, 0)?,
            },
            connector: self.connector.clone(),
            forks: self.forks.clone(),
        };
        let (link, task) = (self.start)(start, self.outgoing.clone());
        hosts[host].link = Some(link);
        let tasks = &mut hosts[host].link_tasks;
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
        Ok(())
    }
}

/// The connection variables of a host as a task of the play sees them.
fn variables(shared: &Shared, view: View<'_>) -> Result<Arc<ConnectionVars>, Box<Diagnostic>> {
    let mut base = view.base.keys();
    let plain = view.task.is_none_or(|task| !task.sets_connection)
        && !base.any(|name| is_connection_variable(name));
    if !plain {
        return read_variables(shared, view).map(Arc::new);
    }
    let mut known = view.run().connection.borrow_mut();
    if let Some(known) = &*known {
        return Ok(known.clone());
    }
    let variables = Arc::new(read_variables(shared, view)?);
    *known = is_fixed(shared, view).then(|| variables.clone());
    Ok(variables)
}

/// Whether the connection variables stay as they are until the host learns one of them: they are written out, and none
/// has been learned.
fn is_fixed(shared: &Shared, view: View<'_>) -> bool {
    let host = view.run();
    let scope = view.scope(shared, &NOTHING);
    let mut names = CONNECTION_VARIABLES
        .iter()
        .flat_map(ConnectionVariable::names);
    names.all(|name| {
        !host.learned().contains_key(name)
            && !host.included().contains_key(name)
            && scope.literal(name).is_ok()
    })
}

fn read_variables(shared: &Shared, view: View<'_>) -> Result<ConnectionVars, Box<Diagnostic>> {
    let locals = view.locals(None);
    read_from(&view.scope(shared, &locals))
}

/// The connection variables of a scope.
pub(super) fn read_from(scope: &Scope<'_>) -> Result<ConnectionVars, Box<Diagnostic>> {
    // The first variable that cannot be rendered is the reason; reading goes on without it.
    let failed = RefCell::new(None);
    let value_of = |name: &str| {
        scope.get(name).unwrap_or_else(|error| {
            failed
                .borrow_mut()
                .get_or_insert(format!("`{name}`: {}", error.message));
            None
        })
    };
    let variables = ConnectionVars::read(value_of);
    if let Some(message) = failed.into_inner() {
        return Err(Box::new(Diagnostic::error(message)));
    }
    variables.map_err(|error| Box::new(Diagnostic::error(error.to_string())))
}

/// A keyword as text.
fn keyword(
    shared: &Shared,
    view: View<'_>,
    definition: Option<&Arc<Definition>>,
) -> Result<Option<String>, Box<Diagnostic>> {
    let Some(definition) = definition else {
        return Ok(None);
    };
    if let Some(value) = definition.literal() {
        return Ok(Some(super::calls::text(value)));
    }
    let locals = view.locals(None);
    let scope = view.scope(shared, &locals);
    let value = definition.render(&shared.templates, &scope)?;
    Ok(Some(super::calls::text(&value)))
}

/// As in Ansible, variables win over keywords, and keywords over the command line.
fn settings(shared: &Shared, view: View<'_>) -> Result<ConnectionSettings, Box<Diagnostic>> {
    let variables = variables(shared, view)?;
    let connection = &view.play.connection;
    let name = &view.run().name;
    let mut settings = of_variables(shared, name, &variables);
    if variables.port.is_none() {
        settings.address.port = connection.port.unwrap_or(SSH_PORT);
    }
    if variables.connection.is_none() && view.play.common.local {
        settings.kind = ConnectionKind::Local;
    }
    if variables.user.is_none()
        && let Some(user) = keyword(shared, view, connection.user.as_ref())?
    {
        settings.user = Some(user);
    }
    if settings.kind == ConnectionKind::Ssh {
        settings.through = route::through(shared, view.hosts, name, &variables, &settings)?;
    }
    Ok(settings)
}

/// What variables say of a host, and the command line where they say nothing.
pub(super) fn of_variables(
    shared: &Shared,
    name: &str,
    variables: &ConnectionVars,
) -> ConnectionSettings {
    let options = &shared.options;
    let address = Address {
        host: variables.host.clone().unwrap_or_else(|| name.to_owned()),
        port: variables.port.unwrap_or(SSH_PORT),
    };
    let usual = ConnectionSettings::ssh(address);
    let password =
        |own: &Option<Password>, given: &Option<Password>| own.clone().or_else(|| given.clone());
    ConnectionSettings {
        kind: variables.connection.unwrap_or_default(),
        user: variables.user.clone().or_else(|| options.user.clone()),
        private_key_file: variables
            .private_key_file
            .clone()
            .or_else(|| options.private_key.clone()),
        known_hosts_file: variables.known_hosts_file.clone(),
        host_key_checking: variables.host_key_checking.unwrap_or_default(),
        password: password(&variables.password, &options.password),
        become_password: password(&variables.become_password, &options.become_password),
        connect_timeout: variables.timeout.unwrap_or(usual.connect_timeout),
        ..usual
    }
}

/// Which worker of a lane carries out a task; without a task, the play's.
///
/// As in Ansible, variables win over keywords, and keywords over the command line.
pub(super) fn worker_key(
    shared: &Shared,
    view: View<'_>,
    lane: u8,
) -> Result<WorkerKey, Box<Diagnostic>> {
    let variables = variables(shared, view)?;
    let common = view.task.map_or(&view.play.common, |task| &task.common);
    let keywords = &common.escalation;
    let flavour = match view.task.map(|task| &task.action) {
        Some(Action::Module(call)) => modules::flavour(call.module.name),
        _ => Flavour::default(),
    };
    let nobody = WorkerKey {
        escalation: None,
        lane,
        flavour,
    };
    if !variables
        .r#become
        .or(keywords.wanted)
        .unwrap_or(shared.options.escalate)
    {
        return Ok(nobody);
    }
    let user = match &variables.become_user {
        Some(user) => Some(user.clone()),
        None => keyword(shared, view, keywords.user.as_ref())?,
    };
    let user = user.or_else(|| shared.options.become_user.clone());
    let user = user.unwrap_or_else(|| "root".to_owned());
    let login = match &variables.user {
        Some(user) => Some(user.clone()),
        None => keyword(shared, view, view.play.connection.user.as_ref())?,
    };
    if login.as_deref().or(shared.options.user.as_deref()) == Some(&*user) {
        // Whoever logs in as the user need not become it.
        return Ok(nobody);
    }
    let method = match variables.become_method {
        Some(method) => method,
        None => match keyword(shared, view, keywords.method.as_ref())? {
            Some(name) => BecomeMethod::named(&name).ok_or_else(|| Box::new(no_method(&name)))?,
            None => BecomeMethod::default(),
        },
    };
    let flags = match &variables.become_flags {
        Some(flags) => Some(flags.clone()),
        None => keyword(shared, view, keywords.flags.as_ref())?,
    };
    if let Some(flags) = flags.as_ref().filter(|flags| become_flags(flags).is_none()) {
        let wrong = format!("`become_flags` cannot be `{flags}`: no quotes of its own, no `!`");
        return Err(Box::new(Diagnostic::error(wrong)));
    }
    Ok(WorkerKey {
        escalation: Some(Become {
            user,
            method,
            flags,
        }),
        ..nobody
    })
}

/// The worker of a host that no play works on: that of its login user, or of whom its variables say that one becomes there.
/// Keywords are about the play's hosts and those of the task.
pub(super) fn own_worker(shared: &Shared, view: View<'_>) -> Result<WorkerKey, Box<Diagnostic>> {
    if variables(shared, view)?.r#become == Some(true) {
        worker_key(shared, view, 0)
    } else {
        Ok(WorkerKey::default())
    }
}

fn no_method(name: &str) -> Diagnostic {
    let known = BecomeMethod::ALL.map(BecomeMethod::name);
    let wrong = Diagnostic::error(format!("there is no `become_method` `{name}`"));
    wrong
        .suggest(name, known.into_iter())
        .help(format!("known: {}", known.join(", ")))
}
