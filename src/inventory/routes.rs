//! Which jump hosts lead to each host: a pure function of the inventory and of what the command line gives. It
//! connects to nothing and looks up no names.

use std::collections::BTreeSet;
use std::net::IpAddr;

use thiserror::Error;

use super::connection::LOCAL_NAMES;
use super::jump::Jump;
use super::{GroupName, HostName, Inventory};
use crate::source::{Diagnostic, Diagnostics, Span, suggest};

/// Kubespray's group of the host that all others are reached through.
pub const BASTION: &str = "bastion";

/// The ways to the hosts of an inventory.
pub struct Routes<'a> {
    /// The hosts.
    pub inventory: &'a Inventory,
    /// What the command line gives for hosts whose variables say nothing.
    pub given: Option<&'a [Jump]>,
    /// What a host's own variable says.
    pub own: &'a dyn Fn(&str) -> Option<Vec<Jump>>,
}

/// A way that leads to where it has been.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{}` is reached through itself: {}", hosts[0], hosts.join(", then "))]
pub struct Circle {
    /// From a host to itself, each reached through the one after it.
    pub hosts: Vec<String>,
}

impl Routes<'_> {
    /// The jump hosts on the way to a host, the first one first.
    pub fn to(&self, host: &str) -> Result<Vec<Jump>, Circle> {
        let mut route = self.written(host);
        let mut passed = vec![host.to_owned()];
        // As with OpenSSH, only the first of a list has a way of its own: what follows is reached through it.
        while let Some(first) = route.first().map(|jump| jump.host.clone()) {
            if let Some(seen) = passed.iter().position(|other| *other == first) {
                passed.drain(..seen);
                passed.push(first);
                return Err(Circle { hosts: passed });
            }
            // An address has nothing said about it.
            let known = self.inventory.hosts.contains_key(first.as_str());
            let before = if known {
                self.written(&first)
            } else {
                Vec::new()
            };
            passed.push(first);
            if before.is_empty() {
                break;
            }
            route.splice(0..0, before);
        }
        let mut way: Vec<String> = route.iter().map(|jump| jump.host.clone()).collect();
        way.push(host.to_owned());
        way.reverse();
        for (last, name) in way.iter().enumerate() {
            if let Some(seen) = way[..last].iter().position(|other| other == name) {
                let hosts = way[seen..=last].to_vec();
                return Err(Circle { hosts });
            }
        }
        Ok(route)
    }

    /// What is said about a host: by its own variable, the command line, or the group `bastion`. A host that the list
    /// names itself is reached through those before it.
    fn written(&self, host: &str) -> Vec<Jump> {
        let said = (self.own)(host).or_else(|| self.given.map(<[Jump]>::to_vec));
        let mut list = said.unwrap_or_else(|| self.bastion(host));
        if let Some(itself) = list.iter().position(|jump| jump.host == host) {
            list.truncate(itself);
        }
        list
    }

    /// As in Kubespray, the first host of the group. Those of the group itself are reached directly.
    fn bastion(&self, host: &str) -> Vec<Jump> {
        if !self.inventory.groups.contains_key(BASTION) {
            return Vec::new();
        }
        let bastions = self.inventory.hosts_in(BASTION);
        let first = bastions
            .first()
            .filter(|_| !bastions.iter().any(|name| name.as_str() == host));
        let jump = |name: &&HostName| Jump {
            user: None,
            host: name.to_string(),
            port: None,
        };
        first.map(jump).into_iter().collect()
    }
}

/// Jump hosts, and where they are written.
pub type Written = (Vec<Jump>, Span);

/// Says which jump hosts there are not, and which hosts are reached through themselves.
pub fn check(
    inventory: &Inventory,
    given: Option<&Written>,
    own: &dyn Fn(&str) -> Option<Written>,
    diagnostics: &mut Diagnostics,
) {
    let named = inventory.hosts.keys().filter_map(|host| own(host.as_str()));
    for (list, span) in named.chain(given.cloned()) {
        let unknown = list.iter().filter_map(|jump| unknown(jump, inventory));
        diagnostics.extend(unknown.map(|unknown| unknown.at(span, "")));
    }
    let routes = Routes {
        inventory,
        given: given.map(|(list, _)| list.as_slice()),
        own: &|host| own(host).map(|(list, _)| list),
    };
    let mut seen = BTreeSet::new();
    for host in inventory.hosts.keys() {
        let Err(circle) = routes.to(host.as_str()) else {
            continue;
        };
        // It is found from each of its hosts, and from each host behind it.
        let mut members = circle.hosts.clone();
        members.sort();
        members.dedup();
        if !seen.insert(members) {
            continue;
        }
        let mut places = circle.hosts.iter().filter_map(|host| own(host));
        let place = places.next().or_else(|| given.cloned());
        let wrong = Diagnostic::error(circle.to_string());
        diagnostics.push(match place {
            Some((_, span)) => wrong.at(span, ""),
            None => wrong,
        });
    }
}

