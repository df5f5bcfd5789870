//! Which addresses may be connected to.
//!
//! What a model or a web page makes the engine connect to must not be this machine, its network, or
//! the service that tells a cloud machine its own credentials. So only addresses of the public
//! internet are open unless the user opens others.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A range of addresses, such as `127.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` is in it. Addresses that carry another one inside count as that one.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, carried(address)) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    /// Whether it is one address alone.
    fn is_single(&self) -> bool {
        self.bits == if self.address.is_ipv4() { 32 } else { 128 }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no range of addresses such as \"127.0.0.0/8\" or \"192.168.1.10\"");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        match bits.unwrap_or(most) {
            bits if bits <= most => Ok(Self { address, bits }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Something that the user opened: a range of addresses, or one server by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Addresses, under whatever name.
    Network(Network),
    /// `host:port`, whatever its address.
    Server(String, u16),
}

impl FromStr for Opened {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        match port.parse() {
            Ok(port) if port > 0 && !host.is_empty() && host.chars().all(fits) => {
                Ok(Self::Server(host.to_ascii_lowercase(), port))
            }
            _ => Err(format!("{text:?} is neither a range of addresses (\"10.0.0.0/8\") nor host:port")),
        }
    }
}

/// Where the clouds tell a machine its credentials. A range that holds one doesn't open it: it has
/// to be named alone.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Why `address` may not be connected to, given what is opened; `None`: it may.
pub fn barred(address: IpAddr, opened: &[Network]) -> Option<&'static str> {
    let reason = reserved(carried(address))?;
    let metadata = METADATA.contains(&carried(address));
    let open = |network: &&Network| network.contains(address) && (network.is_single() || !metadata);
    if opened.iter().find(open).is_some() { None } else { Some(reason) }
}

/// The IPv4 address that an IPv6 address stands for, else the address itself.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let parts = v6.segments();
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match parts {
        // Mapped, translated, NAT64, and compatible; the two shortest compatible ones are their own.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        // 6to4.
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

/// What an address is for, if not for a server on the internet.
fn reserved(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => reserved_v4(v4),
        IpAddr::V6(v6) => reserved_v6(v6),
    }
}

fn reserved_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "this network",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private network",
        [100, 64..=127, ..] => "a carrier's network",
        [127, ..] => "this machine",
        [169, 254, ..] => "link-local",
        [192, 0, 0, _] | [192, 88, 99, _] => "reserved",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "for documentation",
        [198, 18..=19, ..] => "for tests of networks",
        [224..=239, ..] => "multicast",
        [240..=255, ..] => "reserved",
        _ => return None,
    })
}

fn reserved_v6(address: Ipv6Addr) -> Option<&'static str> {
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => "this machine",
        [0xfc00..=0xfdff, ..] => "a private network",
        [0xfe80..=0xfeff, ..] => "link-local",
        [0xff00..=0xffff, ..] => "multicast",
        // Teredo, ORCHID and other experiments; documentation.
        [0x2001, 0..=0x1ff, ..] => "reserved",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "for documentation",
        // All that is given to the internet so far.
        [0x2000..=0x3fff, ..] => return None,
        _ => "reserved",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn only_the_internet_is_open() {
        for closed in [
            "0.0.0.0",
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "203.0.113.5",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:a00:1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "100::1",
            "4000::1",
        ] {
            assert!(barred(closed.parse().unwrap(), &[]).is_some(), "{closed}");
        }
        for open in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "169.253.0.1",
            "192.167.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert_eq!(barred(open.parse().unwrap(), &[]), None, "{open}");
        }
    }

    #[test]
    fn what_the_user_opens_is_open_and_nothing_else() {
        let opened = networks(&["127.0.0.0/8", "10.0.0.5", "fd00::/8", "169.254.0.0/16"]);
        let is_open = |text: &str| barred(text.parse().unwrap(), &opened).is_none();
        for address in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "10.0.0.5", "fd12::1", "169.254.1.1"] {
            assert!(is_open(address), "{address}");
        }
        // A network that has the metadata service in it does not open that.
        for address in ["10.0.0.6", "::1", "169.254.169.254", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"] {
            assert!(!is_open(address), "{address}");
        }
        let all = networks(&["0.0.0.0/0", "::/0"]);
        assert_eq!(barred("192.168.1.1".parse().unwrap(), &all), None);
        assert!(barred("169.254.169.254".parse().unwrap(), &all).is_some());
        let named = networks(&["169.254.169.254"]);
        assert_eq!(barred("169.254.169.254".parse().unwrap(), &named), None);
    }

    #[test]
    fn what_is_opened_is_read() {
        for (text, shown) in [("127.0.0.0/8", "127.0.0.0/8"), ("::1", "::1/128"), ("10.0.0.5", "10.0.0.5/32")]
        {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
        }
        assert_eq!("NAS.local:8080".parse(), Ok(Opened::Server("nas.local".into(), 8080)));
        assert!(matches!("10.0.0.0/8".parse(), Ok(Opened::Network(_))));
        for wrong in ["", "localhost", "10.0.0.0/33", "::/129", "host:0", "host:http", "a b:80", ":80"] {
            assert!(wrong.parse::<Opened>().is_err(), "{wrong}");
        }
    }
}
