//! The servers that other tests lean on: they start, crash, come back and leave nothing behind.

use std::net::TcpStream;

use crate::support::servers::{Postgres, Redis};

fn accepts(url: &str) -> bool {
    let address = url
        .rsplit(['@', '/'])
        .find(|part| part.starts_with("127.0.0.1:"))
        .unwrap();
    TcpStream::connect(address).is_ok()
}

#[test]
fn postgres_crashes_and_comes_back() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    assert!(accepts(&url));
    postgres.crash();
    assert!(!accepts(&url));
    postgres.revive();
    assert!(accepts(&url));
    drop(postgres);
    assert!(!accepts(&url));
}

#[test]
fn redis_crashes_and_comes_back() {
    let mut redis = Redis::start();
    let url = redis.url();
    assert!(accepts(&url));
    redis.crash();
    assert!(!accepts(&url));
    redis.revive();
    assert!(accepts(&url));
}
