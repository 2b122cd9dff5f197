//! Settings: choices for this browser.

pub mod page;

pub use page::SettingsPage;
