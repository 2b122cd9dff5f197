//! Models: what there is, what fits, and bringing it into this browser.

pub mod add_own;
pub mod device_card;
pub mod dialogs;
pub mod find;
pub mod model_card;
pub mod page;
pub mod row;
pub mod your_models;

pub use page::ModelsPage;
