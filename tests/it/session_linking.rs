//! How a browser looks to the page, and what happens at linking beside a scan: in a real Chromium on the sandbox.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};
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

/// What a server hears of a browser that asks it for a page: the headers, by their names in small letters.
async fn headers_of(listener: TcpListener) -> BTreeMap<String, String> {
    let (mut browser, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(browser.read_u8().await.unwrap());
    }
    let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhere";
    browser.write_all(page).await.unwrap();
    let text = String::from_utf8(request).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect()
}

/// What scripts are told, in the page or in a worker of it.
const HINTS: &str = "({
    agent: navigator.userAgent,
    brands: navigator.userAgentData.brands.map((one) => one.brand + ' ' + one.version).join(),
    platform: navigator.userAgentData.platform,
    mobile: navigator.userAgentData.mobile,
})";

#[test]
fn what_a_browser_tells_beside_its_user_agent_agrees_with_it_in_chromium() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/120.0.0.0 Safari/537.36";
        let settings = AccountSettings {
            user_agent: Some(agent.to_owned()),
            ..AccountSettings::default()
        };
        let (session, _events) = open(&stage, settings).await;
        let mut page = Debugger::at(&stage.spec(1).profile).await;
        let told = json!({
            "agent": agent,
            "brands": "Not_A Brand 8,Chromium 120,Google Chrome 120",
            "platform": "Windows",
            "mobile": false,
        });
        assert_eq!(page.evaluate(HINTS).await, told);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let place = format!("location.href = 'http://{}/'", listener.local_addr().unwrap());
        page.run(&place).await;
        let headers = headers_of(listener).await;
        assert_eq!(headers["user-agent"], agent);
        assert_eq!(
            headers["sec-ch-ua"],
            r#""Not_A Brand";v="8", "Chromium";v="120", "Google Chrome";v="120""#
        );
        assert_eq!(headers["sec-ch-ua-platform"], r#""Windows""#);
        assert_eq!(headers["sec-ch-ua-mobile"], "?0");
        // WhatsApp's page lets nobody else start a worker.
        while page.evaluate("document.body?.textContent").await != "here" {}
        let worker = format!(
            "new Promise((heard) => {{ const source = `postMessage({HINTS})`; \
             const worker = new Worker(URL.createObjectURL(new Blob([source]))); \
             worker.onmessage = ({{ data }}) => heard(data); worker.onerror = ({{ message }}) => heard(message); }})",
        );
        assert_eq!(page.evaluate(&worker).await, told, "a worker");
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
