//! What a person reads of an account.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-11-25T13:10:00.000Z".parse().unwrap()
}

#[test]
fn what_a_state_rests_on_is_a_sentence() {
    let rows = [
        (json!(null), ""),
        (
            json!({"round_trip_ms": 84, "probe": 17, "at": "2026-11-25T13:00:00.000Z"}),
            "a round trip of 84 ms, proof 17",
        ),
        (
            json!({"missed_probes": 2, "last_error": "offline"}),
            "2 round trips that were not proven, the last: offline",
        ),
        (
            json!({"page": "shows_code", "at": "x"}),
            "the page said: shows code",
        ),
        (json!({"asked": "stop", "at": "x"}), "somebody asked for it: stop"),
        (json!({"epoch": 3, "at": "x"}), "start 3 of its session"),
        (
            json!({"exit": "browser gone", "generation": 4}),
            "how its session ended: browser gone (start 4)",
        ),
        (
            json!({"missing": ["chat.sendTextMessage", "conn.isOnline"], "left_out": null}),
            "missing chat.sendTextMessage, conn.isOnline",
        ),
    ];
    for (given, expected) in rows {
        assert_eq!(evidence(&given), expected, "{given}");
    }
}

#[test]
fn times_and_sizes_are_short() {
    let rows = [
        (0, "0 ms"),
        (59_999, "59 s"),
        (61_000, "1 min 1 s"),
        (7_260_000, "2 h 1 min"),
        (90_000_000, "1 d 1 h"),
    ];
    for (millis, expected) in rows {
        assert_eq!(time(Duration::from_millis(millis)), expected);
    }
    assert_eq!(size(190 * 1_048_576), "190 MiB");
}

#[test]
fn a_repair_tells_its_stage_and_what_was_tried() {
    let account = json!({
        "id": "acc_1", "name": "Shop", "engine": "browser", "created_at": "2026-11-24T13:10:00.000Z",
        "settings": {"proxy": {"url": "socks5://127.0.0.1:1080", "username": "u"}, "locale": "de-DE", "user_agent": null},
        "health": {
            "state": "degraded", "since": "2026-11-25T13:08:00.000Z", "reason": "the page does not answer",
            "last_round_trip_at": "2026-11-25T13:07:30.000Z",
            "probes": [{"at": "x", "took_ms": null, "error": "late"}, {"at": "x", "took_ms": 12, "error": null}],
            "repair": {"stage": "new_page", "attempt": 2, "since": "2026-11-25T13:09:57.000Z", "trigger": "page_unresponsive"},
            "resources": {"pss_bytes": 188_743_680, "cpu_percent": 1.25, "cpu_seconds": 12.0, "processes": 7, "page_errors": 3},
            "limits": {"soft_bytes": 419_430_400, "hard_bytes": null},
            "generation": 2, "restarts": 1, "last_exit": {"reason": "browser gone", "at": "2026-11-25T12:10:00.000Z"},
            "agent": {"version": "1.0.0", "wa_js": "3.20.0", "whatsapp_web": "2.3000", "missing": [{"name": "chat.find", "needed_for": ["look_up"]}]},
            "hibernation": null,
        },
        "bundle": {"id": "fb_1", "at": "2026-11-25T13:00:00.000Z", "trigger": "page_unresponsive", "ended": "gave_up",
            "stages": [{"stage": "reload_page", "took_ms": 4_000, "outcome": "failed", "detail": "no answer"}]},
    });
    let text = in_full(&account, now()).trim_fmt();
    for expected in [
        "degraded for 2 min 0 s (since 2026-11-25T13:08:00.000Z)",
        "new page, step 3 of 6, attempt 2, for 3 s, because of page unresponsive",
        "page unresponsive, gave up (fb_1)",
        "reload page: failed after 4 s: no answer",
        "took 12 ms, 1 of the last 2 failed",
        "180 MiB (soft limit 400 MiB)",
        "1.2 % of a core, 12.0 s in all, 7 processes",
        "chat.find (to look up)",
        "1.0.0, wa-js 3.20.0, WhatsApp Web 2.3000",
        "locale de-DE, proxy socks5://127.0.0.1:1080",
        "2 times by this node, 1 restart in all, last end 2026-11-25T12:10:00.000Z (1 h 0 min ago): browser gone",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(
        !text.contains("sleeps"),
        "what does not apply is left out:\n{text}"
    );
}

#[test]
fn a_sleeping_account_tells_when_it_wakes() {
    let asleep = |wake_at| hibernation(&json!({"since": "s", "why": "idle", "wake_at": wake_at}), now());
    assert_eq!(
        asleep(json!("2026-11-25T13:40:00.000Z")),
        "since s, because it was idle; wakes by itself in 30 min 0 s"
    );
    assert!(asleep(json!(null)).ends_with("wakes by a message or `zaptor account wake`"));
}

#[test]
fn the_list_tells_memory_where_it_is_known() {
    let accounts = json!([
        {"id": "acc_1", "name": "Shop", "state": "online", "since": "2026-11-25T13:09:00.000Z", "engine": "browser"},
        {"id": "acc_2", "name": "Till", "state": "stopped", "since": "2026-11-25T13:09:00.000Z", "engine": "simulated"},
    ]);
    let actors =
        json!([{"name": "registry", "account": null}, {"account": "acc_1", "pss_bytes": 199_229_440}]);
    let text = many(&accounts, &actors, now()).trim_fmt();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[1].contains("190 MiB") && lines[1].contains("1 min 0 s"),
        "{text}"
    );
    assert!(!lines[2].contains("MiB"), "{text}");
}
