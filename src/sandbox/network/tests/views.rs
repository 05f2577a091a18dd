//! What onlookers see of the network.

use serde_json::json;

use super::{ANNA, Stage, number};

#[test]
fn a_waiting_page_shows_one_code_after_the_other() {
    let mut stage = Stage::new(1);
    stage.phone(ANNA);
    let silent = stage.network.open();
    let page = stage.page(None);
    let refs = stage.told(page, "welcome")[0]["refs"].clone();
    let mut shown = Vec::new();
    for _ in 0..7 {
        let waiting = stage.network.waiting(stage.now);
        assert_eq!(waiting.len(), 1, "{silent} has not said hello");
        assert_eq!(waiting[0].page, page);
        if let Some(until) = waiting[0].until {
            assert_eq!(until, stage.now + 20_000);
        }
        shown.push(json!(waiting[0].code));
        stage.wait(20_000);
    }
    let mut expected = refs.as_array().unwrap().clone();
    expected.push(json!(null));
    assert_eq!(shown, expected);

    let rid = stage.ask(page, json!({"t": "pairing_code", "phone": ANNA}));
    let code = stage.answer(rid).unwrap()["code"].as_str().unwrap().to_owned();
    let waiting = stage.network.waiting(stage.now);
    assert_eq!(waiting[0].typed, Some((code.clone(), number(ANNA))));
    stage.network.link(stage.now, &number(ANNA), &code).unwrap();
    assert_eq!(stage.network.waiting(stage.now), []);
}

#[test]
fn whoever_comes_to_wait_or_goes_is_a_change() {
    let mut stage = Stage::new(1);
    let revision = stage.network.revision();
    let page = stage.page(None);
    let waits = stage.network.revision();
    assert!(waits > revision);
    stage.network.closed(stage.now, page);
    assert!(stage.network.revision() > waits);
    assert_eq!(stage.network.waiting(stage.now), []);
}
