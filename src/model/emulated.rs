//! The mark of what an emulator said, in documents for programs.

use serde_json::Value;

/// With `"emulator": true` in the document where it is of an emulator's world;
/// of Vertex nothing is said.
pub fn emulated(mut document: Value, emulator: bool) -> Value {
    if let (Value::Object(fields), true) = (&mut document, emulator) {
        fields.insert("emulator".to_owned(), Value::Bool(true));
    }
    document
}
