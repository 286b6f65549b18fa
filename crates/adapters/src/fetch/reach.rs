//! From where recordings are fetched, and who is shown the credentials. Pure.

use std::net::IpAddr;

use domain::port::recordings::FetchError;
use domain::recording::{Fault, address};
use url::{Host, Url};

/// What a URL may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The telephony itself, as configured: trusted, wherever it is, and shown the credentials.
    Own,
    /// A host that was named for it: by https, at a public address, and never shown the credentials.
    Public,
}

/// Judges `url` by the telephony's own URL and the hosts that were named besides it.
pub(super) fn reach(url: &Url, own: &Url, hosts: &[String]) -> Result<Reach, FetchError> {
    if matches!(url.scheme(), "http" | "https") && url.origin() == own.origin() {
        return Ok(Reach::Own);
    }
    let at = url.origin().ascii_serialization();
    let forbidden =
        |why: &str| Err(FetchError::new(Fault::Forbidden, format!("the recording is at {at}: {why}")));
    let Some(host) = url.host() else { return forbidden("expected an https URL") };
    if let Some(address) = address_of(&host)
        && !address::is_public(address)
    {
        return forbidden("that is no public address, and nothing is fetched from there");
    }
    let is_named = |named: &String| Host::parse(named).is_ok_and(|named| named == host.to_owned());
    if !hosts.iter().any(is_named) {
        return forbidden("expected the origin of control_url, or a host named in recording_hosts");
    }
    if url.scheme() != "https" || url.port().is_some() {
        return forbidden("expected https at its usual port");
    }
    Ok(Reach::Public)
}

fn address_of(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Reach, FetchError> {
        let own = Url::parse("http://pbx.test:8088/control").unwrap();
        let hosts = ["records.example.ru", "8.8.8.8", "10.0.0.7", "[::1]"].map(str::to_owned);
        reach(&Url::parse(url).unwrap(), &own, &hosts)
    }

    #[test]
    fn the_telephony_is_trusted_as_it_was_configured() {
        assert_eq!(of("http://pbx.test:8088/r/1.mp3?t=1"), Ok(Reach::Own));
        assert_eq!(of("http://user:password@pbx.test:8088/"), Ok(Reach::Own));
    }

    #[test]
    fn named_hosts_are_asked_by_https() {
        assert_eq!(of("https://records.example.ru/1.mp3"), Ok(Reach::Public));
        assert_eq!(of("https://RECORDS.example.ru:443/1.mp3"), Ok(Reach::Public));
        assert_eq!(of("https://8.8.8.8/1.mp3"), Ok(Reach::Public));
    }

    #[test]
    fn nobody_else_is_asked() {
        for url in [
            "https://pbx.test:8088/1.mp3",
            "http://pbx.test/1.mp3",
            "http://records.example.ru/1.mp3",
            "https://records.example.ru:8443/1.mp3",
            "https://evil.records.example.ru/1.mp3",
            "https://records.example.ru.evil.test/1.mp3",
            "ftp://records.example.ru/1.mp3",
            "file:///etc/passwd",
            "data:audio/mpeg,x",
            "https://127.0.0.1/1.mp3",
            "https://10.0.0.7/1.mp3",
            "https://[::1]/1.mp3",
            "https://0x7f.1/1.mp3",
            "https://2130706433/1.mp3",
            "https://[::ffff:8.8.8.8]/1.mp3",
        ] {
            let error = of(url).unwrap_err();
            assert_eq!(error.fault, Fault::Forbidden, "{url}");
            assert!(!error.message.contains("1.mp3"), "the path may be a credential: {}", error.message);
        }
    }
}
