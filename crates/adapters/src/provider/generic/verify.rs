//! Standard Webhooks: who signed a webhook (<https://www.standardwebhooks.com>; design, Generic PBX).

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use domain::port::provider::{WebhookError, WebhookRequest};
use domain::secret::Secret;

use crate::signature;

/// How far the sender's clock may be off, in seconds, either way.
const TOLERANCE_SEC: i64 = 300;

/// Secrets are handed around with and without the padding of base64.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The signing secret is not of the form that Standard Webhooks prescribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a signing secret of Standard Webhooks; expected \"whsec_\" and base64 (make one: echo whsec_$(openssl rand -base64 32))"
)]
pub struct InvalidSecret;

/// Knows the signing key of one PBX.
pub(super) struct Verifier {
    key: Vec<u8>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier([secret])")
    }
}

impl Verifier {
    /// Takes a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
    pub(super) fn new(secret: &Secret) -> Result<Self, InvalidSecret> {
        let encoded = secret.expose().strip_prefix("whsec_").ok_or(InvalidSecret)?;
        let key = LENIENT.decode(encoded).map_err(|_| InvalidSecret)?;
        if key.is_empty() { Err(InvalidSecret) } else { Ok(Self { key }) }
    }

    /// Whether the request is signed with the key and is of now. What is missing or wrong is said; secrets are not.
    pub(super) fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), WebhookError> {
        let id = header(request, "webhook-id")?;
        let timestamp = header(request, "webhook-timestamp")?;
        let signatures = header(request, "webhook-signature")?;
        check_time(timestamp, request.received_at.seconds())?;
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body];
        check_signature(signatures, &signature::hmac_sha256(&self.key, &parts))
    }
}

fn header<'a>(request: &WebhookRequest<'a>, name: &str) -> Result<&'a str, WebhookError> {
    let value = (request.header)(name).map(str::trim).filter(|value| !value.is_empty());
    value.ok_or_else(|| {
        refused(format!(
            "the header {name} is missing; sign webhooks by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature)"
        ))
    })
}

fn check_time(timestamp: &str, now: i64) -> Result<(), WebhookError> {
    let at: i64 = timestamp.parse().map_err(|_| {
        refused("webhook-timestamp is not a whole number; expected seconds since 1970, such as 1614265330")
    })?;
    let age = now.saturating_sub(at);
    if age.unsigned_abs() <= TOLERANCE_SEC.unsigned_abs() {
        return Ok(());
    }
    let side = if age > 0 { "past" } else { "future" };
    Err(refused(format!(
        "webhook-timestamp is {} s in the {side}; at most {TOLERANCE_SEC} s are tolerated: set the clocks, and sign each attempt anew",
        age.unsigned_abs()
    )))
}

/// Every signature is compared in full, so that the time tells nothing about where it differs.
fn check_signature(signatures: &str, expected: &[u8; 32]) -> Result<(), WebhookError> {
    let mut known = signatures.split_ascii_whitespace().filter_map(|one| one.strip_prefix("v1,")).peekable();
    if known.peek().is_none() {
        return Err(refused("webhook-signature has no signature of version 1; expected v1,BASE64"));
    }
    let matches = known.fold(false, |found, one| {
        let given = STANDARD.decode(one).unwrap_or_default();
        signature::same(&given, expected) | found
    });
    if matches {
        return Ok(());
    }
    Err(refused(
        "no signature in webhook-signature matches; check that both sides have the same secret and that the body is signed as it is sent",
    ))
}

fn refused(message: impl Into<String>) -> WebhookError {
    WebhookError::Unauthorized(message.into())
}

#[cfg(test)]
mod tests;
