//! How a browser looks to the page, and what happens at linking beside a scan: in a real Chromium on the sandbox.

use serde_json::{Value, json};
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::{AccountSettings, settings::time_zones},
    session::{EVENT_QUEUE, Engine, Session, SessionEvent, SessionSpec, browser::ChannelKind},
};

use crate::{
    session_browser::{Stage, next, run},
    support::debugger::Debugger,
};

/// What a page sees of the browser.
const SEEN: &str = "({
    agent: navigator.userAgent,
    languages: navigator.languages.join(),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    locale: Intl.NumberFormat().resolvedOptions().locale,
    hours: new Date(0).getHours(),
})";

async fn open(stage: &Stage, settings: AccountSettings) -> (Box<dyn Session>, mpsc::Receiver<SessionEvent>) {
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    let spec = SessionSpec {
        settings,
        ..stage.spec(1)
    };
    (stage.engine.open(spec, sender).await.unwrap(), events)
}

#[test]
fn a_page_in_chromium_sees_the_settings_of_its_account() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let settings = AccountSettings {
            user_agent: Some("Mozilla/5.0 (Shop) Chrome/156.0.0.0".to_owned()),
            locale: Some("pt-BR".to_owned()),
            time_zone: Some("America/Sao_Paulo".to_owned()),
            ..AccountSettings::default()
        };
        let (session, _events) = open(&stage, settings).await;
        let mut page = Debugger::at(&stage.spec(1).profile).await;
        let expected = json!({
            "agent": "Mozilla/5.0 (Shop) Chrome/156.0.0.0",
            "languages": "pt-BR,pt",
            "zone": "America/Sao_Paulo",
            "locale": "pt-BR",
            "hours": 21,
        });
        assert_eq!(page.evaluate(SEEN).await, expected);
        // A page that is loaded anew looks the same.
        page.evaluate("globalThis.isOld = true").await;
        page.run("location.reload()").await;
        // Asked of a page that goes away meanwhile it gives nothing.
        while page
            .evaluate("!globalThis.isOld && document.readyState === 'complete'")
            .await
            != true
        {}
        assert_eq!(page.evaluate(SEEN).await, expected);
        session.close().await;

        // Chromium knows every time zone that the API takes.
        let (session, _events) = open(&stage, AccountSettings::default()).await;
        let mut page = Debugger::at(&stage.spec(1).profile).await;
        let plain = page.evaluate(SEEN).await;
        assert!(!plain["agent"].as_str().unwrap().contains("Headless"));
        let strange = format!(
            "{}.filter((zone) => {{ try {{ new Intl.DateTimeFormat('en', {{ timeZone: zone }}); }} catch {{ return true; }} }})",
            json!(time_zones())
        );
        assert_eq!(page.evaluate(&strange).await, json!([]));
        session.close().await;
        stage.strike().await;
    });
}

#[test]
fn a_passkey_that_a_page_in_chromium_asks_for_is_noticed() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (session, mut events) = stage.open(1).await;
        next(&mut events, |event| {
            matches!(event, SessionEvent::Pairing { .. }).then_some(())
        })
        .await;
        let order: Value = json!({"kind": "passkey", "for_ms": 2_000});
        stage.phones.post("/faults", order).await;
        next(&mut events, |event| {
            matches!(event, SessionEvent::PasskeyAsked).then_some(())
        })
        .await;
        session.close().await;
        stage.strike().await;
    });
}
