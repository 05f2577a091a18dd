//! How an account comes by its phone: codes that are typed, passkeys, and the same or another number after a link ended.

use std::time::Duration;

use zaptor_actors::{
    domain::{AccountState as S, PairingMethod, Phone},
    protocol::account::{AccountError, GetPairing, PairByPhone, Pairing},
    store::accounts::{self, Description},
};

use super::house::{House, Plan};

const ANA: &str = "5511912345678";
const BIA: &str = "5511955555555";

fn phone(digits: &str) -> Phone {
    Phone::parse(digits).unwrap()
}

/// A house whose account waits to be linked.
async fn pairing() -> House {
    let mut plan = Plan::default();
    plan.network.auto_link = false;
    let house = House::new(plan).await;
    house.until_state(S::Pairing).await;
    house
}

async fn by_phone(house: &House, digits: &str) -> Result<Pairing, AccountError> {
    let phone = phone(digits);
    house.ask(PairByPhone { phone }).await
}

async fn scan(house: &House, digits: &str) {
    let shown = house.ask(GetPairing).await.unwrap();
    assert!(house.network.scan(&shown.code, &phone(digits), "Ana"));
}

/// The phone ends the link; then the account is started again.
async fn end_and_start(house: &House) {
    house.network.unlink(house.bench.account);
    house.until_state(S::LoggedOut).await;
    start(house).await;
}

async fn start(house: &House) {
    // At once: the last generation may still be about to end.
    house.start().await;
    house.until_state(S::Pairing).await;
}

async fn until_reason(house: &House, part: &str) {
    house
        .until(part, async || {
            let reason = house.row().await.reason;
            reason.is_some_and(|reason| reason.contains(part))
        })
        .await;
}

#[actix::test]
async fn a_code_typed_on_the_phone_links_it() {
    let house = pairing().await;
    let refused = by_phone(&house, "5500000123456").await;
    assert_eq!(refused, Err(AccountError::PhoneRefused));
    let asked = by_phone(&house, ANA).await.unwrap();
    assert_eq!(asked.method, PairingMethod::Code);
    until_reason(&house, "typed on the phone").await;
    assert_eq!(
        by_phone(&house, ANA).await.unwrap(),
        asked,
        "as long as it is good"
    );
    assert_eq!(house.ask(GetPairing).await.unwrap(), asked);
    assert!(!house.network.type_code(&asked.code, &phone(BIA), "Bia"));
    assert!(house.network.type_code(&asked.code, &phone(ANA), "Ana"));
    house.until_state(S::Online).await;
    assert_eq!(by_phone(&house, ANA).await, Err(AccountError::NotPairing));
    let events = house.events().await;
    let told: Vec<&str> = events
        .iter()
        .filter(|event| event.kind.as_str() == "account.pairing")
        .map(|event| event.data.get())
        .collect();
    let typed = told.iter().filter(|data| data.contains(r#""method":"code""#));
    assert_eq!(typed.count(), 1, "{told:?}");
    assert!(!events.iter().any(|event| event.data.get().contains(&asked.code)));
}

#[actix::test]
async fn codes_for_ever_new_numbers_come_to_an_end() {
    let house = pairing().await;
    for n in 0..5 {
        by_phone(&house, &format!("551191234567{n}")).await.unwrap();
    }
    // The one that is shown can still be looked at; it is another one that is refused.
    let shown = house.ask(GetPairing).await.unwrap();
    assert_eq!(shown.method, PairingMethod::Code);
    let refused = by_phone(&house, "5511912345679").await;
    let Err(AccountError::TooManyCodes { retry_after }) = refused else {
        panic!("{refused:?}");
    };
    assert!(retry_after <= Duration::from_secs(600) && !retry_after.is_zero());
}

#[actix::test]
async fn a_passkey_that_is_asked_for_is_said_until_the_phone_is_linked() {
    let house = pairing().await;
    house.network.ask_for_passkey(house.bench.account);
    until_reason(&house, "passkey_challenge").await;
    let row = house.row().await;
    assert_eq!(row.state, S::Pairing);
    assert!(row.action.unwrap().contains("passkey"));
    scan(&house, ANA).await;
    house.until_state(S::Online).await;
    assert_eq!(house.row().await.reason, None);
}

#[actix::test]
async fn the_same_number_links_again_and_finds_everything_as_it_was() {
    let house = pairing().await;
    scan(&house, ANA).await;
    house.until_state(S::Online).await;
    let sent = house.accept(3).await;
    house.until_status(&super::ids(&sent), super::READ).await;
    end_and_start(&house).await;
    scan(&house, ANA).await;
    house.until_state(S::Online).await;
    let later = house.accept(1).await;
    house.until_status(&super::ids(&later), super::READ).await;
    assert_eq!(house.sent_times(&sent), [1, 1, 1]);
}

#[actix::test]
async fn another_number_is_refused_and_writes_nothing_unless_it_is_allowed() {
    let house = pairing().await;
    let account = house.bench.account;
    scan(&house, ANA).await;
    house.until_state(S::Online).await;
    end_and_start(&house).await;
    house
        .network
        .write(account, &phone(BIA), "Carl", "not for Ana's account");
    scan(&house, BIA).await;
    until_reason(&house, "its link was ended again").await;
    let row = house.row().await;
    assert_eq!((row.state, row.phone), (S::LoggedOut, Some(phone(ANA))));
    let received = async || {
        let events = house.events().await;
        events
            .iter()
            .filter(|event| event.kind.as_str() == "message.received")
            .count()
    };
    assert_eq!(received().await, 0);

    let (tenant, change) = (
        house.bench.tenant,
        Description {
            settings: Some(serde_json::from_str(r#"{"allow_other_number":true}"#).unwrap()),
            name: None,
            labels: None,
            proxy_password: None,
            at: house.bench.clock.now(),
        },
    );
    let write = house
        .bench
        .store
        .write(move |tx| Box::pin(async move { accounts::describe(tx, tenant, account, change).await }));
    assert_eq!(write.await.unwrap(), Some(true));
    start(&house).await;
    scan(&house, BIA).await;
    house.until_state(S::Online).await;
    assert_eq!(house.row().await.phone, Some(phone(BIA)));
    house.network.write(account, &phone(ANA), "Ana", "for Bia");
    house
        .until("the message came in", async || received().await == 1)
        .await;
}
