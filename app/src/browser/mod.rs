//! The few things the app asks of the browser, each behind a small function.

pub mod clipboard;
pub mod clock;
pub mod errors;
pub mod event_loop;
pub mod http;
pub mod local_storage;
pub mod media;
pub mod read_file;
pub mod save_file;
pub mod scope;
