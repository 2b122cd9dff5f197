//! How a job stands, and what it is called.

use leptos::prelude::*;
use shared::api::files::FileObject;
use shared::api::fine_tuning::{FineTuningJob, JobStatus};

use crate::components::{Badge, Tone};

/// How a job stands, in a word or two.
pub(super) fn words(job: &FineTuningJob) -> &'static str {
    match job.status {
        JobStatus::Running if job.quern.pausing => "Pausing",
        JobStatus::ValidatingFiles => "Reading its files",
        JobStatus::Queued => "Waiting for others",
        JobStatus::Running => "Learning",
        JobStatus::Paused => "Paused",
        JobStatus::Succeeded => "Done",
        JobStatus::Failed => "Failed",
        JobStatus::Cancelled => "Cancelled",
    }
}

fn tone(status: JobStatus) -> Tone {
    match status {
        JobStatus::ValidatingFiles | JobStatus::Queued | JobStatus::Cancelled => Tone::Neutral,
        JobStatus::Running => Tone::Accent,
        JobStatus::Paused => Tone::Warning,
        JobStatus::Succeeded => Tone::Good,
        JobStatus::Failed => Tone::Danger,
    }
}

/// How a job stands.
#[component]
pub fn StatusBadge(
    /// The job.
    job: FineTuningJob,
) -> impl IntoView {
    view! { <Badge tone=tone(job.status)>{words(&job)}</Badge> }
}

/// What people call a job: the suffix of its model's name, else the file that it learns from.
pub(super) fn name(job: &FineTuningJob, files: &[FileObject]) -> String {
    let suffix = job.fine_tuned_model.as_deref().and_then(suffix);
    let file = || files.iter().find(|file| file.id == job.training_file).map(|file| file.filename.clone());
    suffix.map(str::to_owned).or_else(file).unwrap_or_else(|| job.id.clone())
}

/// The suffix in `ft:BASE:ORGANIZATION:SUFFIX:ID`, where there is one.
fn suffix(model: &str) -> Option<&str> {
    model.split(':').nth(3).filter(|suffix| !suffix.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_the_fourth_part_of_a_name() {
        assert_eq!(suffix("ft:smollm2:quern:lighthouse:a1"), Some("lighthouse"));
        assert_eq!(suffix("ft:smollm2:quern::a1"), None);
        assert_eq!(suffix("smollm2"), None);
    }
}
