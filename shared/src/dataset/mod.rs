//! Datasets: rows of any format, from any file, made into what a model is trained on.
//!
//! Nothing here does I/O: bytes come from whoever calls, in the page's worker and natively, and the same bytes give the
//! same rows on both sides.

pub mod answer_pair;
pub mod asking;
pub mod checks;
pub mod classes;
pub mod dataset_info;
pub mod documents;
pub mod duplicates;
pub mod encoding_damage;
pub mod export;
pub mod formats;
pub mod json;
pub mod loss_mask;
pub mod measures;
mod named_column;
pub mod overview;
pub mod personal_data;
pub mod preparation;
pub mod preview;
#[cfg(test)]
mod random_rows;
pub mod recipe;
pub mod records;
pub mod row;
pub mod rows;
pub mod set_aside;
pub mod steps;
pub mod survey;
pub mod table;
pub mod text_language;
