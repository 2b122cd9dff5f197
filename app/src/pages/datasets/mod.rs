//! The Datasets page: files become rows, rows are checked, mended and shared out, and files come of them.

pub mod brought;
pub mod checks;
pub mod classes;
pub mod export;
pub mod files;
pub mod learned;
pub mod looked_for;
pub mod made_by_model;
pub mod mapping_editor;
pub mod meaning;
pub mod model_field;
pub mod more_rows;
pub mod page;
pub mod quality;
pub mod ratings;
pub mod row_dialog;
pub mod rows;
pub mod score;
pub mod similarity_slider;
pub mod steps;
pub mod work_bar;

pub use page::DatasetsPage;
