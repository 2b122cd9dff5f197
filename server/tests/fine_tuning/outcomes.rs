//! What comes of a training.

use engine::adapter::LoraAdapter;
use engine::gguf::GgufFile;
use engine::models::Hyperparameters;
use server::fine_tuning::{Output, WorkerCommand, WorkerEvent};

use crate::job::{Job, chat_row};

fn losses(events: &[WorkerEvent]) -> Vec<f64> {
    let losses = events.iter().filter_map(|event| match event {
        WorkerEvent::Step { loss, .. } => Some(*loss),
        _ => None,
    });
    losses.collect()
}

#[test]
fn an_adapter_is_learned_and_can_be_loaded() {
    let job = Job::new();
    let events = job.run().finished();
    let WorkerEvent::Started { steps: 18, done_steps: 0, learned_tokens, cut_rows: 0, .. } = events[0] else {
        panic!("{:?}", events[0]);
    };
    let losses = losses(&events);
    assert_eq!(losses.len(), 18);
    assert!(losses[17] < 0.5 * losses[0], "{losses:?}");
    let validations: Vec<(u64, f64)> = events
        .iter()
        .filter_map(|event| match event {
            WorkerEvent::Validation { step, loss } => Some((*step, *loss)),
            _ => None,
        })
        .collect();
    assert_eq!(validations.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [5, 10, 15, 18]);
    assert!(validations[3].1 < validations[0].1, "{validations:?}");
    let samples = events.iter().filter(|event| matches!(event, WorkerEvent::Sample { .. })).count();
    assert_eq!(samples, 3);
    let Some(WorkerEvent::Finished { trained_tokens, logit_difference, .. }) = events.last() else { panic!() };
    assert_eq!(*trained_tokens, 3 * learned_tokens);
    // The engine keeps keys and values in 16 bits.
    assert!(*logit_difference < 0.02, "{logit_difference}");

    let adapter = LoraAdapter::from_gguf(&job.read("adapter.gguf")).unwrap();
    assert_eq!(adapter.matrices.len(), 2 * 3);
    let base = job.read("base.gguf");
    let sizes = Hyperparameters::read(&GgufFile::read(&base).unwrap()).unwrap();
    let config = String::from_utf8(job.read("adapter_config.json")).unwrap();
    let from_peft = LoraAdapter::from_peft(&config, &job.read("adapter_model.safetensors"), &sizes).unwrap();
    assert_eq!(from_peft.matrices, adapter.matrices);
    assert!(String::from_utf8(job.read("README.md")).unwrap().contains("base_model: tiny"));
    // The last two, and the ends of epochs.
    assert_eq!(job.checkpoints(), ["step-12", "step-16", "step-18", "step-6"]);
    assert_eq!(job.read("checkpoints/step-18/adapter.gguf"), job.read("adapter.gguf"));

    // Once more: it is all done already.
    let again = job.run().finished();
    assert_eq!(again, events[events.len() - 1..]);
}

#[test]
fn a_model_is_learned_as_a_whole() {
    let mut job = Job::new();
    job.specification.output = Output::Full;
    job.specification.schedule.peak = 1e-3;
    job.specify();
    let events = job.run().finished();
    let losses = losses(&events);
    assert!(losses[17] < 0.5 * losses[0], "{losses:?}");
    let Some(WorkerEvent::Finished { logit_difference, .. }) = events.last() else { panic!() };
    assert!(*logit_difference < 0.02, "{logit_difference}");
    let (base, model) = (job.read("base.gguf"), job.read("model.gguf"));
    let (base, model) = (GgufFile::read(&base).unwrap(), GgufFile::read(&model).unwrap());
    assert_eq!(model.metadata.iter().collect::<Vec<_>>(), base.metadata.iter().collect::<Vec<_>>());
    assert!(model.tensors.iter().zip(&base.tensors).all(|(one, other)| one.name == other.name));
}

#[test]
fn a_pause_and_a_server_that_dies_lose_nothing() {
    let whole = Job::new();
    whole.run().finished();
    let paused = whole.again();
    let mut worker = paused.start();
    worker.wait_for_step(3);
    worker.tell(WorkerCommand::Pause);
    let ended = worker.end();
    assert_eq!(ended.code, Some(0));
    let Some(WorkerEvent::Paused { step }) = ended.events.last() else { panic!("{:?}", ended.events) };
    let step = *step;
    assert!(paused.checkpoints().contains(&format!("step-{step}")), "{:?}", paused.checkpoints());
    let mut worker = paused.start();
    let Some(WorkerEvent::Started { done_steps, .. }) = worker.next() else { panic!("it did not start") };
    assert_eq!(done_steps, step);
    worker.commands = None;
    assert!(matches!(worker.end().events.last(), Some(WorkerEvent::Paused { .. })));
    paused.run().finished();
    for name in ["adapter.gguf", "outcome.json"] {
        assert!(paused.read(name) == whole.read(name), "{name}");
    }
}

#[test]
fn a_cancelled_job_ends_at_once() {
    let job = Job::new();
    let mut worker = job.start();
    worker.wait_for_step(1);
    worker.tell(WorkerCommand::Cancel);
    let ended = worker.end();
    assert_eq!(ended.code, Some(0));
    let is_an_end = |event: &WorkerEvent| {
        matches!(event, WorkerEvent::Finished { .. } | WorkerEvent::Paused { .. } | WorkerEvent::Failed { .. })
    };
    assert!(!ended.events.iter().any(is_an_end), "{:?}", ended.events);
    assert!(!job.path("outcome.json").exists());
}

#[test]
fn a_damaged_checkpoint_is_set_aside_and_the_one_before_it_is_used() {
    let whole = Job::new();
    whole.run().finished();
    let job = whole.again();
    let mut worker = job.start();
    worker.wait_for_step(5);
    worker.tell(WorkerCommand::Pause);
    worker.end();
    let newest = job.checkpoints().iter().filter_map(|name| name[5..].parse::<u64>().ok()).max().unwrap();
    let path = format!("checkpoints/step-{newest}/means.f32");
    let mut bytes = job.read(&path);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(job.path(&path), bytes).unwrap();
    let worker = job.start();
    let Some(WorkerEvent::Started { done_steps, .. }) = worker.next() else { panic!("it did not start") };
    assert!(done_steps > 0 && done_steps < newest, "{done_steps} of {newest}");
    worker.end().finished();
    assert!(job.checkpoints().contains(&format!("step-{newest}.damaged")));
    assert!(job.read("adapter.gguf") == whole.read("adapter.gguf"));
    assert!(job.read("outcome.json") == whole.read("outcome.json"));
}

#[test]
fn steps_that_learn_nothing_count_and_move_nothing() {
    let mut job = Job::new();
    job.write("rows.jsonl", &[chat_row("a", "b", 0), chat_row("c", "d", 1)].concat());
    (job.specification.batch_rows, job.specification.epochs, job.specification.schedule.steps) = (1, 2, 4);
    job.specify();
    let events = job.run().finished();
    assert_eq!(losses(&events).len(), 2);
    let state = String::from_utf8(job.read("checkpoints/step-4/state.json")).unwrap();
    assert!(state.contains("\"optimizer-steps\": 2"), "{state}");
}
