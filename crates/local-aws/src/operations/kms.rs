//! Keys of KMS. A key is only a name here: nothing is encrypted. The server can be told that some keys fail, so that
//! callers can be tried with such a key.

use crate::secrets::Refusal;
use crate::service::Settings;

/// Refuses to write a value with a key that fails (API reference, `PutSecretValue`: `EncryptionFailure`).
pub(super) fn encrypt(settings: &Settings, key: Option<&str>) -> Result<(), Refusal> {
    match fails(settings, key) {
        false => Ok(()),
        true => Err(Refusal::new(
            "EncryptionFailure",
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key \
             is available, enabled, and not in an invalid state.",
        )),
    }
}

/// Refuses to read a value with a key that fails (API reference, `GetSecretValue`: `DecryptionFailure`).
pub(super) fn decrypt(settings: &Settings, key: Option<&str>) -> Result<(), Refusal> {
    match fails(settings, key) {
        false => Ok(()),
        true => Err(Refusal::new(
            "DecryptionFailure",
            "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        )),
    }
}

/// `KmsKeyId` of a request; an empty one stands for the key that AWS makes for the account (API reference, `UpdateSecret`).
pub(super) fn key(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty())
}

/// The key that encrypts a value if the secret names none: `aws/secretsmanager`.
pub(super) const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

fn fails(settings: &Settings, key: Option<&str>) -> bool {
    let key = key.unwrap_or(DEFAULT_KEY);
    settings.failing_keys.iter().any(|failing| failing == key)
}
