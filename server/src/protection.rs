//! What every answer says to browsers, and which requests from browsers are refused.
//!
//! A page of any site can send requests to this machine. Two checks keep it out: the `Host` a request names must be
//! ours while we listen on loopback (else a name that an attacker points here, DNS rebinding, would make their page
//! "same origin"), and a request that changes or computes something must not come from a page of another origin.
//!
//! What spends the owner's money (external providers) is for callers of this machine: [`Caller`] tells them apart.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::Listen;
use crate::error::ApiError;
use crate::loopback::is_loopback_host;
use crate::state::AppState;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_EMBEDDER_POLICY: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Written by proxies: who asks is somebody else than who connects.
const FORWARDED_HEADERS: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Which hosts and origins are let in.
#[derive(Clone, Debug)]
pub struct Doorkeeper {
    checks_host: bool,
    allowed_hosts: Vec<String>,
    allowed_origins: Vec<String>,
}

impl Doorkeeper {
    /// The rules that follow from where we listen.
    pub fn new(listen: &Listen) -> Self {
        let lowercase = |texts: &[String]| texts.iter().map(|text| text.trim_end_matches('/').to_lowercase()).collect();
        Self {
            checks_host: listen.host.to_canonical().is_loopback(),
            allowed_hosts: lowercase(&listen.allowed_hosts),
            allowed_origins: lowercase(&listen.allowed_origins),
        }
    }

    /// Whether a page of `origin` may read our answers and start work, given the `Host` its request names.
    pub fn admits_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let origin = origin.to_lowercase();
        if self.allowed_origins.contains(&origin) {
            return true;
        }
        // `null` (sandboxed frames, files) has no authority and is refused.
        let Some(authority) = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned()) else { return false };
        let is_ours = host.is_some_and(|host| authority.as_str().eq_ignore_ascii_case(host));
        // Other pages of this machine, such as the app under a development server.
        is_ours || (self.checks_host && is_loopback_host(authority.host()))
    }

    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = host_of(uri, headers);
        if self.checks_host && !host.as_deref().is_some_and(|host| self.admits_host(host)) {
            return Err(ApiError::forbidden(format!(
                "the request names the host `{}`, which is not this machine's; allow it with --allowed-hosts",
                host.as_deref().unwrap_or("")
            )));
        }
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or("null");
        let only_reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if only_reads || self.admits_origin(origin, host.as_deref()) {
            return Ok(());
        }
        Err(ApiError::forbidden(format!(
            "pages of {origin} may not use this companion; allow them with --allowed-origins {origin}"
        )))
    }

    fn admits_host(&self, host: &str) -> bool {
        let name = name_of(host);
        is_loopback_host(&name)
            || self.allowed_hosts.contains(&name)
            || self.allowed_hosts.contains(&host.to_lowercase())
    }
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    is_of_this_machine: bool,
}

impl Caller {
    /// From this machine is what connects from it, names it as its host (a page whose name was pointed here does not),
    /// and passes on nobody else's request. nginx, unless told otherwise, writes no header about it and names us as the
    /// host, but speaks HTTP/1.0, which browsers and clients no longer do.
    fn of(peer: Option<SocketAddr>, version: Version, uri: &Uri, headers: &HeaderMap) -> Self {
        let is_near = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        let names_us = host_of(uri, headers).is_some_and(|host| is_loopback_host(&name_of(&host)));
        let is_forwarded =
            version <= Version::HTTP_10 || FORWARDED_HEADERS.iter().any(|name| headers.contains_key(*name));
        Self { is_of_this_machine: is_near && names_us && !is_forwarded }
    }

    /// Whether this caller may ask providers.
    ///
    /// # Errors
    /// They are for callers of this machine only.
    pub fn check_may_use_providers(self, listen: &Listen) -> Result<(), ApiError> {
        if self.is_of_this_machine || listen.share_providers {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "providers are used from the companion's own machine only (by the host localhost or 127.0.0.1), because \
             whoever reaches this port would spend their owner's money; its owner can start it with --share-providers \
             to allow it",
        ))
    }

    /// Whether this caller may add, change and remove providers. Those of other machines never may: they could have
    /// this one call addresses of their choice.
    ///
    /// # Errors
    /// That is for callers of this machine only.
    pub fn check_may_change_providers(self) -> Result<(), ApiError> {
        if self.is_of_this_machine {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "providers are changed from the companion's own machine only (by the host localhost or 127.0.0.1); run \
             `quern providers` there",
        ))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        Ok(Self::of(peer, parts.version, &parts.uri, &parts.headers))
    }
}

/// A host without its port, in small letters; empty where it is none.
fn name_of(host: &str) -> String {
    host.parse::<Authority>().map_or(String::new(), |authority| authority.host().to_lowercase())
}

