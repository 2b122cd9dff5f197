//! The Fine-tune page: what a model learns, and the jobs that teach it.

pub mod checkpoints;
pub mod compare;
pub mod data_choice;
pub mod file_choice;
pub mod form;
pub mod happenings;
pub mod job_actions;
pub mod job_list;
pub mod job_view;
pub mod loss_plot;
pub mod more_options;
pub mod options;
pub mod page;
pub mod result;
pub mod samples;
pub mod status;

pub use page::FineTunePage;
