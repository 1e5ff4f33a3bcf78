//! Signatures of Standard Webhooks: HMAC-SHA256 over id, time and payload.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::secret::Secret;
use crate::target::Upload;

/// What signatures are made with.
pub(super) struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Key(..)")
    }
}

impl Key {
    /// Fails if it is empty, or no Base64 after `whsec_`.
    pub(super) fn of(secret: &Secret) -> Result<Self, Fault> {
        let text = secret.expose();
        let key = match text.strip_prefix("whsec_") {
            Some(coded) => STANDARD
                .decode(coded)
                .map_err(|_| Fault::permanent("what follows whsec_ in the secret is no Base64"))?,
            None => text.as_bytes().to_vec(),
        };
        if key.is_empty() {
            return Err(Fault::permanent("the secret is empty"));
        }
        let mac = Hmac::new_from_slice(&key);
        mac.map(Self).map_err(|_| Fault::permanent("the secret is too long"))
    }

    /// The header `webhook-signature`.
    pub(super) fn sign(&self, id: &str, seconds: u64, payload: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(payload);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The same for all tries of one file at one target, so that a receiver knows one that got through.
pub(super) fn id_of(upload: &Upload) -> String {
    let mut hasher = Sha256::new();
    for text in [&upload.target, &upload.path] {
        hasher.update(text.as_bytes());
        hasher.update([0]);
    }
    hasher.update(upload.sha256);
    let hash = hasher.finalize();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str, id: &str, seconds: u64, payload: &[u8]) -> String {
        Key::of(&Secret::new(secret)).unwrap().sign(id, seconds, payload)
    }

    /// The example printed in the specification of Standard Webhooks.
    #[test]
    fn the_example_of_the_specification_comes_out() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = signed(secret, id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_or_a_text() {
        assert_eq!(signed("whsec_YWJj", "a", 1, b"x"), signed("abc", "a", 1, b"x"));
        for (bad, why) in [("whsec_?", "no Base64"), ("", "empty"), ("whsec_", "empty")] {
            let fault = Key::of(&Secret::new(bad)).unwrap_err();
            assert!(fault.reason.contains(why), "{fault}");
        }
    }
}
