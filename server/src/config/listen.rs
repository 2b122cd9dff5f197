//! Where the companion listens, and which pages may talk to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Flags and the `[listen]` table.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Listening ([listen] in the configuration file)")]
pub struct ListenOptions {
    /// Address to listen on; 0.0.0.0 lets other machines in [default: 127.0.0.1]
    #[arg(long, env = "QUERN_HOST")]
    pub host: Option<IpAddr>,
    /// Port to listen on; 0 takes a free one [default: 8642]
    #[arg(long, env = "QUERN_PORT")]
    pub port: Option<u16>,
    /// Host names that requests may name besides this machine's own; checked while listening on loopback
    #[arg(long, env = "QUERN_ALLOWED_HOSTS", value_delimiter = ',', value_name = "HOST,...")]
    pub allowed_hosts: Option<Vec<String>>,
    /// Pages from elsewhere that may call the API, such as <https://app.example.com>
    #[arg(long, env = "QUERN_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGIN,...")]
    pub allowed_origins: Option<Vec<String>>,
    /// Let other machines ask the models of your providers too: whoever reaches the port then spends the money of your
    /// keys. Without it only this machine may ask them; a proxy on this machine must then set X-Forwarded-For, so that
    /// those behind it are not taken for this machine. Adding, changing and removing providers is for this machine in
    /// either case [default: false]
    #[arg(
        long, env = "QUERN_SHARE_PROVIDERS", value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true"
    )]
    pub share_providers: Option<bool>,
}

/// Where the companion listens, and which pages may talk to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listen {
    /// Address.
    pub host: IpAddr,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Host names that requests may name besides loopback's own.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages that may call the API besides loopback's own.
    pub allowed_origins: Vec<String>,
    /// Whether callers from other machines may ask providers' models.
    pub share_providers: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8642,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            share_providers: false,
        }
    }
}

impl Listen {
    /// What to bind.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

impl ListenOptions {
    pub(super) fn decide(self, file: Self) -> Listen {
        let default = Listen::default();
        Listen {
            host: self.host.or(file.host).unwrap_or(default.host),
            port: self.port.or(file.port).unwrap_or(default.port),
            allowed_hosts: self.allowed_hosts.or(file.allowed_hosts).unwrap_or_default(),
            allowed_origins: self.allowed_origins.or(file.allowed_origins).unwrap_or_default(),
            share_providers: self.share_providers.or(file.share_providers).unwrap_or(default.share_providers),
        }
    }
}
