//! Numbers that look random and come from the seed: what is drawn depends on
//! the seed and on what it is for, never on what was drawn before, so one more
//! job does not change the ids of the others.

use sha2::{Digest, Sha256};

/// Sixty-four bits for one purpose.
pub(crate) fn bits(seed: u64, purpose: &str, number: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(number.to_be_bytes());
    hash.update(purpose.as_bytes());
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    u64::from_be_bytes(first)
}

/// A fraction in `0.0..1.0`.
pub(crate) fn fraction(seed: u64, purpose: &str, number: u64) -> f64 {
    (bits(seed, purpose, number) >> 11) as f64 / (1u64 << 53) as f64
}

/// A number in `from..to`.
pub(crate) fn between(seed: u64, purpose: &str, number: u64, from: f64, to: f64) -> f64 {
    from + (to - from) * fraction(seed, purpose, number)
}

/// A resource id of nineteen digits, as the service gives them.
pub(crate) fn id(seed: u64, purpose: &str, number: u64) -> String {
    // 10^18 up to 9.2 * 10^18 also fits the signed integers some clients use.
    const LOWEST: u64 = 1_000_000_000_000_000_000;
    const RANGE: u64 = i64::MAX as u64 - LOWEST;
    (LOWEST + bits(seed, purpose, number) % RANGE).to_string()
}

/// A random-looking UUID (version 4 layout).
pub(crate) fn uuid(seed: u64, purpose: &str, number: u64) -> String {
    let high = bits(seed, purpose, number);
    let low = bits(seed ^ 1, purpose, number);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 50),
        low & 0xffff_ffff_ffff
    )
}
