//! IP addresses and networks of both families, as numbers with a prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, and how many of its bits name its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    v6: bool,
    bits: u128,
    prefix: u32,
    /// Whether the prefix was written.
    pub(super) has_prefix: bool,
}

impl Net {
    /// `ADDRESS`, `ADDRESS/PREFIX` or `ADDRESS/NETMASK`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let (v6, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (false, u128::from(u32::from(address))),
            IpAddr::V6(address) => (true, u128::from(address)),
        };
        let mut net = Self {
            v6,
            bits,
            prefix: 0,
            has_prefix: prefix.is_some(),
        };
        net.prefix = match prefix {
            None => net.width(),
            Some(prefix) => match prefix.parse::<u32>() {
                Ok(prefix) => prefix,
                Err(_) => {
                    let mask: Ipv4Addr = prefix.parse().ok().filter(|_| !v6)?;
                    let ones = u32::from(mask).leading_ones();
                    (u32::from(mask).count_ones() == ones).then_some(ones)?
                }
            },
        };
        (net.prefix <= net.width()).then_some(net)
    }

    pub(super) fn is_v6(self) -> bool {
        self.v6
    }

    pub(super) fn bits(self) -> u128 {
        self.bits
    }

    pub(super) fn prefix(self) -> u32 {
        self.prefix
    }

    pub(super) fn width(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    /// The bits that name the host.
    fn host_mask(self) -> u128 {
        1_u128
            .checked_shl(self.width() - self.prefix)
            .map_or(u128::MAX, |size| size - 1)
    }

    fn all_ones(self) -> u128 {
        if self.v6 {
            u128::MAX
        } else {
            u128::from(u32::MAX)
        }
    }

    fn with(self, bits: u128) -> Self {
        Self { bits, ..self }
    }

    pub(super) fn address(self) -> IpAddr {
        self.address_of(self.bits)
    }

    fn address_of(self, bits: u128) -> IpAddr {
        if self.v6 {
            IpAddr::V6(Ipv6Addr::from(bits))
        } else {
            IpAddr::V4(Ipv4Addr::from(u32::try_from(bits).unwrap_or(u32::MAX)))
        }
    }

    pub(super) fn first(self) -> Self {
        self.with(self.bits & !self.host_mask())
    }

    pub(super) fn last(self) -> Self {
        self.with(self.bits | self.host_mask())
    }

    pub(super) fn netmask(self) -> IpAddr {
        self.address_of(self.all_ones() & !self.host_mask())
    }

    pub(super) fn hostmask(self) -> IpAddr {
        self.address_of(self.host_mask())
    }

    /// How many addresses it has; that of all IPv6 addresses is one too small.
    pub(super) fn size(self) -> u128 {
        self.host_mask().saturating_add(1)
    }

    /// Whether it names a whole network rather than a host in one.
    pub(super) fn is_network(self) -> bool {
        self.has_prefix && self.bits & self.host_mask() == 0 && self.prefix < self.width()
    }

    /// The first and last address that a host may have. In IPv4, the first names the network and the last is for
    /// all of its hosts, unless it is too small for that.
    pub(super) fn usable(self) -> (u128, u128) {
        let (first, last) = (self.first().bits, self.last().bits);
        if self.prefix + 1 >= self.width() {
            (first, last)
        } else if self.v6 {
            (first + 1, last)
        } else {
            (first + 1, last - 1)
        }
    }

    /// The address at a place in the network, from its end if the place is negative.
    pub(super) fn nth(self, place: i128) -> Option<Self> {
        let bits = if place < 0 {
            let back = (place + 1).unsigned_abs();
            self.last().bits.checked_sub(back)?
        } else {
            self.first().bits.checked_add(place.unsigned_abs())?
        };
        let inside = (self.first().bits..=self.last().bits).contains(&bits);
        inside.then(|| self.with(bits))
    }

    /// The address so far behind this one.
    pub(super) fn plus(self, distance: i128) -> Option<Self> {
        let bits = if distance < 0 {
            self.bits.checked_sub(distance.unsigned_abs())?
        } else {
            self.bits.checked_add(distance.unsigned_abs())?
        };
        (bits <= self.all_ones()).then(|| self.with(bits))
    }

    /// Whether all of another network is in this one.
    pub(super) fn holds(self, other: Self) -> bool {
        self.v6 == other.v6
            && self.first().bits <= other.first().bits
            && other.last().bits <= self.last().bits
    }

    /// How many networks of a longer prefix it has.
    pub(super) fn subnets(self, prefix: u32) -> Option<u128> {
        let more = prefix.checked_sub(self.prefix)?;
        (prefix <= self.width()).then(|| 1_u128.checked_shl(more).unwrap_or(u128::MAX))
    }

    /// The network of this prefix at a place in it.
    pub(super) fn subnet(self, prefix: u32, place: i128) -> Option<Self> {
        let count = self.subnets(prefix)?;
        let place = match u128::try_from(place) {
            Ok(place) => place,
            Err(_) => count.checked_sub(place.unsigned_abs())?,
        };
        let smaller = Self { prefix, ..self };
        let offset = place.checked_mul(smaller.size())?;
        (place < count).then(|| smaller.with(self.first().bits + offset))
    }

    /// The network of a shorter prefix around it.
    pub(super) fn supernet(self, prefix: u32) -> Option<Self> {
        (prefix <= self.prefix).then(|| Self { prefix, ..self }.first())
    }

    /// The name under which DNS finds the address's own name.
    pub(super) fn reverse(self) -> String {
        match self.address() {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
            }
            IpAddr::V6(address) => {
                let digits = format!("{:032x}", u128::from(address));
                let reversed: String = digits
                    .chars()
                    .rev()
                    .flat_map(|digit| [digit, '.'])
                    .collect();
                reversed + "ip6.arpa."
            }
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.prefix)
    }
}
