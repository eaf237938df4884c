//! Arithmetic with IP addresses under Ansible's names. What is no address is an error, except for `ipaddr`, `ipv4`
//! and `ipv6` without a query, which ask whether it is one.

use std::net::IpAddr;

use tera::{Kwargs, State, Tera, TeraResult};

use super::addresses::Net;
use super::{Test, argument, fail, type_word};
use crate::template::reference::{Documented, filter, test};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "ipaddr",
        &["query?"],
        "The address, or false if it is none; with a query one of its parts: `address`, `network`, `netmask`, `hostmask`, `broadcast`, `prefix`, `subnet`, `host`, `size`, `first_usable`, `last_usable`, `next_usable`, `previous_usable`, `range_usable`, `network/prefix`, `address/prefix`, `ip/prefix`, `net`, `type`, `version`, `int`, `revdns`, `bool`; `private`, `public`, `loopback`, `link-local`, `multicast` or a network give it or false; a number gives the address at that place of the network. Of a list, those for which it is not false.",
        "'192.168.32.7/24' | ipaddr('network')",
        "\"192.168.32.0\"",
    ),
    filter(
        "ipv4",
        &["query?"],
        "`ipaddr` for IPv4; false for other addresses.",
        "['10.0.0.1', 'fe80::1'] | ipv4",
        "[\"10.0.0.1\"]",
    ),
    filter(
        "ipv6",
        &["query?"],
        "`ipaddr` for IPv6; false for other addresses.",
        "['10.0.0.1', 'fe80::1'] | ipv6",
        "[\"fe80::1\"]",
    ),
    filter(
        "ipwrap",
        &[],
        "In brackets if it is an IPv6 address, as URLs need it; other texts as they are.",
        "'fe80::1' | ipwrap",
        "\"[fe80::1]\"",
    ),
    filter(
        "nthhost",
        &["n"],
        "The address at a place in a network, from its end if it is negative.",
        "'10.0.0.0/8' | nthhost(305)",
        "\"10.0.1.49\"",
    ),
    filter(
        "ipsubnet",
        &["prefix?", "index?"],
        "The number of networks with this prefix in a network, or the one at a place; around an address, its network.",
        "'192.168.0.0/16' | ipsubnet(20, 1)",
        "\"192.168.16.0/20\"",
    ),
    filter(
        "ipmath",
        &["amount"],
        "The address so far behind this one, or before it.",
        "'192.168.1.255' | ipmath(2)",
        "\"192.168.2.1\"",
    ),
    filter(
        "next_nth_usable",
        &["offset"],
        "The address so far behind this one, if a host of its network may have it.",
        "'192.168.1.2/24' | next_nth_usable(2)",
        "\"192.168.1.4\"",
    ),
    filter(
        "previous_nth_usable",
        &["offset"],
        "The address so far before this one, if a host of its network may have it.",
        "'192.168.1.10/24' | previous_nth_usable(2)",
        "\"192.168.1.8\"",
    ),
    filter(
        "network_in_network",
        &["test"],
        "Whether all of another network is in this one.",
        "'10.0.0.0/8' | network_in_network('10.1.0.0/16')",
        "true",
    ),
    filter(
        "network_in_usable",
        &["test"],
        "Whether hosts of this network may have an address.",
        "'192.168.0.0/24' | network_in_usable('192.168.0.255')",
        "false",
    ),
    test(
        "ip",
        &[],
        "Whether it is an IP address or network.",
        "'10.0.0.1' is ip",
        "true",
    ),
    test(
        "ip_address",
        &[],
        "Whether it is an IP address without a prefix.",
        "'10.0.0.0/8' is ip_address",
        "false",
    ),
    test(
        "ipv4",
        &[],
        "Whether it is an IPv4 address or network.",
        "'10.0.0.1' is ipv4",
        "true",
    ),
    test(
        "ipv6",
        &[],
        "Whether it is an IPv6 address or network.",
        "'10.0.0.1' is ipv6",
        "false",
    ),
    test(
        "ip_in_subnet",
        &["subnet"],
        "Whether an address or network is in a network.",
        "'10.0.1.5' is ip_in_subnet('10.0.0.0/16')",
        "true",
    ),
    test(
        "in_network",
        &["subnet"],
        "The same as `ip_in_subnet`.",
        "'10.0.1.5' is in_network('10.1.0.0/16')",
        "false",
    ),
    test(
        "subnet_of",
        &["subnet"],
        "The same as `ip_in_subnet`.",
        "'10.0.1.0/24' is subnet_of('10.0.0.0/16')",
        "true",
    ),
];

