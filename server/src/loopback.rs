//! Which host names mean this very machine.

use std::net::IpAddr;

/// `localhost`, a name under it, or a loopback address, with or without the brackets of IPv6.
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LOCALHOST", "app.localhost", "127.0.0.1", "127.9.8.7", "::1", "[::1]", "localhost."]
        {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in
            ["example.com", "localhost.example.com", "127.0.0.1.example.com", "0.0.0.0", "10.0.0.1", "", "notlocalhost"]
        {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
