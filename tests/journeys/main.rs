//! A person's ways through the app in a real Chromium, and those of OpenAI's clients to the companion.
//!
//! Each test has a companion, a browser and data of its own. Where one fails it says what the page showed and saves a
//! picture in `tests/screenshots/`.

#![expect(clippy::print_stdout, reason = "what was measured or skipped belongs into the test's output")]

mod appearance;
mod companion_answers;
mod dataset_models;
mod dataset_tools;
mod datasets;
mod downloads;
mod exactness;
mod external_api;
mod find_a_model;
mod fine_tune;
mod first_visit;
mod kept_work;
mod keyboard;
mod large_dataset;
mod log_likelihoods;
mod lost_gpu;
mod offline;
mod openai_clients;
mod own_files;
mod prompts;
mod structured_output;
mod workbench;
