//! The profile between two sessions: kept when one ends in order, put back when it is gone, damaged, or has lost its link.

use std::{fs, path::Path};

use zaptor_actors::{
    domain::{AccountState as S, MessageStatus as M, Phone},
    protocol::account::{GetPairing, LogOut},
    protocol::registry::LendProfile,
    session::simulated::Fault,
};

use super::{
    house::{House, Plan, ids},
    moody::{GARBAGE, LINK},
};

/// A house whose account was linked by a scan and runs on a profile that is kept.
async fn linked() -> House {
    linked_with(Plan::default()).await
}

async fn linked_with(mut plan: Plan) -> House {
    plan.keeps = true;
    plan.network.auto_link = false;
    let house = House::new(plan).await;
    house.until_state(S::Pairing).await;
    let pairing = house.ask(GetPairing).await.unwrap();
    let phone = Phone::parse("5511912345678").unwrap();
    assert!(house.network.scan(&pairing.code, &phone, "Ana"));
    house.until_state(S::Online).await;
    house.plant_link();
    house
}

/// Stops it, and waits until its profile was kept.
async fn stop_and_keep(house: &House) -> usize {
    house.stop(false).await;
    kept(house).await
}

async fn kept(house: &House) -> usize {
    let vault = house.vault.as_ref().unwrap();
    vault.settled().await;
    vault.list(house.bench.account).await.unwrap().len()
}

/// Whether the link that is looked for is there again, after the account came online without a scan.
async fn comes_back(house: &House, why: &str) {
    house.start().await;
    house.until_state(S::Online).await;
    assert_eq!(fs::read_to_string(house.profile().join(LINK)).unwrap(), "linked");
    let reasons = house.reasons().await;
    let told = |reason: &String| reason.contains(why) && reason.contains("the snapshot from ");
    assert!(reasons.iter().any(told), "{reasons:?}");
    let codes = house
        .states()
        .await
        .iter()
        .filter(|state| *state == "pairing")
        .count();
    assert_eq!(codes, 1, "nobody was asked to scan again");
}

#[actix::test]
async fn a_profile_that_is_gone_comes_back_without_a_scan() {
    let house = linked().await;
    assert_eq!(stop_and_keep(&house).await, 1);
    fs::remove_dir_all(house.profile()).unwrap();
    comes_back(&house, "was gone").await;
    assert_eq!(
        house.tree().await[0].restarts,
        0,
        "before the first session was opened"
    );
}

#[actix::test]
async fn a_profile_that_has_lost_its_link_comes_back_without_a_scan() {
    let house = linked().await;
    stop_and_keep(&house).await;
    fs::remove_file(house.profile().join(LINK)).unwrap();
    fs::write(house.profile().join("Local State"), "{}").unwrap();
    comes_back(&house, "had lost its link").await;
}

#[actix::test]
async fn a_profile_on_which_no_browser_starts_comes_back_without_a_scan() {
    let house = linked().await;
    stop_and_keep(&house).await;
    fs::write(house.profile().join(LINK), GARBAGE).unwrap();
    comes_back(&house, "could not be opened (it is garbage)").await;
    let aside = house.profile().with_extension("aside");
    assert_eq!(
        fs::read_to_string(aside.join(LINK)).unwrap(),
        GARBAGE,
        "what was there is set aside"
    );
}

#[actix::test]
async fn without_a_snapshot_a_damaged_profile_is_set_aside_and_a_phone_is_asked_for() {
    let house = linked().await;
    stop_and_keep(&house).await;
    house
        .vault
        .as_ref()
        .unwrap()
        .forget(house.bench.account)
        .await
        .unwrap();
    fs::write(house.profile().join(LINK), GARBAGE).unwrap();
    house.start().await;
    house.until_state(S::Pairing).await;
    let reasons = house.reasons().await;
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("no whole snapshot of it is left")),
        "{reasons:?}"
    );
}

#[actix::test]
async fn a_snapshot_that_does_not_help_is_tried_once() {
    let house = linked().await;
    stop_and_keep(&house).await;
    // The only snapshot has no link, either: as if the phone had ended it while nothing ran.
    fs::remove_file(house.profile().join(LINK)).unwrap();
    fs::write(house.profile().join("Local State"), "{}").unwrap();
    let vault = house.vault.as_ref().unwrap();
    vault.forget(house.bench.account).await.unwrap();
    vault.take(house.bench.account, &house.profile()).await.unwrap();
    house.start().await;
    house.until_state(S::Pairing).await;
    let restored = house
        .reasons()
        .await
        .iter()
        .filter(|reason| reason.contains("was put in its place"))
        .count();
    assert_eq!(restored, 1);
}

