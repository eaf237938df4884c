//! Which jump hosts lead to a host, and how each of them is reached.

use std::cell::RefCell;
use std::sync::Arc;

use super::connect::{SSH_PORT, of_variables, read_from};
use super::roster::Roster;
use super::shared::Shared;
use super::view::with_own_scope;
use crate::inventory::connection::ConnectionVars;
use crate::inventory::jump::Jump;
use crate::inventory::routes::Routes;
use crate::source::Diagnostic;
use crate::transport::{Address, ConnectionKind, ConnectionSettings, JumpHost};

/// What a host is reached through, whose own variables and settings are these.
pub(super) fn through(
    shared: &Shared,
    hosts: &Roster,
    name: &str,
    variables: &ConnectionVars,
    settings: &ConnectionSettings,
) -> Result<Option<Arc<JumpHost>>, Box<Diagnostic>> {
    let known = Known {
        shared,
        hosts,
        failed: RefCell::default(),
    };
    let routes = Routes {
        inventory: &shared.inventory,
        given: shared.options.jump.as_deref(),
        own: &|host| {
            if host == name {
                variables.jump_host.clone()
            } else {
                known.variables(host).jump_host
            }
        },
    };
    let route = routes.to(name);
    if let Some(failed) = known.failed.take() {
        return Err(failed);
    }
    let route = route.map_err(|circle| Box::new(Diagnostic::error(circle.to_string())))?;
    if route.is_empty() {
        return Ok(None);
    }
    // An address has nothing of its own: it is reached as what is behind it.
    let mut jumps: Vec<(Arc<str>, ConnectionSettings)> = Vec::new();
    for jump in route.iter().rev() {
        let behind = jumps.last().map_or(settings, |(_, settings)| settings);
        let next = known.jump(jump, behind);
        jumps.push(next);
    }
    if let Some(failed) = known.failed.take() {
        return Err(failed);
    }
    // Where one of them is this machine, the way begins behind it.
    let here = |(_, settings): &(_, ConnectionSettings)| settings.kind == ConnectionKind::Local;
    let begin = jumps.iter().position(here).unwrap_or(jumps.len());
    let way = jumps.into_iter().take(begin).rev();
    Ok(way.fold(None, |through, (name, settings)| {
        let settings = ConnectionSettings {
            through,
            ..settings
        };
        Some(Arc::new(JumpHost { name, settings }))
    }))
}

/// What the run knows of the hosts on the way.
struct Known<'a> {
    shared: &'a Shared,
    hosts: &'a Roster,
    /// Why variables could not be read.
    failed: RefCell<Option<Box<Diagnostic>>>,
}

impl Known<'_> {
    /// The variables of a host of the inventory.
    fn variables(&self, host: &str) -> ConnectionVars {
        let Some((name, _)) = self.shared.inventory.hosts.get_key_value(host) else {
            return ConnectionVars::default();
        };
        let read = with_own_scope(self.shared, self.hosts, name, read_from);
        read.unwrap_or_else(|mut error| {
            error.message = format!("the jump host `{host}`: {}", error.message);
            self.failed.borrow_mut().get_or_insert(error);
            ConnectionVars::default()
        })
    }

    /// How a jump host is called and reached that leads to `behind`.
    fn jump(&self, jump: &Jump, behind: &ConnectionSettings) -> (Arc<str>, ConnectionSettings) {
        let mut settings = if self.shared.inventory.hosts.contains_key(jump.host.as_str()) {
            let variables = self.variables(&jump.host);
            of_variables(self.shared, &jump.host, &variables)
        } else {
            let address = Address {
                host: jump.host.clone(),
                port: SSH_PORT,
            };
            ConnectionSettings {
                kind: ConnectionKind::Ssh,
                address,
                // It is not for others.
                password: None,
                ..behind.clone()
            }
        };
        settings.address.port = jump.port.unwrap_or(settings.address.port);
        if let Some(user) = &jump.user {
            settings = settings.of(user);
        }
        settings.through = None;
        // Nobody becomes anyone there.
        settings.become_password = None;
        (Arc::from(jump.host.as_str()), settings)
    }
}
