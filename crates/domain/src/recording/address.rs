//! Which addresses are public: a recording is fetched from no other, lest a URL make this server ask its own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of version 4 that are not the public internet (IANA's registry of special purposes), with their lengths.
const SPECIAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carriers' NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, and the metadata of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3),     // multicast, reserved, broadcast
];

/// Networks within `2000::/3` that are not public, or that stand for an address of version 4.
const SPECIAL_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols, Teredo
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether the address is on the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        // One that stands for an address of version 4, or is local in any way, is not in 2000::/3.
        IpAddr::V6(address) => {
            let is_global_unicast = address.segments()[0] & 0xe000 == 0x2000;
            is_global_unicast
                && !SPECIAL_V6.iter().any(|(network, length)| is_in_v6(address, *network, *length))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in =
        |network: Ipv4Addr, length: u32| (address.to_bits() ^ network.to_bits()).leading_zeros() >= length;
    !SPECIAL_V4.iter().any(|(network, length)| is_in(*network, *length))
}

fn is_in_v6(address: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: bool, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn public_addresses() {
        check(true, &["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "77.88.55.242", "100.63.255.255"]);
        check(true, &["100.128.0.0", "126.255.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255"]);
        check(true, &["198.17.255.255", "198.20.0.0", "223.255.255.255"]);
        check(true, &["2a02:6b8::2:242", "2001:200::1", "2606:4700:4700::1111", "2003::1"]);
    }

    #[test]
    fn addresses_of_our_own_networks() {
        check(
            false,
            &["0.0.0.0", "10.1.2.3", "127.0.0.1", "127.255.255.254", "172.16.0.1", "172.31.255.255"],
        );
        check(false, &["192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.255.255"]);
        check(false, &["::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1"]);
    }

    #[test]
    fn addresses_of_nobody_or_of_many() {
        check(
            false,
            &["192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.255"],
        );
        check(false, &["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"]);
        check(false, &["ff02::1", "2001:db8::1", "3fff::1", "100::1", "4000::1"]);
    }

    /// Through a translator each of them reaches an address of version 4.
    #[test]
    fn addresses_that_stand_for_others() {
        check(false, &["::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"]);
        check(false, &["64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"]);
    }
}