#[actix::test]
async fn only_a_linked_session_that_ends_in_order_is_kept() {
    let house = linked().await;
    assert_eq!(kept(&house).await, 0, "never while it runs");
    house.network.inflict(house.bench.account, Fault::Die);
    house
        .until("it was made anew", async || {
            let row = house.row().await;
            row.epoch == 2 && row.state == S::Online
        })
        .await;
    assert_eq!(kept(&house).await, 0, "a session that died");
    house.restart().await;
    house.until_state(S::Online).await;
    assert_eq!(kept(&house).await, 1, "a restart");
    for _ in 0..4 {
        stop_and_keep(&house).await;
        house.start().await;
        house.until_state(S::Online).await;
        let sent = ids(&house.accept(1).await);
        house.until_status(&sent, &[M::Read]).await;
    }
    assert_eq!(kept(&house).await, 3, "as many as the settings say");
}

#[actix::test]
async fn an_unlinked_session_pushes_out_no_good_snapshot() {
    let house = linked().await;
    stop_and_keep(&house).await;
    let vault = house.vault.as_ref().unwrap();
    let before = vault.list(house.bench.account).await.unwrap();
    fs::remove_dir_all(house.profile()).unwrap();
    fs::create_dir_all(house.profile().join("Default")).unwrap();
    // What is restored has no link: a phone is asked for, and the session that asks is stopped.
    let body = house
        .profile()
        .with_file_name("../vault")
        .join(house.bench.account.to_string());
    damage_all(&body);
    house.start().await;
    house.until_state(S::Pairing).await;
    stop_and_keep(&house).await;
    assert_eq!(vault.list(house.bench.account).await.unwrap(), before);
}

fn damage_all(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

#[actix::test]
async fn an_ended_link_leaves_no_snapshot_and_neither_does_a_deleted_account() {
    let house = linked().await;
    house.restart().await;
    house.until_state(S::Online).await;
    assert_eq!(kept(&house).await, 1);
    house.ask(LogOut).await.unwrap();
    house.until_state(S::LoggedOut).await;
    house
        .until("its snapshots are gone", async || kept(&house).await == 0)
        .await;

    let house = linked().await;
    stop_and_keep(&house).await;
    house.stop(true).await;
    assert_eq!(kept(&house).await, 0);
    let left = fs::read_dir(&house.profiles).unwrap().count();
    assert_eq!(left, 0, "no profile, and nothing beside it");
}

#[actix::test]
async fn a_profile_is_lent_only_while_nothing_runs_on_it() {
    let house = linked().await;
    let (tenant, account) = (house.bench.tenant, house.bench.account);
    let lend = || house.registry.send(LendProfile { tenant, account });
    // The registry goes by what the account says of itself, a moment after it is in its row.
    house
        .until("it is refused because the account is online", async || {
            let refused = lend().await.unwrap().unwrap_err();
            refused.to_string().contains("online")
        })
        .await;
    house.stop(false).await;
    let loan = lend().await.unwrap().unwrap();
    assert_eq!(kept(&house).await, 1, "it was kept before it was lent");
    let mut start = Box::pin(house.try_start());
    assert!(
        futures::poll!(&mut start).is_pending(),
        "it waits for the profile"
    );
    assert_eq!(house.row().await.state, S::Stopped);
    drop(loan);
    start.await.unwrap();
    house.until_state(S::Online).await;
}

#[actix::test]
async fn an_account_that_stays_online_is_kept_without_leaving_it() {
    let house = linked_with(Plan {
        first_snapshot_seconds: 1,
        ..Plan::default()
    })
    .await;
    let (epoch, told) = (house.row().await.epoch, house.states().await.len());
    house
        .until("there is a snapshot", async || kept(&house).await == 1)
        .await;
    let messages = house.accept(3).await;
    house.until_status(&ids(&messages), &[M::Read]).await;
    // Two more rounds.
    house
        .until("some rounds have passed", {
            let begin = house.bench.clock.now();
            let clock = house.bench.clock.clone();
            move || {
                let passed = clock.now().since(begin).as_millis() > 2_500;
                async move { passed }
            }
        })
        .await;
    assert_eq!(
        (house.row().await.epoch, kept(&house).await),
        (epoch, 1),
        "and not again"
    );
    assert_eq!(house.states().await.len(), told, "nobody has noticed");
    // It is as good as another: the link comes back from it.
    fs::remove_dir_all(house.profile()).unwrap();
    house.network.inflict(house.bench.account, Fault::Die);
    house
        .until("it was put back", async || {
            let reasons = house.reasons().await;
            reasons
                .iter()
                .any(|reason| reason.contains("was put in its place"))
        })
        .await;
    house.until_state(S::Online).await;
    assert_eq!(fs::read_to_string(house.profile().join(LINK)).unwrap(), "linked");
}