/// What is wrong with a jump host that is not in the inventory, unless it is an address. A name without a dot may be
/// one as well, but not if it looks like a slip.
fn unknown(jump: &Jump, inventory: &Inventory) -> Option<Diagnostic> {
    let name = jump.host.as_str();
    if inventory.hosts.contains_key(name) {
        return None;
    }
    if let Some(group) = inventory.groups.get(name) {
        let wrong = Diagnostic::error(format!("the jump host `{name}` is a group"));
        let hosts = inventory.hosts_in(group.name.as_str());
        let first = hosts.first().filter(|_| name != GroupName::ALL);
        return Some(match first {
            Some(first) => wrong.help(format!("`{first}` is its first host")),
            None => wrong,
        });
    }
    let is_address = name.contains('.') || name.parse::<IpAddr>().is_ok();
    if is_address || LOCAL_NAMES.contains(&name) {
        return None;
    }
    suggest(name, inventory.hosts.keys().map(HostName::as_str)).map(|near| {
        Diagnostic::error(format!(
            "the inventory has no host `{name}` to jump through"
        ))
        .help(format!("did you mean `{near}`?"))
        .help("if it is none of the inventory, write its IP address or its name with the domain")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{GroupName, HostName, Inventory, Jump, Routes};

    /// The way to a host, with what hosts say, those of the group `bastion`, and what the command line gives.
    fn way(host: &str, own: &[(&str, &str)], bastions: &[&str], given: Option<&str>) -> String {
        let mut inventory = Inventory::default();
        for name in ["a", "b", "c", "d"] {
            let group = bastions
                .contains(&name)
                .then(|| GroupName::new("bastion").expect("a name"));
            inventory.add_host(HostName::new(name).expect("a name"), group.as_slice());
        }
        let list = |text: &str| Jump::list(text).expect("jump hosts");
        let own: BTreeMap<_, _> = own.iter().map(|(host, text)| (*host, list(text))).collect();
        let routes = Routes {
            inventory: &inventory,
            given: given.map(list).as_deref(),
            own: &|host| own.get(host).cloned(),
        }
        .to(host);
        match routes {
            Ok(route) => route
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            Err(circle) => circle.to_string(),
        }
    }

    #[test]
    fn without_a_word_the_way_is_direct() {
        assert_eq!(way("a", &[], &[], None), "");
    }

    #[test]
    fn a_variable_wins_over_the_command_line_and_that_over_the_group() {
        let own = [("a", "b"), ("d", "none")];
        // The host it names has said nothing of itself.
        assert_eq!(way("a", &own, &["c"], Some("x")), "x b");
        assert_eq!(way("a", &own, &["c"], None), "c b");
        assert_eq!(way("b", &own, &["c"], Some("x")), "x");
        assert_eq!(way("b", &own, &["c"], None), "c");
        assert_eq!(way("d", &own, &["c"], Some("x")), "");
        assert_eq!(way("b", &own, &["c"], Some("none")), "");
    }

    #[test]
    fn the_first_of_the_group_is_for_all_outside_it() {
        assert_eq!(way("a", &[], &["c", "d"], None), "c");
        assert_eq!(way("c", &[], &["c", "d"], None), "");
        assert_eq!(way("d", &[], &["c", "d"], None), "");
    }

    #[test]
    fn the_first_jump_host_may_have_a_way_of_its_own() {
        let own = [("a", "b,me@x:2"), ("b", "c"), ("c", "none")];
        assert_eq!(way("a", &own, &[], None), "c b me@x:2");
        assert_eq!(way("a", &own, &[], Some("gw")), "c b me@x:2");
    }

    #[test]
    fn a_host_that_a_list_names_is_reached_through_those_before_it() {
        let own = [("a", "a,b"), ("b", "a,b"), ("c", "a,b")];
        assert_eq!(way("a", &own, &[], None), "");
        assert_eq!(way("b", &own, &[], None), "a");
        assert_eq!(way("c", &own, &[], None), "a b");
        assert_eq!(way("b", &[], &[], Some("a,b")), "a");
    }

    #[test]
    fn a_way_that_leads_to_where_it_has_been_is_a_circle() {
        let own = [("a", "b"), ("b", "c"), ("c", "b")];
        let circle = "`b` is reached through itself: b, then c, then b";
        assert_eq!(way("a", &own, &[], None), circle);
        assert_eq!(way("b", &own, &[], None), circle);
        assert_eq!(
            way("a", &[("a", "x,b,x")], &[], None),
            "`x` is reached through itself: x, then b, then x"
        );
        assert_eq!(
            way("c", &[("c", "a")], &["c"], None),
            "`c` is reached through itself: c, then a, then c"
        );
    }
}
