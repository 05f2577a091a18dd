//! Passwords: argon2id with the parameters that RFC 9106 and OWASP name as the second choice (19 MiB, 2 passes).

use std::sync::OnceLock;

use argon2::{
    Argon2,
    password_hash::{Error as HashError, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

use super::AuthError;

/// Hashes a password on a thread of its own, as a PHC string. Takes some 20 ms of processor time and 19 MiB.
///
/// # Errors
/// [`AuthError::Hashing`] when the operating system gives no randomness or the thread is gone.
pub async fn hash_password(password: &str) -> Result<String, AuthError> {
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash_password_blocking(&password))
        .await
        .map_err(|error| AuthError::Hashing(error.to_string()))?
}

/// Hashes a password on this thread, for programs without a runtime and for the first start.
///
/// # Errors
/// As [`hash_password`].
pub fn hash_password_blocking(password: &str) -> Result<String, AuthError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| AuthError::Hashing(error.to_string()))
}

/// Whether the password belongs to the hash. `None` stands for a person who does not exist: it takes just as long, so
/// that nobody learns from the clock who has a login here.
pub(super) async fn matches(password: String, hash: Option<String>) -> Result<bool, AuthError> {
    tokio::task::spawn_blocking(move || {
        let nobody = hash.is_none();
        let hash = match hash {
            Some(hash) => hash,
            None => hash_of_nobody()?,
        };
        let parsed = PasswordHash::new(&hash).map_err(|error| AuthError::Hashing(error.to_string()))?;
        match Argon2::default().verify_password(password.as_bytes(), &parsed) {
            Ok(()) => Ok(!nobody),
            Err(HashError::PasswordInvalid) => Ok(false),
            Err(error) => Err(AuthError::Hashing(error.to_string())),
        }
    })
    .await
    .map_err(|error| AuthError::Hashing(error.to_string()))?
}

fn hash_of_nobody() -> Result<String, AuthError> {
    static HASH: OnceLock<Result<String, AuthError>> = OnceLock::new();
    HASH.get_or_init(|| hash_password_blocking("nobody has this password"))
        .clone()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hash = hash_password("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(
            matches("correct horse".to_owned(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!matches("wrong horse".to_owned(), Some(hash)).await.unwrap());
        assert!(
            !matches("nobody has this password".to_owned(), None)
                .await
                .unwrap()
        );
    }
}
