//! Dialect `h1`: how set fields become bytes, and bytes a digest. Kept for
//! ever; an encoding that must differ is a new dialect beside this one.

use sha2::{Digest, Sha256};

use super::table::{Field, Value};

/// SHA-256 in unpadded base32; nothing is cut off.
pub(super) const LENGTH: usize = 52;

/// The digest of the set fields, which come by ascending tag.
pub(super) fn digest(fields: &[(Field, Value)]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"retune/spec/h1\0");
    for (field, value) in fields {
        hash.update(field.tag.to_be_bytes());
        let (kind, bytes) = encode(value);
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(&bytes);
    }
    let mut text = data_encoding::BASE32_NOPAD.encode(&hash.finalize());
    text.make_ascii_lowercase();
    text
}

/// A kind byte and the value's bytes.
fn encode(value: &Value) -> (u8, Vec<u8>) {
    match value {
        Value::Text(text) => (b't', text.as_bytes().to_vec()),
        Value::Integer(n) => (b'i', n.to_be_bytes().to_vec()),
        // The shortest decimal that reads back as the same number, so that
        // `1`, `1.0` and `1e0` agree. Minus zero is zero.
        Value::Number(n) => (b'n', format!("{}", if *n == 0.0 { 0.0 } else { *n }).into_bytes()),
        Value::Flag(flag) => (b'b', vec![u8::from(*flag)]),
    }
}
