//! When faults strike: counted, delayed, limited, by chance, and taken back.

use serde_json::json;

use super::{ANNA, BEN, ROBOT, Stage, number};
use crate::sandbox::network::{Drift, Fault, FaultKind, Refusal};

fn refused(stage: &mut Stage, page: u64, id: &str) -> bool {
    let rid = stage.send(page, ROBOT, id);
    stage.wait(10);
    stage
        .answer(rid)
        .is_some_and(|answer| answer["error"] == json!("463"))
}

#[test]
fn a_fault_is_counted_delayed_and_limited() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let fault = Fault {
        count: Some(2),
        after_ms: Some(1_000),
        for_ms: Some(5_000),
        ..Fault::of(FaultKind::Reject463, &number(ANNA))
    };
    stage.network.fault(stage.now, &fault).unwrap();
    assert!(!refused(&mut stage, page, "3EB01"), "it has not begun");
    stage.wait(1_000);
    assert!(refused(&mut stage, page, "3EB02"));
    assert!(refused(&mut stage, page, "3EB03"));
    assert!(!refused(&mut stage, page, "3EB04"), "two were ordered");
    let endless = Fault {
        count: None,
        after_ms: None,
        ..fault
    };
    stage.network.fault(stage.now, &endless).unwrap();
    for id in ["3EB05", "3EB06", "3EB07"] {
        assert!(refused(&mut stage, page, id));
    }
    stage.wait(5_000);
    assert!(!refused(&mut stage, page, "3EB08"), "its time is over");
    assert_eq!(stage.network.faults(), []);
}

#[test]
fn chance_comes_from_the_seed() {
    let run = |seed| {
        let mut stage = Stage::new(seed);
        let (page, _) = stage.linked(ANNA);
        let fault = Fault {
            for_ms: Some(60_000),
            probability: 0.5,
            ..Fault::of(FaultKind::Reject463, &number(ANNA))
        };
        stage.network.fault(stage.now, &fault).unwrap();
        let hit: Vec<bool> = (0..64)
            .map(|i| refused(&mut stage, page, &format!("3EB1{i}")))
            .collect();
        hit
    };
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
    assert!(first.contains(&true) && first.contains(&false));
}

#[test]
fn a_fault_hits_whom_it_is_aimed_at() {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    let fault = Fault::of(FaultKind::Reject463, &number(BEN));
    stage.network.fault(stage.now, &fault).unwrap();
    assert!(!refused(&mut stage, anna, "3EB01"));
    assert!(refused(&mut stage, ben, "3EB02"));
    let nobody = Fault::of(FaultKind::Reject463, &number("5511900000099"));
    assert_eq!(
        stage.network.fault(stage.now, &nobody),
        Err(Refusal::UnknownPhone)
    );
}

#[test]
fn what_was_cleared_strikes_no_more() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    let later = Fault {
        after_ms: Some(1_000),
        ..Fault::of(FaultKind::SocketDrop, &number(ANNA))
    };
    stage.network.fault(stage.now, &later).unwrap();
    assert_eq!(stage.network.faults().len(), 1);
    stage.network.clear_faults(stage.now);
    stage.wait(2_000);
    assert_eq!(stage.closed, [0_u64; 0]);
    assert!(!refused(&mut stage, page, "3EB01"));
}

#[test]
fn connections_are_refused_for_their_time_or_until_faults_are_cleared() {
    let mut stage = Stage::new(1);
    let (_, token) = stage.linked(ANNA);
    for kind in [FaultKind::SocketDrop, FaultKind::UpdateRequired] {
        let order = Fault {
            for_ms: Some(60_000),
            ..Fault::of(kind, &number(ANNA))
        };
        let comes_back = |stage: &mut Stage| {
            let page = stage.page(Some(&token));
            stage.told(page, "welcome").len() == 1
        };
        stage.network.fault(stage.now, &order).unwrap();
        stage.wait(59_999);
        assert!(!comes_back(&mut stage), "{kind:?}");
        stage.wait(1);
        assert!(comes_back(&mut stage), "{kind:?}: its time is over");
        stage.network.fault(stage.now, &order).unwrap();
        assert!(!comes_back(&mut stage), "{kind:?}");
        stage.network.clear_faults(stage.now);
        assert!(comes_back(&mut stage), "{kind:?}: cleared");
    }
}

