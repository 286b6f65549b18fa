//! Secrets at rest: XChaCha20-Poly1305 with the configured key.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::secret::Secret;

/// Length of the nonce that stands before the cipher text.
const NONCE_BYTES: usize = 24;

/// Encrypts what is stored. Without a key nothing can be stored that needs one.
pub struct Vault(Option<XChaCha20Poly1305>);

/// Why a secret cannot be stored or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// No key is configured.
    #[error("secrets cannot be stored without encryption_key; set it to 32 random bytes in base64")]
    NoKey,
    /// The stored text was not encrypted with the configured key, or was changed.
    #[error(
        "a stored secret cannot be read with the configured encryption_key; set the key it was stored with"
    )]
    WrongKey,
}

impl Vault {
    /// A vault with the configured key, if there is one.
    pub fn new(key: Option<[u8; 32]>) -> Self {
        Self(key.map(|key| XChaCha20Poly1305::new(&Key::from(key))))
    }

    /// Encrypts.
    pub fn seal(&self, text: &Secret) -> Result<Vec<u8>, VaultError> {
        let cipher = self.0.as_ref().ok_or(VaultError::NoKey)?;
        let nonce = XNonce::from(rand::random::<[u8; NONCE_BYTES]>());
        let sealed = cipher.encrypt(&nonce, text.expose().as_bytes()).map_err(|_| VaultError::NoKey)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts.
    pub fn open(&self, sealed: &[u8]) -> Result<Secret, VaultError> {
        let cipher = self.0.as_ref().ok_or(VaultError::NoKey)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(VaultError::WrongKey)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::WrongKey)?;
        let text = cipher.decrypt(&nonce, sealed).map_err(|_| VaultError::WrongKey)?;
        String::from_utf8(text).map(Secret::new).map_err(|_| VaultError::WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens() {
        let sealed = Vault::new(Some([1; 32])).seal(&Secret::new("hunter2")).unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(Vault::new(Some([1; 32])).open(&sealed), Ok(Secret::new("hunter2")));
        assert_eq!(Vault::new(Some([2; 32])).open(&sealed), Err(VaultError::WrongKey));
        assert_eq!(Vault::new(Some([1; 32])).open(&sealed[..20]), Err(VaultError::WrongKey));
        assert_eq!(Vault::new(None).seal(&Secret::new("x")), Err(VaultError::NoKey));
    }
}