pub(super) const TESTS: &[(&str, Test)] = &[
    ("ip", |value, _, _| Ok(net_of(value).is_some())),
    ("ip_address", |value, _, _| {
        Ok(net_of(value).is_some_and(|net| !net.has_prefix))
    }),
    ("ipv4", |value, _, _| {
        Ok(net_of(value).is_some_and(|net| !net.is_v6()))
    }),
    ("ipv6", |value, _, _| {
        Ok(net_of(value).is_some_and(Net::is_v6))
    }),
    ("ip_in_subnet", in_subnet),
    ("in_network", in_subnet),
    ("subnet_of", in_subnet),
];

pub(super) fn register(tera: &mut Tera) {
    for (name, family) in [
        ("ipaddr", None),
        ("ipv4", Some(false)),
        ("ipv6", Some(true)),
    ] {
        tera.register_filter(name, move |value: &Value, arguments: Kwargs, _: &State| {
            let query = arguments.get::<&Value>("query")?;
            let Some(items) = value.as_array() else {
                return queried(value, query, family);
            };
            let mut kept = Vec::new();
            for item in items {
                let given = match net_of(item) {
                    Some(_) => queried(item, query, family)?,
                    None => continue,
                };
                if given.as_bool() != Some(false) {
                    kept.push(given);
                }
            }
            Ok(Value::from(kept))
        });
    }
    tera.register_filter(
        "ipwrap",
        |text: &str, _: Kwargs, _: &State| match Net::parse(text).filter(|net| net.is_v6()) {
            Some(net) if net.has_prefix => format!("[{}]/{}", net.address(), net.prefix()),
            Some(net) => format!("[{}]", net.address()),
            None => text.to_owned(),
        },
    );
    tera.register_filter("nthhost", |value: &Value, arguments: Kwargs, _: &State| {
        let place = arguments.must_get::<i128>("n")?;
        match must(value)?.nth(place) {
            Some(net) => Ok(net.address().to_string()),
            None => fail("the network has no such address"),
        }
    });
    tera.register_filter("ipsubnet", ipsubnet);
    tera.register_filter("ipmath", |value: &Value, arguments: Kwargs, _: &State| {
        let amount = arguments.must_get::<i128>("amount")?;
        match must(value)?.plus(amount) {
            Some(net) => Ok(net.address().to_string()),
            None => fail("there is no such address"),
        }
    });
    for (name, sign) in [("next_nth_usable", 1), ("previous_nth_usable", -1)] {
        tera.register_filter(name, move |value: &Value, arguments: Kwargs, _: &State| {
            let offset = arguments.must_get::<i64>("offset")?;
            Ok(usable(must(value)?, sign * i128::from(offset)))
        });
    }
    tera.register_filter(
        "network_in_network",
        |value: &Value, arguments: Kwargs, _: &State| {
            Ok(must(value)?.holds(must(argument(&arguments, "test")?)?))
        },
    );
    tera.register_filter(
        "network_in_usable",
        |value: &Value, arguments: Kwargs, _: &State| {
            let (net, other) = (must(value)?, must(argument(&arguments, "test")?)?);
            let (first, last) = net.usable();
            let inside = (first..=last).contains(&other.bits());
            Ok(inside && net.holds(other))
        },
    );
}

fn net_of(value: &Value) -> Option<Net> {
    Net::parse(value.as_str()?)
}

fn must(value: &Value) -> TeraResult<Net> {
    match (net_of(value), value.is_string()) {
        (Some(net), _) => Ok(net),
        (None, true) => fail("this text is no IP address or network"),
        (None, false) => fail(format!(
            "expected an IP address, found {}",
            type_word(value)
        )),
    }
}

