//! Pages in a real Chromium that crash or hang, and what mends them; pictures of pages in which nothing can be read.

use std::{collections::HashSet, process::Command};

use serde_json::json;
use tokio::sync::mpsc;
use zaptor_actors::{
    domain::AccountId,
    session::{PageStatus, SessionEvent, browser::ChannelKind},
};

use crate::{
    session_browser::{ANA, Stage, is_renderer, kill, next, run},
    session_conformance::Outside as _,
    support::debugger::Debugger,
};

/// Waits for a code of the page that shows now.
async fn shown_code(events: &mut mpsc::Receiver<SessionEvent>) -> String {
    next(events, |event| match event {
        SessionEvent::Pairing { code, .. } => Some(code),
        _ => None,
    })
    .await
}

#[test]
fn a_page_that_crashes_in_chromium_is_loaded_anew() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (mut session, mut events) = stage.open(1).await;
        for replaced in [false, true] {
            shown_code(&mut events).await;
            let processes = session.processes();
            let renderer = processes.iter().find(|process| is_renderer(**process)).unwrap();
            kill(*renderer);
            next(&mut events, |event| {
                matches!(event, SessionEvent::Crashed).then_some(())
            })
            .await;
            let refused = session.probe().await;
            assert!(refused.is_err_and(|error| !error.is_fatal()), "the session lives");
            if replaced {
                session.new_page().await.unwrap();
            } else {
                session.reload().await.unwrap();
            }
        }
        shown_code(&mut events).await;
        assert!(session.screenshot().await.unwrap().starts_with(b"\x89PNG"));
        session.close().await;
        stage.strike().await;
    });
}

#[test]
fn a_page_that_hangs_in_chromium_is_told_and_mended() {
    run(async {
        // The page is opened and loaded anew under it, too.
        let stage = Stage::set_with(ChannelKind::Cdp, |settings| settings.command_timeout_ms = 6_000).await;
        let (mut session, mut events) = stage.open(1).await;
        for replaced in [false, true] {
            shown_code(&mut events).await;
            let processes = session.processes();
            let renderer = processes.iter().find(|process| is_renderer(**process)).unwrap();
            let stopped = Command::new("kill")
                .args(["-STOP", &renderer.to_string()])
                .status();
            assert!(stopped.unwrap().success());
            let answer = session.probe().await;
            assert!(answer.is_err_and(|error| !error.is_fatal()), "the session lives");
            next(&mut events, |event| {
                matches!(event, SessionEvent::Unresponsive { .. }).then_some(())
            })
            .await;
            if replaced {
                session.new_page().await.unwrap();
            } else {
                session.reload().await.unwrap();
            }
        }
        shown_code(&mut events).await;
        session.close().await;
        stage.strike().await;
    });
}

/// Has the page show a dialog of JavaScript, and waits until the session is told of it.
async fn ask(stage: &Stage, events: &mut mpsc::Receiver<SessionEvent>, dialog: &str) -> Debugger {
    let mut debugger = Debugger::at(&stage.spec(1).profile).await;
    // Beside the script that opens it: the debugger's own call is not held up.
    debugger.run(&format!("setTimeout(() => {{ {dialog} }})")).await;
    next(events, |event| match event {
        SessionEvent::Modal { what } => Some(what),
        _ => None,
    })
    .await;
    debugger
}

#[test]
fn a_dialog_of_javascript_in_chromium_is_closed_and_its_text_kept_without_names() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (mut session, mut events) = stage.open(1).await;
        shown_code(&mut events).await;
        for dialog in [
            "alert('Line 5511987654321 is busy')",
            "globalThis.sure = confirm('Go on?')",
            "alert('one'); alert('two'); globalThis.name = prompt('three')",
        ] {
            let mut debugger = ask(&stage, &mut events, dialog).await;
            let held_up = session.probe().await;
            assert!(held_up.is_err_and(|error| !error.is_fatal()), "{dialog}");
            session.dismiss_modal().await.unwrap();
            assert_eq!(session.status().await.unwrap(), PageStatus::Unlinked);
            let said = debugger.evaluate("String(globalThis.sure)").await;
            assert_ne!(said, "true", "nothing is agreed to");
        }
        let console: HashSet<String> = session.console().into_iter().collect();
        for line in [
            "dialog (alert): Line … is busy",
            "dialog (confirm): Go on?",
            "dialog (alert): one",
            "dialog (alert): two",
            "dialog (prompt): three",
        ] {
            assert!(console.contains(line), "{line}: {console:?}");
        }
        assert!(events.try_recv().is_err(), "those that followed were no news");
        session.close().await;
        stage.strike().await;
    });
}

