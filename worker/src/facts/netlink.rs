//! The kernel's own list of network interfaces and their addresses, as `ip address` gets it.
//!
//! Files do not tell which interface has an address; this does, in two questions to the kernel. Answers are
//! read as what they are: messages with a header and attributes, in the machine's byte order.

use std::io;
use std::net::IpAddr;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// Kinds of messages.
const DONE: u16 = 3;
const ERROR: u16 = 2;
const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;

/// This is a request for everything there is.
const REQUEST_DUMP: u16 = 0x301;

/// Attributes of interfaces and of addresses.
const LINK_MAC: u16 = 1;
const LINK_NAME: u16 = 3;
const LINK_MTU: u16 = 4;
const ADDRESS: u16 = 1;
const LOCAL_ADDRESS: u16 = 2;

/// Sizes of what precedes the payload of a message, and the attributes of an interface and of an address.
const HEADER: usize = 16;
const LINK_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Interface {
    /// The kernel's number for it.
    pub(super) index: u32,
    /// Its name.
    pub(super) name: String,
    /// Its hardware address; `None` if it has none.
    pub(super) mac: Option<String>,
    /// The largest packet, in bytes.
    pub(super) mtu: Option<u32>,
    /// Whether it is switched on.
    pub(super) up: bool,
    /// Its addresses, each with the length of the network's prefix.
    pub(super) addresses: Vec<(IpAddr, u8)>,
}

/// The interfaces, in the kernel's order.
pub(super) fn interfaces() -> io::Result<Vec<Interface>> {
    let mut interfaces = Vec::new();
    dump(GET_LINK, NEW_LINK, |link| {
        interfaces.extend(interface(link));
    })?;
    dump(GET_ADDRESS, NEW_ADDRESS, |message| {
        let Some((index, address, prefix)) = address(message) else {
            return;
        };
        if let Some(interface) = interfaces.iter_mut().find(|i| i.index == index) {
            interface.addresses.push((address, prefix));
        }
    })?;
    Ok(interfaces)
}

/// Asks for all objects of a kind and gives the payload of each answer of the kind `wanted` to `take`.
fn dump(question: u16, wanted: u16, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // The protocol whose number is 0: routing.
        None,
    )?;
    send(&socket, &request(question), SendFlags::empty())?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let (_, length) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
        let mut rest = &buffer[..length.min(buffer.len())];
        if rest.is_empty() {
            return Ok(());
        }
        while let Some((kind, payload, next)) = message(rest) {
            match kind {
                DONE => return Ok(()),
                ERROR => return Err(io::Error::other("the kernel refuses to list interfaces")),
                kind if kind == wanted => take(payload),
                _ => {}
            }
            rest = next;
        }
    }
}

fn request(kind: u16) -> Vec<u8> {
    // After the header a message of zeros: of any address family.
    const LENGTH: u8 = 32;
    let mut request = Vec::with_capacity(LENGTH.into());
    request.extend(u32::from(LENGTH).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend(REQUEST_DUMP.to_ne_bytes());
    request.resize(LENGTH.into(), 0);
    request
}

/// The kind and payload of the first message, and what follows it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let payload = bytes.get(HEADER..length)?;
    Some((u16_at(bytes, 4)?, payload, after(bytes, length)))
}

/// The attributes: kind and value of each.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let attribute = (u16_at(bytes, 2)?, bytes.get(4..length)?);
        bytes = after(bytes, length);
        Some(attribute)
    })
}

fn interface(link: &[u8]) -> Option<Interface> {
    const UP: u32 = 1;
    let mut interface = Interface {
        index: u32_at(link, 4)?,
        up: u32_at(link, 8)? & UP != 0,
        ..Interface::default()
    };
    for (kind, value) in attributes(link.get(LINK_HEADER..)?) {
        match kind {
            LINK_NAME => {
                let name = value.strip_suffix(&[0]).unwrap_or(value);
                interface.name = String::from_utf8_lossy(name).into_owned();
            }
            LINK_MAC if value.len() == 6 => {
                let parts: Vec<_> = value.iter().map(|byte| format!("{byte:02x}")).collect();
                interface.mac = Some(parts.join(":"));
            }
            LINK_MTU => interface.mtu = u32_at(value, 0),
            _ => {}
        }
    }
    Some(interface)
}

/// The index of the interface, the address and the length of its prefix.
fn address(message: &[u8]) -> Option<(u32, IpAddr, u8)> {
    let (index, prefix) = (u32_at(message, 4)?, *message.get(1)?);
    let mut own = None;
    for (kind, value) in attributes(message.get(ADDRESS_HEADER..)?) {
        let address = <[u8; 4]>::try_from(value)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from));
        match (kind, address) {
            (LOCAL_ADDRESS, Ok(address)) => own = Some(address),
            // On a link between two hosts this is the other one's, and the local address is given as well.
            (ADDRESS, Ok(address)) => own = own.or(Some(address)),
            _ => {}
        }
    }
    Some((index, own?, prefix))
}

/// What follows something of this length, which is padded to a multiple of four.
fn after(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(length.next_multiple_of(4)..).unwrap_or_default()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    bytes.try_into().ok().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with one attribute, as the kernel would send it.
    fn with_attribute(mut header: Vec<u8>, kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).expect("it is short");
        header.extend(length.to_ne_bytes());
        header.extend(kind.to_ne_bytes());
        header.extend(value);
        header.resize(header.len().next_multiple_of(4), 0);
        header
    }

    #[test]
    fn the_loopback_interface_has_its_address() {
        let interfaces = interfaces().expect("the kernel answers");
        let loopback = interfaces
            .iter()
            .find(|interface| interface.name == "lo")
            .expect("every host has it");
        assert!(
            loopback
                .addresses
                .contains(&(IpAddr::from([127, 0, 0, 1]), 8))
        );
    }

    #[test]
    fn of_a_link_between_two_hosts_the_own_address_counts() {
        let header = vec![2, 32, 0, 0, 7, 0, 0, 0];
        let message = with_attribute(header, ADDRESS, &[10, 0, 0, 2]);
        let message = with_attribute(message, LOCAL_ADDRESS, &[10, 0, 0, 1]);
        assert_eq!(
            address(&message),
            Some((u32::from_ne_bytes([7, 0, 0, 0]), [10, 0, 0, 1].into(), 32))
        );
    }

    #[test]
    fn an_interface_is_read_from_its_attributes() {
        let mut header = vec![0; LINK_HEADER];
        header[8..12].copy_from_slice(&1u32.to_ne_bytes());
        let link = with_attribute(header, LINK_NAME, b"eth0\0");
        let link = with_attribute(link, LINK_MAC, &[2, 0, 0, 0, 0, 0xab]);
        let link = with_attribute(link, LINK_MTU, &1500u32.to_ne_bytes());
        let expected = Interface {
            index: 0,
            name: "eth0".into(),
            mac: Some("02:00:00:00:00:ab".into()),
            mtu: Some(1500),
            up: true,
            addresses: Vec::new(),
        };
        assert_eq!(interface(&link), Some(expected));
    }

    #[test]
    fn a_message_cut_short_is_none() {
        let header = vec![0; LINK_HEADER];
        let link = with_attribute(header, LINK_NAME, b"eth0\0");
        assert_eq!(interface(&link[..10]), None);
        assert_eq!(message(&40u32.to_ne_bytes()), None);
    }
}
