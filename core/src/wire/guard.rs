//! Which targets the network code may open connections to.
//!
//! An MX record, or a policy host, is chosen by the recipient's domain: by a
//! stranger. Without a guard it could point mailseal at a service inside the
//! host's network (server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Decides which addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    allow_internal: bool,
}

impl Guard {
    /// Public unicast addresses only. The default.
    pub const fn public_only() -> Self {
        Self {
            allow_internal: false,
        }
    }

    /// Loopback, private and link-local addresses too: for tests, trials and
    /// hosts whose partners live on a private network.
    pub const fn allow_internal() -> Self {
        Self {
            allow_internal: true,
        }
    }

    /// Whether a connection to `address` may be opened.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.allow_internal || is_public(address)
    }

    /// The addresses that may be tried, at most `most`, the two families by
    /// turns: one that leads nowhere must not crowd out the other.
    pub fn choose(&self, addresses: Vec<IpAddr>, most: usize) -> Vec<IpAddr> {
        let (v4, v6): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .filter(|a| self.permits(*a))
            .partition(IpAddr::is_ipv4);
        let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
        let mut chosen = Vec::new();
        loop {
            let pair = [v4.next(), v6.next()];
            if chosen.len() >= most || pair == [None, None] {
                chosen.truncate(most);
                return chosen;
            }
            chosen.extend(pair.into_iter().flatten());
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// The special-purpose registries of RFC 6890 and its successors.
fn is_public_v4(a: Ipv4Addr) -> bool {
    let [x, y, z, _] = a.octets();
    !(x == 0
        || x == 10
        || x == 127
        || (x == 100 && (64..128).contains(&y))
        || (x == 169 && y == 254)
        || (x == 172 && (16..32).contains(&y))
        || (x == 192 && y == 168)
        || (x == 192 && y == 0 && (z == 0 || z == 2))
        || (x == 192 && y == 88 && z == 99)
        || (x == 198 && (18..20).contains(&y))
        || (x == 198 && y == 51 && z == 100)
        || (x == 203 && y == 0 && z == 113)
        || x >= 224)
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    if let Some(v4) = a.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let s = a.segments();
    // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address inside.
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(embedded(s[6], s[7]));
    }
    if s[0] == 0x2002 {
        return is_public_v4(embedded(s[1], s[2]));
    }
    // Global unicast is 2000::/3, less what is reserved inside it.
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && s[1] == 0xdb8)
        && !(s[0] == 0x2001 && s[1] < 0x200)
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_are_chosen_and_no_more_than_asked() {
        let addresses: Vec<IpAddr> = ["8.8.8.8", "8.8.4.4", "127.0.0.1", "1.1.1.1", "2a00::1"]
            .iter()
            .map(|a| a.parse().unwrap())
            .collect();
        let chosen = |most| {
            Guard::public_only()
                .choose(addresses.clone(), most)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(chosen(3), ["8.8.8.8", "2a00::1", "8.8.4.4"]);
        assert_eq!(chosen(9), ["8.8.8.8", "2a00::1", "8.8.4.4", "1.1.1.1"]);
        assert!(chosen(0).is_empty());
    }

    #[test]
    fn internal_targets_are_refused_unless_allowed() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "203.0.113.9",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!Guard::public_only().permits(address), "{text}");
            assert!(Guard::allow_internal().permits(address), "{text}");
        }
        for text in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2a00:1450::1",
            "64:ff9b::808:808",
        ] {
            assert!(
                Guard::public_only().permits(text.parse().unwrap()),
                "{text}"
            );
        }
    }
}