#[test]
fn a_dialog_in_chromium_is_told_after_a_dismissal_that_was_cut_off() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (mut session, mut events) = stage.open(1).await;
        shown_code(&mut events).await;
        drop(ask(&stage, &mut events, "alert('one')").await);
        tokio::select! {
            biased;
            done = session.dismiss_modal() => panic!("at once: {done:?}"),
            // It has begun, and is given up.
            () = std::future::ready(()) => {}
        }
        drop(ask(&stage, &mut events, "alert('two')").await);
        session.dismiss_modal().await.unwrap();
        session.close().await;
        stage.strike().await;
    });
}

#[test]
fn a_page_in_chromium_that_asks_whether_to_be_left_is_left() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (mut session, mut events) = stage.open(1).await;
        shown_code(&mut events).await;
        // Chromium lets only those pages ask that somebody has touched.
        let mut debugger = Debugger::at(&stage.spec(1).profile).await;
        debugger
            .touch("addEventListener('beforeunload', (event) => event.preventDefault())")
            .await;
        session.reload().await.unwrap();
        shown_code(&mut events).await;
        assert!(
            session
                .console()
                .iter()
                .any(|line| line.starts_with("dialog (beforeunload)"))
        );
        drop(ask(&stage, &mut events, "alert('and one that is open')").await);
        session.reload().await.unwrap();
        shown_code(&mut events).await;
        session.close().await;
        stage.strike().await;
    });
}

#[test]
fn no_code_is_seen_in_a_veiled_picture_of_a_page_in_chromium() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (mut session, mut events) = stage.open(1).await;
        shown_code(&mut events).await;
        let dark = |png: &[u8]| {
            let picture = image::load_from_memory(png).unwrap().to_luma8();
            picture.pixels().filter(|pixel| pixel.0[0] < 100).count()
        };
        // The code is drawn a moment after it was told.
        loop {
            let seen = dark(&session.screenshot().await.unwrap());
            if seen > 2_000 {
                break;
            }
        }
        let veiled = session.veiled_screenshot().await.unwrap();
        assert_eq!(dark(&veiled), 0, "nothing that could be read or scanned");
        assert!(
            dark(&session.screenshot().await.unwrap()) > 2_000,
            "and the page is as before"
        );
        for again in [false, true] {
            tokio::select! {
                biased;
                taken = session.veiled_screenshot() => panic!("at once: {taken:?}"),
                // The veil is on its way, and nobody waits for the picture any more.
                () = std::future::ready(()) => {}
            }
            if again {
                assert_eq!(dark(&session.veiled_screenshot().await.unwrap()), 0);
            }
            assert!(
                dark(&session.screenshot().await.unwrap()) > 2_000,
                "no veil is left: {again}"
            );
        }
        let mut debugger = Debugger::at(&stage.spec(1).profile).await;
        // From then on no style that is put into the page has an effect.
        let forbids = "document.head.append(Object.assign(document.createElement('meta'), \
            { httpEquiv: 'Content-Security-Policy', content: \"style-src 'none'\" }))";
        debugger.evaluate(forbids).await;
        let refused = session.veiled_screenshot().await.unwrap_err().to_string();
        assert!(refused.contains("could not be veiled"), "{refused}");
        assert!(
            dark(&session.screenshot().await.unwrap()) > 2_000,
            "it would have been a bare one"
        );
        session.close().await;
        stage.strike().await;
    });
}

#[test]
fn the_sandbox_crashes_a_page_in_chromium_on_order() {
    run(async {
        let stage = Stage::set(ChannelKind::Cdp).await;
        let (session, mut events) = stage.open(1).await;
        let code = shown_code(&mut events).await;
        stage.phones.scan(AccountId::from_bits(1), &code).await;
        let order = json!({"kind": "page_crash", "phone": ANA});
        stage.phones.post("/faults", order).await;
        next(&mut events, |event| {
            matches!(event, SessionEvent::Crashed).then_some(())
        })
        .await;
        session.close().await;
        stage.strike().await;
    });
}
