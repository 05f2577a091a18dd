//! How many files the process may have open.
//!
//! An account takes some ten of them, one with a proxy up to 130, and what runs out of descriptors fails everywhere at
//! once. The usual soft limit, 1,024, is there for programs that still use `select`.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this a node of some hundred accounts may run out.
const FEW: u64 = 16_384;

/// Raises the limit of this process and of those that it starts as far as it may go.
pub(super) fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(target: "zaptor::serve", %error, "the limit of open files stays as it is");
    }
    if let Some(files) = getrlimit(Resource::Nofile).current.filter(|&files| files < FEW) {
        tracing::warn!(target: "zaptor::serve", files, enough = FEW,
            "few files may be open; raise the hard limit (LimitNOFILE of the service, nofile in limits.conf)");
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_allows_is_used() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let low = Rlimit {
            current: Some(64),
            maximum,
        };
        setrlimit(Resource::Nofile, low).unwrap();
        allow_many();
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    }
}