/// The `Host` header, or HTTP/2's authority.
fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let header = headers.get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(Authority::as_str)).map(str::to_owned)
}

/// Middleware: refuses what [`Doorkeeper`] does not let in.
pub async fn check_caller(State(doorkeeper): State<Doorkeeper>, request: Request, next: Next) -> Response {
    match doorkeeper.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Middleware: the headers of every answer. COOP and COEP make the page cross-origin isolated, which shared WASM
/// memory needs; workers get the policy from their own script's answer, so it goes on everything.
pub async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CROSS_ORIGIN_EMBEDDER_POLICY, HeaderValue::from_static("require-corp"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| content_security_policy(&[]));
    response
}

/// What pages and workers may load and run. `inline_script_hashes` are of scripts written into the page itself.
pub fn content_security_policy(inline_script_hashes: &[String]) -> HeaderValue {
    let inline: String = inline_script_hashes.iter().map(|hash| format!(" 'sha256-{hash}'")).collect();
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{inline}; worker-src 'self' blob:; \
         connect-src 'self' https:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
         base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("hashes are base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(host: &str, method: Method, origin: Option<&str>) -> bool {
        let listen = Listen {
            allowed_hosts: vec!["quern.lan".to_owned()],
            allowed_origins: vec!["https://app.example.com/".to_owned()],
            ..Listen::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        Doorkeeper::new(&listen).check(&method, &Uri::from_static("/v1/models"), &headers).is_ok()
    }

    #[test]
    fn a_rebound_name_is_refused() {
        for host in ["localhost:8642", "127.0.0.1:8642", "[::1]:8642", "quern.lan", "QUERN.lan:80"] {
            assert!(answer(host, Method::GET, None), "{host}");
        }
        for host in ["evil.example:8642", "localhost.evil.example", "", "127.0.0.1.evil.example", "a@localhost@b"] {
            assert!(!answer(host, Method::GET, None), "{host}");
        }
    }

    #[test]
    fn callers_of_this_machine_are_told_from_others() {
        let asked = |peer: Option<&str>, version: Version, host: &str, forwarded: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(name) = forwarded {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), "10.0.0.7".parse().unwrap());
            }
            let peer = peer.map(|peer| peer.parse().unwrap());
            let caller = Caller::of(peer, version, &Uri::from_static("/v1/models"), &headers);
            let shared = Listen { share_providers: true, ..Listen::default() };
            assert!(caller.check_may_use_providers(&shared).is_ok(), "shared with all");
            let is_ours = caller.check_may_use_providers(&Listen::default()).is_ok();
            assert_eq!(caller.check_may_change_providers().is_ok(), is_ours);
            is_ours
        };
        let is_ours = |peer, host, forwarded| asked(peer, Version::HTTP_11, host, forwarded);
        let near = Some("127.0.0.1:5000");
        assert!(asked(near, Version::HTTP_2, "localhost", None));
        assert!(!asked(near, Version::HTTP_10, "localhost", None), "a proxy that says nothing, such as nginx");
        for peer in ["127.0.0.1:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
            assert!(is_ours(Some(peer), "localhost:8642", None), "{peer}");
        }
        assert!(!is_ours(Some("192.168.1.7:5000"), "localhost:8642", None), "another machine");
        assert!(!is_ours(None, "localhost:8642", None), "nobody knows who");
        assert!(!is_ours(Some("127.0.0.1:5000"), "evil.example:8642", None), "a name that was pointed here");
        assert!(!is_ours(Some("127.0.0.1:5000"), "quern.lan", None), "by a name of the network");
        for name in FORWARDED_HEADERS {
            assert!(!is_ours(Some("127.0.0.1:5000"), "localhost", Some(name)), "{name}: by a proxy");
        }
    }

    #[test]
    fn pages_of_other_sites_cannot_start_work() {
        for origin in ["http://localhost:8642", "http://127.0.0.1:8080", "https://app.example.com"] {
            assert!(answer("localhost:8642", Method::POST, Some(origin)), "{origin}");
        }
        for origin in
            ["https://evil.example", "null", "http://localhost.evil.example", "https://app.example.com.evil.example"]
        {
            assert!(!answer("localhost:8642", Method::POST, Some(origin)), "{origin}");
            assert!(answer("localhost:8642", Method::GET, Some(origin)), "reading is for CORS to allow: {origin}");
        }
    }

    #[test]
    fn on_an_open_address_the_page_must_be_our_own() {
        let doorkeeper = Doorkeeper::new(&Listen { host: "0.0.0.0".parse().unwrap(), ..Listen::default() });
        assert!(doorkeeper.admits_origin("http://box:8642", Some("box:8642")));
        assert!(!doorkeeper.admits_origin("http://localhost:1", Some("box:8642")));
    }
}
