//! A new job, its events, and the names of what it makes.

use shared::api::fine_tuning::{
    DpoMethod, EventKind, EventLevel, FineTuningEvent, FineTuningJob, FineTuningRequest, JobDetails, JobStatus, Method,
    MethodKind, StepMetrics, SupervisedMethod,
};

use crate::database::now_unix_s;
use crate::random;

/// Who makes models here; OpenAI's place for the name of an organization.
const ORGANIZATION: &str = "quern";

/// How much of a job's id its model's name has.
const SHORT_ID_CHARACTERS: usize = 8;

/// A job as it is when it is asked for.
pub(crate) fn new_job(request: &FineTuningRequest, seed: u32) -> FineTuningJob {
    let (supervised, dpo) = (request.supervised(), request.dpo());
    let kind = request.kind();
    let method = match kind {
        MethodKind::Supervised => {
            let supervised = Some(SupervisedMethod { hyperparameters: Some(supervised.clone()) });
            Method { kind, supervised, dpo: None }
        }
        MethodKind::Dpo => Method { kind, supervised: None, dpo: Some(DpoMethod { hyperparameters: Some(dpo) }) },
    };
    FineTuningJob {
        id: random::identifier("ftjob"),
        object: "fine_tuning.job".to_owned(),
        created_at: now_unix_s(),
        error: None,
        fine_tuned_model: None,
        finished_at: None,
        estimated_finish: None,
        hyperparameters: supervised,
        model: request.model.clone(),
        organization_id: ORGANIZATION.to_owned(),
        result_files: Vec::new(),
        seed,
        status: JobStatus::ValidatingFiles,
        trained_tokens: None,
        training_file: request.training_file.clone(),
        validation_file: request.validation_file.clone(),
        integrations: Vec::new(),
        metadata: request.metadata.clone(),
        method,
        quern: JobDetails { options: request.quern.clone().unwrap_or_default(), ..JobDetails::default() },
    }
}

/// The name of the model that a job makes: `ft:BASE:ORGANIZATION:SUFFIX:ID`.
pub(super) fn model_name(job: &FineTuningJob, request: &FineTuningRequest) -> String {
    let digits = job.id.rsplit('-').next().unwrap_or(&job.id);
    let short: String = digits.chars().take(SHORT_ID_CHARACTERS).collect();
    format!("ft:{}:{ORGANIZATION}:{}:{short}", job.model, request.suffix.as_deref().unwrap_or_default())
}

/// The name of the model as it is after a step.
pub(super) fn checkpoint_name(job: &FineTuningJob, request: &FineTuningRequest, step: u64) -> String {
    format!("{}:ckpt-step-{step}", model_name(job, request))
}

/// Words.
pub(super) fn message(text: impl Into<String>) -> FineTuningEvent {
    event(EventLevel::Info, EventKind::Message, text.into(), None)
}

/// Words that somebody should read.
pub(super) fn warning(text: impl Into<String>) -> FineTuningEvent {
    event(EventLevel::Warn, EventKind::Message, text.into(), None)
}

/// Why a job failed.
pub(super) fn failure(text: impl Into<String>) -> FineTuningEvent {
    event(EventLevel::Error, EventKind::Message, text.into(), None)
}

/// Words, with data for programs.
pub(super) fn message_with(text: String, data: &impl serde::Serialize) -> FineTuningEvent {
    event(EventLevel::Info, EventKind::Message, text, serde_json::to_value(data).ok())
}

/// The numbers of a step.
pub(super) fn metrics(text: String, metrics: &StepMetrics) -> FineTuningEvent {
    event(EventLevel::Info, EventKind::Metrics, text, serde_json::to_value(metrics).ok())
}

fn event(level: EventLevel, kind: EventKind, message: String, data: Option<serde_json::Value>) -> FineTuningEvent {
    FineTuningEvent {
        id: random::identifier("ftevent"),
        object: "fine_tuning.job.event".to_owned(),
        created_at: now_unix_s(),
        level,
        message,
        kind,
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_openais_names() {
        let mut request = FineTuningRequest::new("smollm2", "file-1");
        let mut job = new_job(&request, 1);
        job.id = "ftjob-0123456789abcdef".to_owned();
        assert_eq!(model_name(&job, &request), "ft:smollm2:quern::01234567");
        request.suffix = Some("facts".to_owned());
        assert_eq!(model_name(&job, &request), "ft:smollm2:quern:facts:01234567");
        assert_eq!(checkpoint_name(&job, &request, 88), "ft:smollm2:quern:facts:01234567:ckpt-step-88");
    }
}
