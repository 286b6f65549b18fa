//! The HTTP client the simulators use to act on the server under test.

use std::time::Duration;

/// How long a simulated system waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client for plain HTTP, without proxies, with a time-out of 30 s.
///
/// It trusts no certificate: the server under test is on loopback, and reading the system's certificates would cost
/// every test a tenth of a second.
///
/// reqwest is built without a TLS provider of its own and refuses to start when none is installed, even for plain
/// HTTP; the first call installs one for the process.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    // An error means that somebody installed one before us, which is just as good.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(TIMEOUT).build()
}
