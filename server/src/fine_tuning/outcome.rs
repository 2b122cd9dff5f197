//! The end of a job that went well: its model is registered and its metrics are a file, and only then it has succeeded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use shared::api::files::FilePurpose;
use shared::api::fine_tuning::{FineTuningEvent, FineTuningJob, JobFault};

use super::job::{message, model_name};
use super::{FineTuning, Transition};
use crate::database::{
    DatabaseError, FineTunedModel, Lease, StoredJob, all_events, change, insert_event, insert_file, insert_model,
    now_unix_s,
};

/// The most by which a logit of the engine that serves may differ from the trainer's; over that, the new model is not offered.
/// The engine's products of 16-bit integers alone make 0.03 over the thirty layers of a small model; rows in another order or
/// another factor make whole logits.
const MOST_LOGIT_DIFFERENCE: f64 = 0.1;

/// What a job with adapters leaves in its folder: for the engine, and for PEFT.
const ADAPTER_FILES: [&str; 3] = ["adapter.gguf", "adapter_config.json", "adapter_model.safetensors"];

/// What a job that trains all weights leaves.
const MODEL_FILE: &str = "model.gguf";

/// The columns of a result file, as OpenAI names them.
const CSV_HEADER: &str = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n";

impl FineTuning {
    /// Ends a job whose worker says that it is done.
    pub(super) fn finish(
        &self,
        lease: &Lease,
        stored: &StoredJob,
        trained_tokens: u64,
        logit_difference: f64,
        template_sha256: String,
    ) -> Result<(), DatabaseError> {
        let note_details = |job: &mut FineTuningJob| {
            job.trained_tokens = Some(trained_tokens);
            job.quern.logit_difference = Some(logit_difference);
            job.quern.template_sha256 = Some(template_sha256);
        };
        let noted = self.write(lease, |connection| change(connection, &lease.job, note_details))?;
        let Some(((), job)) = noted else { return Ok(()) };
        let path = match self.check_outcome(&job, logit_difference) {
            Ok(path) => path,
            Err(fault) => return self.fail(lease, fault),
        };
        let events = self.database().with(|connection| all_events(connection, &lease.job))?;
        let written =
            self.shared.files.stage_now(csv(&events).as_bytes(), result_name(&job), FilePurpose::FineTuneResults);
        let (file, sha256) = match written {
            Ok(written) => written,
            Err(error) => return self.fail(lease, fault("disk_error", error.to_string())),
        };
        let model = FineTunedModel {
            name: model_name(&job, &stored.request),
            job: job.id.clone(),
            base: job.model.clone(),
            path,
            is_adapter: job.quern.options.full != Some(true),
            created_at_unix_s: now_unix_s(),
        };
        let ended = self.write(lease, |connection| {
            insert_file(connection, &file, &sha256)?;
            insert_model(connection, &model)?;
            let told = [
                format!("New fine-tuned model created: {}", model.name),
                "The job has successfully completed".to_owned(),
            ];
            told.into_iter().try_for_each(|text| insert_event(connection, &job.id, &message(text)))?;
            change(connection, &job.id, |job| {
                self.happen(Transition::Succeed, job);
                job.fine_tuned_model = Some(model.name.clone());
                job.result_files = vec![file.id.clone()];
            })
        });
        if !matches!(ended, Ok(Some(_))) {
            self.shared.files.remove_bytes(&file.id);
        }
        ended.map(|_| ())
    }

    /// The file of the new model, where all is as it should be.
    fn check_outcome(&self, job: &FineTuningJob, logit_difference: f64) -> Result<PathBuf, JobFault> {
        // Also refuses what is no number.
        if !(0.0..=MOST_LOGIT_DIFFERENCE).contains(&logit_difference) {
            let text = format!(
                "the engine that would serve the new model computes other logits than the trainer: they differ by up \
                 to {logit_difference:.3}, and at most {MOST_LOGIT_DIFFERENCE} is taken. The model is not offered; its \
                 files are in {}",
                self.folder_of(&job.id).display()
            );
            return Err(fault("logits_differ", text));
        }
        let folder = self.folder_of(&job.id);
        let files: &[&str] = if job.quern.options.full == Some(true) { &[MODEL_FILE] } else { &ADAPTER_FILES };
        match files.iter().find(|file| !folder.join(file).is_file()) {
            Some(missing) => {
                let text = format!("the process that trains said that it is done, but {missing} is not in its folder");
                Err(fault("worker_failed", text))
            }
            None => Ok(folder.join(files[0])),
        }
    }

    /// The model in a checkpoint's folder; `None` where it has none that can be served.
    pub(super) fn checkpoint_model(&self, job: &FineTuningJob, name: &str, folder: &Path) -> Option<FineTunedModel> {
        let is_adapter = job.quern.options.full != Some(true);
        let path = if !is_adapter {
            folder.join(MODEL_FILE)
        } else if folder.join(ADAPTER_FILES[0]).is_file() {
            folder.join(ADAPTER_FILES[0])
        } else if folder.join(ADAPTER_FILES[1]).is_file() {
            folder.to_owned()
        } else {
            return None;
        };
        let (name, created_at_unix_s) = (name.to_owned(), now_unix_s());
        let (job, base) = (job.id.clone(), job.model.clone());
        path.exists().then_some(FineTunedModel { name, job, base, path, is_adapter, created_at_unix_s })
    }
}

fn fault(code: &str, message: String) -> JobFault {
    JobFault { code: code.to_owned(), message, param: None }
}

fn result_name(job: &FineTuningJob) -> String {
    format!("step_metrics_{}.csv", job.id)
}

/// The numbers of each step. Steps that were done again after a restart are there once, as they were the last time.
fn csv(events: &[FineTuningEvent]) -> String {
    let mut rows: BTreeMap<u64, [Option<f64>; 3]> = BTreeMap::new();
    for numbers in events.iter().filter_map(FineTuningEvent::metrics) {
        let row = rows.entry(numbers.step).or_default();
        let new = [numbers.train_loss, numbers.train_mean_token_accuracy, numbers.valid_loss];
        for (kept, new) in row.iter_mut().zip(new) {
            *kept = new.or(*kept);
        }
    }
    let mut text = CSV_HEADER.to_owned();
    for (step, [train_loss, train_accuracy, valid_loss]) in rows {
        let cell = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
        // Writing to a text can't fail. The last column is not measured.
        let _ = writeln!(text, "{step},{},{},{},", cell(train_loss), cell(train_accuracy), cell(valid_loss));
    }
    text
}

#[cfg(test)]
mod tests {
    use shared::api::fine_tuning::StepMetrics;

    use super::*;
    use crate::fine_tuning::job::metrics;

    #[test]
    fn a_step_that_was_done_again_is_there_once() {
        let step = |step, loss| {
            let accuracy = Some(0.5);
            let numbers =
                StepMetrics { step, train_loss: Some(loss), train_mean_token_accuracy: accuracy, ..Default::default() };
            metrics(String::new(), &numbers)
        };
        let valid = StepMetrics { step: 2, valid_loss: Some(1.5), ..Default::default() };
        let events =
            [step(1, 3.0), step(2, 2.0), message("words"), step(2, 2.0), metrics(String::new(), &valid), step(3, 1.0)];
        let expected = format!("{CSV_HEADER}1,3,0.5,,\n2,2,0.5,1.5,\n3,1,0.5,,\n");
        assert_eq!(csv(&events), expected);
    }
}
