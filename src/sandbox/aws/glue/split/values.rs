//! Values that nobody is to read, as texts of the same number.

use std::sync::Arc;

use arrow_array::{
    Array as _, ArrayRef, StringArray,
    cast::AsArray as _,
    types::{Int32Type, Int64Type, TimestampMicrosecondType},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The key of the sandbox's hashes.
const KEY: &[u8] = b"sandbox-hash-key";

/// Returns the keyed hash of each value.
pub(super) fn hashed(values: &ArrayRef) -> ArrayRef {
    let hash = |text: String| {
        let mut hash = Hmac::<Sha256>::new_from_slice(KEY).expect("a key may have any length");
        hash.update(text.as_bytes());
        hex::encode(hash.finalize().into_bytes())
    };
    texts(texts_of(values).into_iter().map(|it| it.map(hash)))
}

/// Returns a mask for each value.
pub(super) fn masked(values: &ArrayRef) -> ArrayRef {
    texts(texts_of(values).into_iter().map(|it| it.map(|_| "***".to_owned())))
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Returns each value as text; those that are null stay so.
fn texts_of(values: &ArrayRef) -> Vec<Option<String>> {
    let text = |row: usize| {
        if values.is_null(row) {
            None
        } else if let Some(it) = values.as_string_opt::<i32>() {
            Some(it.value(row).to_owned())
        } else if let Some(it) = values.as_boolean_opt() {
            Some(it.value(row).to_string())
        } else if let Some(it) = values.as_primitive_opt::<Int32Type>() {
            Some(it.value(row).to_string())
        } else if let Some(it) = values.as_primitive_opt::<Int64Type>() {
            Some(it.value(row).to_string())
        } else {
            let it = values.as_primitive_opt::<TimestampMicrosecondType>();
            Some(it.expect("the sandbox's databases have no other types").value(row).to_string())
        }
    };
    (0..values.len()).map(text).collect()
}
