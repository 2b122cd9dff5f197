//! Addresses of machines (RFC 791, 4291 and 5952). Version numbers look the same as version 4: the words before decide.
//! Left alone are addresses that are nobody's: unspecified, loopback, link-local, multicast and those of documentation
//! (RFC 5737, 3849 and 9637). Private ones are found: they say how a household's or a company's network is built.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::context::{Meaning, meaning_before};
use super::{Candidate, Certainty, Kind};

/// The longest text of an address of version 6, with one of version 4 at its end.
const MOST_BYTES: usize = 45;

/// The address of version 4 whose first group begins at `at`.
pub(super) fn at_digits(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let mut groups = [0; 4];
    let mut end = at;
    for (place, group) in groups.iter_mut().enumerate() {
        if place > 0 {
            if bytes.get(end) != Some(&b'.') {
                return None;
            }
            end += 1;
        }
        let digits = bytes[end..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        *group = text[end..end + digits].parse::<u8>().ok()?;
        if digits > 1 && bytes[end] == b'0' {
            return None;
        }
        end += digits;
    }
    let before = at.checked_sub(1).map(|place| bytes[place]);
    let goes_on = bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+'))
        || (matches!(bytes.get(end), Some(b'.' | b'-')) && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric));
    let is_inside =
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~' | b'^'));
    // A program and its version: Chrome/98.0.47.1.
    let is_of_program = before == Some(b'/') && at >= 2 && bytes[at - 2].is_ascii_alphanumeric();
    let address = Ipv4Addr::from(groups);
    if goes_on || is_inside || is_of_program || is_nobodys(address) {
        return None;
    }
    let looks_like_section = groups.iter().all(|group| *group < 10);
    match meaning_before(text, at) {
        Some(Meaning::Machine) => {}
        Some(Meaning::Version) => return None,
        _ if looks_like_section => return None,
        _ => {}
    }
    let detail = if address.is_private() { "IPv4, of a private network" } else { "IPv4" };
    Some(Candidate::new(at..end, Kind::IpAddress, Some(detail), Certainty::Checked))
}

fn is_nobodys(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    first == 0
        // Masks of networks and broadcasts, multicast, and what is reserved.
        || first >= 224
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
}

/// The address of version 6 whose first `:` is at `at`.
pub(super) fn at_colon(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let hexadecimals = bytes[..at].iter().rev().take(5).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let start = at - hexadecimals;
    let is_inside = start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b':' | b'_'));
    if hexadecimals > 4 || is_inside || (hexadecimals == 0 && bytes.get(at + 1) != Some(&b':')) {
        return None;
    }
    let length = bytes[start..]
        .iter()
        .take(MOST_BYTES + 1)
        .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        .count();
    let written = text[start..start + length].trim_end_matches('.');
    // A `:` at the end is the sentence's.
    let written = written.strip_suffix(':').filter(|rest| !rest.ends_with(':')).unwrap_or(written);
    let address: Ipv6Addr = written.parse().ok()?;
    let end = start + written.len();
    let goes_on = bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if goes_on || is_nobodys_either(address) || !is_surely_one(written, address) {
        return None;
    }
    Some(Candidate::new(start..end, Kind::IpAddress, Some("IPv6"), Certainty::Checked))
}

fn is_nobodys_either(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || first & 0xffc0 == 0xfe80
        || (first == 0x2001 && second == 0xdb8)
        || (first == 0x3fff && second < 0x1000)
}

/// `face::add` is a path in a program, and eight pairs of digits are the number of a network card.
fn is_surely_one(written: &str, address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    if written.contains("::") {
        let is_assigned = first & 0xe000 == 0x2000 || first & 0xfe00 == 0xfc00 || address.to_ipv4_mapped().is_some();
        is_assigned && written.contains(|letter: char| letter.is_ascii_digit())
    } else {
        written.split(':').any(|group| group.len() > 2)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, find};

    fn addresses(text: &str) -> Vec<&str> {
        find(text, &[Kind::IpAddress]).into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn addresses_are_found_without_what_is_around_them() {
        for (text, address) in [
            ("Failed login from 81.2.69.142.", "81.2.69.142"),
            ("http://93.184.216.34:8080/index", "93.184.216.34"),
            ("{\"ip\":\"8.8.8.8\"}", "8.8.8.8"),
            ("192.168.0.17/24", "192.168.0.17"),
            ("[2a00:1450:4001:82b::200e]:443", "2a00:1450:4001:82b::200e"),
            ("2607:f8b0:4005:0805:0000:0000:0000:200e is it", "2607:f8b0:4005:0805:0000:0000:0000:200e"),
            ("at ::ffff:81.2.69.142", "::ffff:81.2.69.142"),
            ("from fd12:3456:789a:1::1: refused", "fd12:3456:789a:1::1"),
        ] {
            assert_eq!(addresses(text), [address], "{text}");
        }
    }

    #[test]
    fn versions_and_nobodys_addresses_are_left_alone() {
        for text in [
            "version 1.2.3.4",
            "v10.20.30.40",
            "release 12.14.16.18 is out",
            "Chrome/98.0.47.12",
            "see section 4.3.2.1",
            "1.2.3.4.5",
            "package==10.0.1.25",
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "192.0.2.44",
            "203.0.113.9",
            "256.1.1.1",
            "01.02.03.04",
            "::1",
            "2001:db8::1",
            "fe80::1",
            "12:30:45",
            "std::net::add",
            "face::add",
            "a::b",
            "00:1b:63:84:45:e6",
            "00:11:22:33:44:55:66:77",
            "dead::beef",
            "10.20.30.40-beta",
        ] {
            assert!(addresses(text).is_empty(), "{text}: {:?}", addresses(text));
        }
    }
}
