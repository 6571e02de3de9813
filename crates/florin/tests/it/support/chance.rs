//! Chance: the one place where the tests draw on the operating system.

/// The seed of a random test: `FLORIN_TEST_SEED` to replay one, else a fresh one.
pub fn ambient_seed() -> u64 {
    match std::env::var("FLORIN_TEST_SEED") {
        Ok(text) => text.trim().parse().expect("FLORIN_TEST_SEED is a decimal number"),
        Err(_) => rand::random(),
    }
}

/// A word nobody used before: for database names, keys and users that must not collide.
pub fn fresh_word() -> String {
    hex::encode(rand::random::<u64>().to_be_bytes())
}
