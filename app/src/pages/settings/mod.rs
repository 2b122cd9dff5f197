//! Settings: choices for this browser, and external APIs of the companion.

pub mod page;
pub mod provider_form;
pub mod provider_models;
pub mod providers;

pub use page::SettingsPage;
