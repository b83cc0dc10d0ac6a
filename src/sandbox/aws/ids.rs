//! Ids that look random and are not: the same sandbox makes the same ones again.

use hex::ToHex as _;
use sha2::{Digest as _, Sha256};

/// Returns 64 hexadecimal digits that depend on `seed` alone.
pub(super) fn hex(seed: &str) -> String {
    Sha256::digest(seed).encode_hex()
}

/// Returns a UUID that depends on `seed` alone.
pub(super) fn uuid(seed: &str) -> String {
    let hex = hex(seed);
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
