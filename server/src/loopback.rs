//! Which host names mean this very machine, and which addresses need no encryption because of it.

use std::net::IpAddr;

use reqwest::Url;

/// `localhost`, a name under it, or a loopback address, with or without the brackets of IPv6.
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// `https:`, or `http:` to this very machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback_host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_on_the_way_is_not_safe() {
        let is_safe = |url: &str| is_safe(&Url::parse(url).unwrap());
        assert!(is_safe("https://a.example/v1") && is_safe("http://127.0.0.1:8000") && is_safe("http://[::1]/"));
        assert!(!is_safe("http://a.example/v1") && !is_safe("ftp://localhost/"));
    }

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
