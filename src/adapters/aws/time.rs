//! The SDK's times as ours.

use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;

/// Returns the same moment. `None`: it is outside of the years that have four digits.
pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(time.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_kept() {
        let time = DateTime::from_secs_and_nanos(1_795_316_400, 250_000_000);
        assert_eq!(timestamp(&time).unwrap().to_string(), "2026-11-22T03:00:00.25Z");
    }
}
