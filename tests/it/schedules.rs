//! Seeded schedules.
