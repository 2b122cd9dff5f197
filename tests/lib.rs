//! What the journeys are written with: the real companion, a real Chromium, and one page object per page.
//!
//! The journeys themselves are in `journeys/`; `docs/testing.md` says how to run one.

pub mod browser;
pub mod companion;
pub mod console;
pub mod environment;
pub mod fake_provider;
pub mod gate;
pub mod look;
pub mod messy_dataset;
pub mod pages;
pub mod stage;
pub mod wait;
