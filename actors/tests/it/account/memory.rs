//! A browser that takes more than it may: a process of this test stands for it.

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use zaptor_actors::{domain::AccountState as S, protocol::registry::MemoryLimits};

use super::{
    house::{House, Plan, STEP},
    jumpy::Verb,
};

/// A process in this group, or in one of its own: it waits until it is killed.
struct Process(Mutex<Child>);

impl Process {
    fn start(group: u32) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "read nothing"]).stdin(Stdio::piped());
        let child = command.process_group(group.try_into().unwrap()).spawn();
        Self(Mutex::new(child.unwrap()))
    }

    fn id(&self) -> u32 {
        self.0.lock().unwrap().id()
    }

    /// Its number stays taken until this was asked.
    fn has_ended(&self) -> bool {
        self.0.lock().unwrap().try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.0.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[actix::test]
async fn a_browser_above_the_hard_limit_is_held_against_its_own_generation_alone() {
    let house = House::new(Plan {
        limits: MemoryLimits {
            hard_bytes: 1,
            ..MemoryLimits::default()
        },
        leaps: Some(STEP),
        ..Plan::default()
    })
    .await;
    house.until_state(S::Online).await;
    let browser = Process::start(0);
    *house.doors.leader.lock().unwrap() = Some(browser.id());
    house.restart().await;
    let before = house.tree().await[0].clone();
    let mut closing = house.halts.arm(Verb::Close);
    house
        .until("the next generation waits for its profile", async || {
            house.tree().await[0].generation > before.generation
        })
        .await;
    closing.reached().await;
    // Something of it is left, and then nothing: looked at more than once.
    let straggler = Process::start(browser.id());
    house
        .until("the rest is killed, too", async || straggler.has_ended())
        .await;
    assert!(browser.has_ended());
    let looked = house.bench.clock.now();
    house
        .until("it was looked at again", async || {
            house.bench.clock.now().since(looked).as_secs() > 2
        })
        .await;
    drop(closing);
    house.until_state(S::Online).await;
    let after = &house.tree().await[0];
    assert_eq!(
        (after.generation, after.restarts),
        (before.generation + 1, before.restarts + 1),
        "{after:?}"
    );
}
