//! `healthcheck`: whether the running server is alive, for containers that have no other client at hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::config::Config;

/// A server that takes longer is not healthy.
const WITHIN: Duration = Duration::from_secs(3);

/// Succeeds if `/healthz` does.
pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let url = format!("{}/healthz", local_url(config));
    let status = remote(async |http: reqwest::Client| {
        let request = http.get(&url).timeout(WITHIN);
        Ok(request.send().await.context("the server does not answer")?.status())
    })?;
    if !status.is_success() {
        bail!("the server answered {status}");
    }
    Ok(())
}

/// Where the server of this configuration is reached from the same machine.
pub(super) fn local_url(config: &Config) -> String {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

/// Runs a request of the command line.
pub(super) fn remote<T>(
    request: impl AsyncFnOnce(reqwest::Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { request(adapters::http::client(Duration::from_mins(1))?).await })
}
