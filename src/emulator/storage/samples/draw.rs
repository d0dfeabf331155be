//! Draws from a seed, for data that is the same in every process.

use serde_json::{Value, json};

/// A stream of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The stream of a seed and a name; other names give unrelated streams.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a of the name.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ hash)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `low..high`.
    pub(super) fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high.saturating_sub(low)).max(1)
    }

    /// One of several.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = self.number(0, from.len() as u64);
        usize::try_from(index).ok().and_then(|index| from.get(index)).copied().unwrap_or_default()
    }
}

/// A turn of a conversation.
pub(super) fn turn(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"text": text}]})
}

/// A row of a supervised training set.
pub(super) fn example(system: &str, user: &str, model: &str) -> Value {
    json!({
        "systemInstruction": {"parts": [{"text": system}]},
        "contents": [turn("user", user), turn("model", model)],
    })
}