#[test]
fn a_banned_phone_loses_its_pages_and_links_no_more() {
    let mut stage = Stage::new(1);
    let (page, token) = stage.linked(ANNA);
    stage
        .network
        .fault(stage.now, &Fault::of(FaultKind::Ban, &number(ANNA)))
        .unwrap();
    stage.note();
    assert_eq!(stage.told(page, "logout").len(), 1);
    let back = stage.page(Some(&token));
    let welcome = stage.told(back, "welcome");
    let code = welcome[0]["refs"][0].as_str().unwrap().to_owned();
    assert_eq!(
        stage.network.scan(stage.now, &number(ANNA), &code),
        Err(Refusal::Banned)
    );
}

#[test]
fn a_dialog_that_is_dismissed_unlinks_nobody() {
    let mut stage = Stage::new(1);
    let (anna, _) = stage.linked(ANNA);
    let (ben, _) = stage.linked(BEN);
    for phone in [ANNA, BEN] {
        stage
            .network
            .fault(stage.now, &Fault::of(FaultKind::Modal, &number(phone)))
            .unwrap();
    }
    // Hers is the first fault that was planned; a dialog is dismissed by its own number only.
    stage.say(anna, json!({"t": "dismissed", "id": 2}));
    stage.say(anna, json!({"t": "dismissed", "id": 1}));
    stage.say(ben, json!({"t": "dismissed", "id": 1}));
    stage.wait(299_999);
    assert_eq!(stage.told(ben, "logout").len(), 0);
    stage.wait(1);
    assert_eq!(stage.told(ben, "logout").len(), 1);
    assert_eq!(stage.told(anna, "logout").len(), 0);
}

#[test]
fn drift_is_told_to_the_next_load_only() {
    let mut stage = Stage::new(1);
    let fault = Fault {
        phone: None,
        module: Some("WAWebCmd".to_owned()),
        ..Fault::of(FaultKind::ModuleRenamed, &number(ANNA))
    };
    stage.network.fault(stage.now, &fault).unwrap();
    let renamed = Drift {
        module: "WAWebCmd".to_owned(),
        renamed: Some("WAWebCmdNext".to_owned()),
    };
    assert_eq!(stage.network.load_page(stage.now), [renamed]);
    assert_eq!(stage.network.load_page(stage.now), []);
}

#[test]
fn a_crash_ends_the_browser_of_that_phone() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    stage.linked(BEN);
    let crash = Fault::of(FaultKind::PageCrash, &number(ANNA));
    stage.network.fault(stage.now, &crash).unwrap();
    stage.note();
    assert_eq!(stage.crashed, [page]);
}

#[test]
fn a_cut_is_ordered_for_the_pages_of_that_phone() {
    let mut stage = Stage::new(1);
    let (page, _) = stage.linked(ANNA);
    stage.linked(BEN);
    let cut = Fault {
        for_ms: Some(3_000),
        ..Fault::of(FaultKind::NetworkCut, &number(ANNA))
    };
    stage.network.fault(stage.now, &cut).unwrap();
    stage.note();
    assert_eq!(stage.cut, [(page, 3_000)]);
    assert!(stage.closed.is_empty(), "nothing closes");
}

#[test]
fn a_page_that_nobody_has_linked_is_hit_by_the_code_that_it_shows() {
    let mut stage = Stage::new(1);
    let (waiting, other) = (stage.page(None), stage.page(None));
    let shown = |stage: &Stage, page| {
        stage.told(page, "welcome")[0]["refs"][0]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let fault = |stage: &Stage, kind| Fault {
        phone: None,
        code: Some(format!("{},noise,identity,adv", shown(stage, waiting))),
        ..Fault::of(kind, &number(ANNA))
    };
    for kind in [FaultKind::PageHang, FaultKind::Modal] {
        let order = fault(&stage, kind);
        stage.network.fault(stage.now, &order).unwrap();
        stage.note();
        assert_eq!(stage.told(waiting, "fault").last().unwrap()["kind"], kind.name());
    }
    let (crash, cut) = (
        fault(&stage, FaultKind::PageCrash),
        fault(&stage, FaultKind::NetworkCut),
    );
    stage.network.fault(stage.now, &crash).unwrap();
    stage.network.fault(stage.now, &cut).unwrap();
    stage.note();
    assert_eq!(
        (&stage.crashed[..], &stage.cut[..]),
        (&[waiting][..], &[(waiting, 10_000)][..])
    );
    let drop = fault(&stage, FaultKind::SocketDrop);
    stage.network.fault(stage.now, &drop).unwrap();
    stage.note();
    assert_eq!(stage.closed, [waiting]);
    assert_eq!(
        stage.network.fault(stage.now, &drop),
        Err(Refusal::UnknownCode),
        "it shows nothing any more"
    );
    assert_eq!(stage.told(other, "fault"), Vec::<&serde_json::Value>::new());
}