fn in_subnet(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    let net = must(value)?;
    let subnets = argument(&arguments, "subnet")?;
    match subnets.as_array() {
        Some(all) => {
            for subnet in all {
                if must(subnet)?.holds(net) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        None => Ok(must(subnets)?.holds(net)),
    }
}

/// The address so far away, or false if no host of the network may have it.
fn usable(net: Net, distance: i128) -> Value {
    let (first, last) = net.usable();
    match net.plus(distance) {
        Some(found) if (first..=last).contains(&found.bits()) => {
            Value::from(found.address().to_string())
        }
        _ => Value::from(false),
    }
}

fn queried(value: &Value, query: Option<&Value>, v6: Option<bool>) -> TeraResult<Value> {
    let wanted = |net: &Net| v6.is_none_or(|v6| v6 == net.is_v6());
    let Some(query) = query else {
        let found = net_of(value).filter(wanted);
        return Ok(found.map_or_else(|| Value::from(false), |_| value.clone()));
    };
    if query.as_str() == Some("bool") {
        return Ok(Value::from(net_of(value).as_ref().is_some_and(wanted)));
    }
    let net = must(value)?;
    if !wanted(&net) {
        return Ok(Value::from(false));
    }
    if let Some(place) = query.as_i64() {
        return match net.nth(place.into()) {
            Some(found) => Ok(Value::from(found.to_string())),
            None => fail("the network has no such address"),
        };
    }
    match query.as_str() {
        Some(query) => part(net, value, query),
        None => fail(format!(
            "a query is a text or number, not {}",
            type_word(query)
        )),
    }
}

fn part(net: Net, value: &Value, query: &str) -> TeraResult<Value> {
    let text = |shown: &dyn ToString| Ok(Value::from(shown.to_string()));
    let only = |holds: bool| {
        Ok(if holds {
            value.clone()
        } else {
            Value::from(false)
        })
    };
    let at = |bits: u128| net.plus(difference(bits, net.bits())?);
    let (first, last) = net.usable();
    match query {
        "address" | "ip" => text(&net.address()),
        "network" | "network_id" => text(&net.first().address()),
        "netmask" => text(&net.netmask()),
        "hostmask" | "wildcard" => text(&net.hostmask()),
        "broadcast" => text(&net.last().address()),
        "prefix" => Ok(Value::from(u64::from(net.prefix()))),
        "subnet" | "network/prefix" | "cidr" => text(&net.first()),
        "host" | "host/prefix" | "address/prefix" | "ip/prefix" | "gateway" => text(&net),
        "net" => only(net.is_network()),
        "size" => Ok(match i64::try_from(net.size()) {
            Ok(size) => Value::from(size),
            Err(_) => Value::from(net.size()),
        }),
        "int" => Ok(match i64::try_from(net.bits()) {
            Ok(bits) => Value::from(bits),
            Err(_) => Value::from(net.bits()),
        }),
        "first_usable" => end(at(first)),
        "last_usable" => end(at(last)),
        "range_usable" => match (at(first), at(last)) {
            (Some(first), Some(last)) => text(&format!("{}-{}", first.address(), last.address())),
            _ => fail("the network has no usable addresses"),
        },
        "next_usable" => Ok(usable(net, 1)),
        "previous_usable" => Ok(usable(net, -1)),
        "version" => Ok(Value::from(if net.is_v6() { 6 } else { 4 })),
        "type" => text(&if net.is_network() {
            "network"
        } else {
            "address"
        }),
        "revdns" => text(&net.reverse()),
        "private" => only(is_private(net.address())),
        "public" => only(is_public(net.address())),
        "loopback" | "lo" => only(net.address().is_loopback()),
        "multicast" => only(net.address().is_multicast()),
        "link-local" => only(is_link_local(net.address())),
        other => match Net::parse(other) {
            Some(network) => only(network.holds(net)),
            None => fail(format!(
                "unknown query `{other}`: see `provision doc --filters`"
            )),
        },
    }
}

fn end(net: Option<Net>) -> TeraResult<Value> {
    match net {
        Some(net) => Ok(Value::from(net.address().to_string())),
        None => fail("the network has no usable addresses"),
    }
}

fn difference(left: u128, right: u128) -> Option<i128> {
    if left >= right {
        i128::try_from(left - right).ok()
    } else {
        i128::try_from(right - left).ok().map(|distance| -distance)
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_public(address: IpAddr) -> bool {
    let documentation = match address {
        IpAddr::V4(address) => address.is_documentation() || address.is_broadcast(),
        IpAddr::V6(address) => address.segments()[..2] == [0x2001, 0xdb8],
    };
    !(is_private(address)
        || is_link_local(address)
        || documentation
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unspecified())
}

fn ipsubnet(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let net = must(value)?;
    let Some(prefix) = arguments.get::<u32>("prefix")? else {
        return Ok(Value::from(net.first().to_string()));
    };
    let Some(index) = arguments.get::<i64>("index")? else {
        if prefix < net.prefix() || !net.has_prefix {
            return match net.supernet(prefix) {
                Some(around) => Ok(Value::from(around.to_string())),
                None => fail("the prefix is too long for this address"),
            };
        }
        return match net.subnets(prefix) {
            Some(count) => Ok(match i64::try_from(count) {
                Ok(count) => Value::from(count),
                Err(_) => Value::from(count),
            }),
            None => fail("the prefix is too long for this address"),
        };
    };
    match net.subnet(prefix, index.into()) {
        Some(subnet) => Ok(Value::from(subnet.to_string())),
        None => fail("the network has no such part"),
    }
}
