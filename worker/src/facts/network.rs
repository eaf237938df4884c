//! Facts about network interfaces, the default route and name servers.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Map, Value, json};

use super::files::Files;
use super::netlink::Interface;

pub(super) fn gather(files: &Files, interfaces: &[Interface], facts: &mut Map<String, Value>) {
    let by_name = interfaces
        .iter()
        .map(|interface| (interface.name.clone(), describe(interface)));
    facts.insert("interfaces".into(), by_name.collect::<Map<_, _>>().into());
    let route = default_ipv4(files, interfaces);
    facts.insert("default_ipv4".into(), route.into());
    facts.insert("dns".into(), dns(files));
}

fn describe(interface: &Interface) -> Value {
    let addresses = |of_family: fn(&IpAddr) -> bool| -> Vec<Value> {
        interface
            .addresses
            .iter()
            .filter(|(address, _)| of_family(address))
            .map(|(address, prefix)| json!({ "address": address.to_string(), "prefix": prefix }))
            .collect()
    };
    json!({
        "mac": interface.mac,
        "mtu": interface.mtu,
        "up": interface.up,
        "ipv4": addresses(IpAddr::is_ipv4),
        "ipv6": addresses(IpAddr::is_ipv6),
    })
}

/// The default route with the lowest metric.
fn default_ipv4(files: &Files, interfaces: &[Interface]) -> Option<Value> {
    let table = files.text("/proc/net/route")?;
    let (_, name, gateway) = table.lines().filter_map(default_route).min()?;
    let interface = interfaces.iter().find(|interface| interface.name == name);
    let addresses = || {
        interface
            .into_iter()
            .flat_map(|interface| &interface.addresses)
            .filter_map(|(address, prefix)| match address {
                IpAddr::V4(address) => Some((*address, *prefix)),
                IpAddr::V6(_) => None,
            })
    };
    // Of several addresses the one from which the gateway can be reached.
    let address = addresses()
        .find(|(address, prefix)| network(*address, *prefix) == network(gateway, *prefix))
        .or_else(|| addresses().next())
        .map(|(address, _)| address.to_string());
    let gateway = (!gateway.is_unspecified()).then(|| gateway.to_string());
    Some(json!({ "address": address, "interface": name, "gateway": gateway }))
}

/// Metric, interface and gateway of a line of `/proc/net/route`, if it is a default route that is up.
fn default_route(line: &str) -> Option<(u32, &str, Ipv4Addr)> {
    const UP: u32 = 1;
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let [name, destination, gateway, flags, _, _, metric, mask, ..] = fields[..] else {
        return None;
    };
    let number = |text| u32::from_str_radix(text, 16).ok();
    let is_default = number(destination)? == 0 && number(mask)? == 0 && number(flags)? & UP != 0;
    // The kernel prints the bytes of an address as one number in its own byte order.
    let gateway = Ipv4Addr::from(number(gateway)?.to_ne_bytes());
    is_default.then_some((metric.parse().ok()?, name, gateway))
}

fn network(address: Ipv4Addr, prefix: u8) -> u32 {
    let host_bits = 32 - u32::from(prefix.min(32));
    address.to_bits().checked_shr(host_bits).unwrap_or(0)
}

fn dns(files: &Files) -> Value {
    let text = files.text("/etc/resolv.conf").unwrap_or_default();
    let (mut nameservers, mut search) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") => nameservers.extend(words.next()),
            // The last of these lines counts.
            Some("search" | "domain") => search = words.collect(),
            _ => {}
        }
    }
    json!({ "nameservers": nameservers, "search": search })
}
