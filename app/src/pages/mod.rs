//! One folder per page; what a page shows lives in [`crate::stores`].
//!
//! Names that the end-to-end tests find things by (`data-testid`), page by page:
//!
//! - wherever a model is chosen: `destination` (where texts go, for models that are not one's own)
//! - everywhere: `nav-models`, `nav-chat`, ..., `nav-more`, `engine-status`, `companion-status`, `toasts`
//! - Models: `model-<name>` (one per model) with `download`, `pause`, `resume`, `delete`, `use-model`,
//!   `transfer-words` inside; `accept-licence`, `confirm-delete`, `file-input`, `drop-area`, `url-input`, `url-add`
//! - Models, finding one: `models-yours`, `models-find` (tabs), `find-summary`; fields by their ids: `task`, `languages`,
//!   `privacy-<place>`, `input-tokens`, `output-tokens`, `requests-per-month`, `budget`, ...; `ranked` with
//!   `candidate-<reference>` (`score`, `why`, `factor-<name>`, `memory` inside), `ruled-out` with `excluded-<reference>`,
//!   `costs`, `break-evens`, `hardware`, `import-prices`, `price-findings`, `price-problem`, `refused-prices`, `prices`
//! - Chat: `runs-on` (select), `composer` (textarea), `send`, `stop`, `turn-user`, `turn-assistant` (with
//!   `data-outcome` = `under-way`, `finished`, `stopped` or `failed`), `turn-figures`, `copy`, `edit`,
//!   `edit-text`, `edit-save`, `answer-again`, `new-chat`, `history`, `history-entry`, `chat-settings`,
//!   `system-prompt`, `temperature`, `top-p`, `top-k`, `min-p`, `repetition-penalty`, `max-tokens`, `seed`,
//!   `random-seed`
//! - Prompts: `new-prompt`, `task-<name>`, `prompt-write`, `prompt-examples`, `prompt-try`, `prompt-versions`, `message`,
//!   `message-fault`, `declare-<name>`, `add-example`, `example`, `preview-count`, `preview-cost`, `preview-text`,
//!   `preview-ids`, `choose-now`, `example-pool`, `try-prompt`, `stop-trying`, `try-done`, `try-answer` (with `data-outcome` = `waiting`,
//!   `under-way`, `finished` or `failed`), `vote`, `keep-version`, `version`, `restore-version`, `diff`, `take-scores`;
//!   chains: `new-chain`, `chain-input`, `add-step`, `step`, `chain-faults`, `run-chain`, `stop-chain`, `step-result` (with
//!   `data-outcome` = `waiting`, `under-way`, `done` or `failed`), `step-answer`, `step-question`, `ask-step-again`
//! - Evaluate: `new-evaluation`, `evaluation-setup`, `evaluation-cases`, `evaluation-results`, `evaluation-optimize`,
//!   `suite-prompt`, `suite-model`, `case`, `run-evaluation`, `run-progress`, `resume-run`, `score-row`, `cell`,
//!   `cell-answer`, `comparison`, `start-search`, `candidate`, `search-conclusion`, `search-winner`
//! - Fine-tune: `tune-needs-companion`; `tune-base`, `tune-source-dataset`, `tune-source-files`, `tune-dataset`, `tune-rows`,
//!   `training-file` and `training-file-upload` (also `validation-file…`), `tune-method-…`, `tune-output-…`, `tune-epochs`,
//!   `tune-batch`, `tune-rate`, `tune-suffix`, `tune-seed`, `more-options` with `tune-rank` and others, `start-job`,
//!   `sending`, `tune-problem`; `jobs` with `job` (each with `data-status`) and `open-job` inside; the open one: `new-job`,
//!   `job-lost`, `job-status` (with `data-status`), `job-progress`, `job-fault`, `job-facts`, `pause-job`, `resume-job`,
//!   `cancel-job`, `confirm-cancel-job`, `losses`, `more-curves`, `sample`, `checkpoint`, `event`, `job-result`, `job-proof`,
//!   `tuned-not-there`, `chat-with-tuned`, `compare-question`, `compare`, `compared` with `try-answer`, `delete-tuned`,
//!   `confirm-delete-tuned`
//! - Settings: `theme-light`, `theme-dark`, `theme-system`, `backend-auto`, `backend-cpu`, `backend-gpu`,
//!   `measure-again`; External APIs: `providers`, `provider-<name>` (with `change-provider`, `remove-provider` inside),
//!   `add-provider`, `confirm-remove-provider`, `provider-dialog` with `provider-name`, `provider-address`, `provider-key`,
//!   `ask-provider-models`, `find-provider-model`, `offer-<model>`, `provider-model-id`, `add-provider-model`,
//!   `provider-problem`, `save-provider`

pub mod chat;
pub mod datasets;
pub mod evaluate;
pub mod fine_tune;
pub mod models;
pub mod prompts;
pub mod settings;

pub mod destination;
pub mod document_chooser;
pub mod model_select;
pub mod save_notice;
pub mod trial_answer;
