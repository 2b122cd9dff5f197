//! Settings: choices for this browser.

mod page;

pub use page::SettingsPage;
