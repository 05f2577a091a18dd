#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
//! Logins and keys on a real database, with a clock that leaps.

use tempfile::TempDir;
use zaptor_actors::{
    domain::{KeyId, Tokens as Amount},
    store::people::{self, KeyRow},
};

use super::*;

struct House {
    auth: Auth,
    store: Store,
    clock: Clock,
    ids: Arc<IdSource>,
    tenant: TenantId,
    user: UserId,
    _folder: TempDir,
}

const PASSWORD: &str = "correct horse battery staple";

async fn house() -> House {
    let folder = TempDir::new().unwrap();
    let clock = Clock::manual(Timestamp::from_millis(1_764_000_000_000));
    let ids = Arc::new(IdSource::seeded(clock.clone(), 5));
    let url = format!("sqlite://{}/z.db", folder.path().display());
    let opening = zaptor_actors::store::Settings {
        url,
        ..Default::default()
    };
    let store = Store::open(&opening, |_| {}).await.unwrap();
    let (tenant, user): (TenantId, UserId) = (ids.next(), ids.next());
    let row = UserRow {
        id: user,
        tenant,
        email: "ana@example.org".to_owned(),
        role: "client".to_owned(),
        password_hash: hash_password(PASSWORD).await.unwrap(),
        disabled_at: None,
    };
    let at = clock.now();
    store
        .write(move |tx| {
            Box::pin(async move {
                people::create_tenant(tx, tenant, "Ana", Amount(0), at).await?;
                people::create_user(tx, row, at).await
            })
        })
        .await
        .unwrap();
    let settings = Settings {
        signing_secret: b"0123456789abcdef0123456789abcdef".to_vec(),
        previous_secret: None,
        pepper: [7; 32],
        access_lifetime: Duration::from_secs(900),
        refresh_lifetime: Duration::from_secs(3_600),
    };
    let auth = Auth::new(settings, store.clone(), clock.clone(), Arc::clone(&ids));
    House {
        auth,
        store,
        clock,
        ids,
        tenant,
        user,
        _folder: folder,
    }
}

impl House {
    async fn key(&self) -> (KeyId, String) {
        let id: KeyId = self.ids.next();
        let new = self.auth.new_api_key(KeyMode::Live);
        let row = KeyRow {
            id,
            tenant: self.tenant,
            name: "till".to_owned(),
            prefix: new.prefix,
            key_hash: new.hash,
            mode: "live".to_owned(),
            scopes: vec!["messages:write".to_owned()],
            created_at: self.clock.now(),
            last_used_at: None,
            revoked_at: None,
        };
        self.store
            .write(move |tx| Box::pin(async move { people::create_key(tx, row).await }))
            .await
            .unwrap();
        (id, new.plain)
    }
}

#[tokio::test]
async fn a_login_gives_a_token_that_names_the_person() {
    let house = house().await;
    let tokens = house
        .auth
        .log_in(" Ana@Example.org ", PASSWORD, None)
        .await
        .unwrap();
    let principal = house.auth.verify_access_token(&tokens.access_token).unwrap();
    assert_eq!(principal.identity, Identity::User(house.user));
    assert!(principal.require(Scope::KeysWrite).is_ok());
    assert!(principal.require_admin().is_err());
}

#[tokio::test]
async fn wrong_passwords_and_unknown_people_answer_alike_and_are_slowed_down() {
    let house = house().await;
    for email in ["ana@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            let refused = house.auth.log_in(email, "guess", None).await.unwrap_err();
            assert!(matches!(refused, AuthError::Credentials), "{refused}");
        }
        let refused = house.auth.log_in(email, PASSWORD, None).await.unwrap_err();
        assert!(matches!(refused, AuthError::Throttled(wait) if wait == Duration::from_secs(60)));
    }
    house.clock.leap(Duration::from_secs(60));
    assert!(house.auth.log_in("ana@example.org", PASSWORD, None).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_second_use_ends_the_login() {
    let house = house().await;
    let auth = &house.auth;
    let first = auth
        .log_in("ana@example.org", PASSWORD, None)
        .await
        .unwrap()
        .refresh_token;
    let second = auth.refresh(&first).await.unwrap().refresh_token;
    let third = auth.refresh(&second).await.unwrap().refresh_token;
    assert!(matches!(
        auth.refresh(&first).await.unwrap_err(),
        AuthError::Refresh
    ));
    assert!(
        matches!(auth.refresh(&third).await.unwrap_err(), AuthError::Refresh),
        "the family is ended"
    );
    assert!(matches!(
        auth.refresh("zr_noise").await.unwrap_err(),
        AuthError::Refresh
    ));
}

#[tokio::test]
async fn a_refresh_token_ends_with_its_time_and_with_the_logout() {
    let house = house().await;
    let auth = &house.auth;
    let late = auth
        .log_in("ana@example.org", PASSWORD, None)
        .await
        .unwrap()
        .refresh_token;
    let out = auth
        .log_in("ana@example.org", PASSWORD, None)
        .await
        .unwrap()
        .refresh_token;
    auth.log_out(&out).await.unwrap();
    assert!(auth.refresh(&out).await.is_err());
    house.clock.leap(Duration::from_secs(3_600));
    assert!(auth.refresh(&late).await.is_err());
}

#[tokio::test]
async fn a_key_is_trusted_for_five_seconds_without_the_database() {
    let house = house().await;
    let (_, key) = house.key().await;
    assert!(house.auth.trusted_key(&key).is_none(), "never seen");
    let principal = house.auth.verify_key(&key).await.unwrap();
    assert!(principal.require(Scope::MessagesWrite).is_ok());
    assert!(principal.require(Scope::MessagesRead).is_err());
    house.clock.leap(Duration::from_secs(2));
    assert_eq!(house.auth.trusted_key(&key).unwrap().tenant, house.tenant);
    house.clock.leap(Duration::from_secs(3));
    assert!(house.auth.trusted_key(&key).is_none(), "too long ago");
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_here_and_within_five_seconds_elsewhere() {
    let house = house().await;
    let (id, key) = house.key().await;
    let elsewhere = Auth::new(
        house.auth.0.settings.clone(),
        house.store.clone(),
        house.clock.clone(),
        Arc::clone(&house.ids),
    );
    house.auth.verify_key(&key).await.unwrap();
    elsewhere.verify_key(&key).await.unwrap();
    assert!(house.auth.revoke_key(house.tenant, id).await.unwrap());
    assert!(house.auth.trusted_key(&key).is_none());
    assert!(matches!(
        house.auth.verify_key(&key).await.unwrap_err(),
        AuthError::Key
    ));
    house.clock.leap(Duration::from_secs(5));
    assert!(elsewhere.trusted_key(&key).is_none());
    assert!(matches!(
        elsewhere.verify_key(&key).await.unwrap_err(),
        AuthError::Key
    ));
    let stranger: TenantId = house.ids.next();
    assert!(!house.auth.revoke_key(stranger, id).await.unwrap());
}

#[tokio::test]
async fn bad_keys_by_table() {
    let house = house().await;
    let (_, key) = house.key().await;
    let swapped = key.replace("zk_live_", "zk_test_");
    for bad in [
        "",
        "zk_live_",
        "zk_live_AAAA",
        &key[..key.len() - 1],
        &format!("{key}A"),
        &swapped,
    ] {
        assert!(
            matches!(house.auth.verify_key(bad).await.unwrap_err(), AuthError::Key),
            "{bad}"
        );
    }
    assert!(key.len() == 8 + 43 && key.starts_with("zk_live_"));
}
