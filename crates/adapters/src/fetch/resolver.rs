//! Names are resolved to public addresses only: whoever owns a name can let it lead into our own network.

use std::error::Error;
use std::net::SocketAddr;

use domain::recording::address;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A resolver that knows no address but public ones.
#[derive(Debug)]
pub(crate) struct PublicOnly;

/// The name leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub(crate) struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(public(found)?)
        })
    }
}

fn public(found: impl Iterator<Item = SocketAddr>) -> Result<Addrs, NotPublic> {
    let found: Vec<_> = found.filter(|found| address::is_public(found.ip())).collect();
    if found.is_empty() { Err(NotPublic) } else { Ok(Box::new(found.into_iter())) }
}

/// Whether a request was not sent because of that.
pub(super) fn is_not_public(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<NotPublic>() {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(found: &[&str]) -> Option<Vec<String>> {
        let addresses = found.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0));
        Some(public(addresses).ok()?.map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn what_is_not_public_is_left_out() {
        assert_eq!(resolved(&["10.0.0.1", "77.88.55.242", "::1"]), Some(vec!["77.88.55.242".to_owned()]));
        assert_eq!(resolved(&["127.0.0.1", "fd00::1"]), None);
    }

    /// The error has to be found again in what the HTTP client makes of it, or it would count as trouble that passes.
    #[tokio::test]
    async fn a_name_of_this_machine_is_not_asked() {
        let client = crate::http::public_client(std::time::Duration::from_secs(5)).unwrap();
        let error = client.get("https://localhost/1.mp3").send().await.unwrap_err();
        assert!(is_not_public(&error), "{error:?}");
    }
}
