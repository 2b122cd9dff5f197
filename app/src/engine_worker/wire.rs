//! Messages as JavaScript values: what `postMessage` copies.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

/// Makes a message.
///
/// # Errors
/// What could not be written; our own bug.
pub fn to_js<T: Serialize>(message: &T) -> Result<JsValue, String> {
    // 64-bit numbers travel as BigInt: seeds use all 64 bits.
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_large_number_types_as_bigints(true);
    message.serialize(&serializer).map_err(|error| error.to_string())
}

/// Reads a message.
///
/// # Errors
/// What could not be read; our own bug, or page and worker of different versions.
pub fn from_js<T: DeserializeOwned>(message: JsValue) -> Result<T, String> {
    serde_wasm_bindgen::from_value(message).map_err(|error| error.to_string())
}
