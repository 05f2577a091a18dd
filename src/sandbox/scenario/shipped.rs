//! The scenarios that come with the program.

/// Name, and the file.
pub(super) const SHIPPED: [(&str, &str); 5] = [
    ("busy-shop", include_str!("../scenarios/busy-shop.toml")),
    ("flaky-network", include_str!("../scenarios/flaky-network.toml")),
    ("ban-wave", include_str!("../scenarios/ban-wave.toml")),
    ("group-chatter", include_str!("../scenarios/group-chatter.toml")),
    ("long-history", include_str!("../scenarios/long-history.toml")),
];
