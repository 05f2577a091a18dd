//! Memory: Zaptor itself with one account (resident), and the browser of one sandbox account (proportional: pages that
//! its processes share are counted once).

use std::{thread, time::Duration};

use crate::{
    Plan,
    children::Comparator,
    comparators::ECHO,
    node::Node,
    numbers::Spread,
    processes::{descendants, proportional_mib, resident_mib},
    table::{Aim, Table},
};

/// After which a process has settled.
const SETTLE: Duration = Duration::from_secs(2);
const BROWSER_LIMIT: Duration = Duration::from_secs(90);
const PHONE: &str = "5511900000001";

pub(crate) fn measure(plan: &Plan, table: &mut Table) {
    let looks = |look: &dyn Fn() -> f64| {
        let values: Vec<f64> = (0..plan.rounds)
            .map(|_| {
                thread::sleep(SETTLE / 4);
                look()
            })
            .collect();
        Spread::of(&values)
    };
    let echo = Comparator::start(ECHO);
    let node = Node::simulated();
    let account = node.create_account("simulated");
    let limit = Duration::from_secs(30);
    node.until_state(&account, "online", limit)
        .unwrap_or_else(|last| panic!("it does not link: {last}"));
    thread::sleep(SETTLE);
    let resident = looks(&|| resident_mib(node.pid()));
    table.alone(
        "Zaptor's memory, one simulated account",
        resident,
        1,
        "MiB",
        Aim::AtMost(60.0),
    );
    table.note(format!(
        "memory: the bare echo takes {:.1} MiB",
        resident_mib(echo.pid())
    ));
    drop(node);
    let node = Node::start(&["--sandbox-port", "0"], &[]);
    let account = node.create_account("browser");
    if let Err(last) = node.link(&account, PHONE, BROWSER_LIMIT) {
        table.note(format!(
            "memory of a browser account: not measured, the account does not get online: {last}"
        ));
        return;
    }
    thread::sleep(SETTLE);
    let own = node.pid();
    let resident = looks(&|| resident_mib(own));
    table.alone(
        "Zaptor's memory, one browser account, sandbox",
        resident,
        1,
        "MiB",
        Aim::AtMost(60.0),
    );
    // By descent: a renderer does not name its profile on its command line.
    let browsers = || {
        let mut processes = descendants(own);
        processes.retain(|(_, line)| !line.contains("chromedriver"));
        processes
    };
    let browser = looks(&|| browsers().iter().map(|(pid, _)| proportional_mib(*pid)).sum());
    table.alone(
        "its browser, all processes (PSS)",
        browser,
        1,
        "MiB",
        Aim::AtMost(230.0),
    );
    table.note(format!("memory: the browser is {} processes", browsers().len()));
}
