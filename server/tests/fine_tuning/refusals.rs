//! What a worker can't do, in words.

use server::fine_tuning::Output;

use crate::job::{Job, chat_row};

#[test]
fn files_that_teach_nothing_are_refused() {
    let job = Job::new();
    job.write("rows.jsonl", &chat_row("a", "b", 0).repeat(100));
    let (code, message, param) = job.run().failed();
    assert_eq!((&*code, param.as_deref()), ("no_learned_tokens", Some("training_file")));
    assert!(message.contains("weight 0"), "{message}");
    job.write("rows.jsonl", &[chat_row("a", "b", 1), "{\"messages\": 3}\n".to_owned()].concat());
    let (code, message, param) = job.run().failed();
    assert_eq!((&*code, param.as_deref()), ("invalid_training_row", Some("training_file")));
    assert!(message.starts_with("line 2 of the file"), "{message}");
}

#[test]
fn another_base_ends_the_job() {
    let job = Job::new();
    let mut base = job.read("base.gguf");
    *base.last_mut().unwrap() ^= 1;
    std::fs::write(job.path("base.gguf"), base).unwrap();
    let (code, message, param) = job.run().failed();
    assert_eq!((&*code, param.as_deref()), ("base_changed", Some("model")));
    assert!(message.contains("its SHA-256 was"), "{message}");
}

#[test]
fn what_does_not_fit_names_the_setting_that_would() {
    let mut job = Job::new();
    job.specification.packed_tokens = 2_000_000_000;
    job.specify();
    let (code, message, param) = job.run().failed();
    assert_eq!((&*code, param.as_deref()), ("not_enough_memory", Some("packed_tokens")));
    assert!(message.contains("packed_tokens to at most"), "{message}");
}

#[test]
fn losses_that_are_no_numbers_end_the_job_and_keep_the_checkpoint() {
    let mut job = Job::new();
    job.specification.output = Output::Full;
    job.specification.optimizer.adamw.most_gradient_norm = None;
    (job.specification.schedule.peak, job.specification.schedule.warmup_steps) = (1e30, 3);
    job.specification.checkpoint_steps = 1;
    job.specify();
    let (code, message, param) = job.run().failed();
    assert_eq!((&*code, param.as_deref()), ("loss_not_finite", Some("learning_rate_multiplier")));
    assert!(message.contains("Lower the learning rate. The checkpoint of step 2 is kept."), "{message}");
    assert_eq!(job.checkpoints(), ["step-1", "step-2"]);
}

#[test]
fn a_folder_has_one_worker_and_one_specification() {
    let mut job = Job::new();
    let worker = job.start();
    worker.wait_for_step(2);
    assert_eq!(job.run().failed().0, "already_running");
    worker.end().finished();
    std::fs::remove_file(job.path("outcome.json")).unwrap();
    job.specification.seed += 1;
    job.specify();
    assert_eq!(job.run().failed().0, "specification_changed");
}
