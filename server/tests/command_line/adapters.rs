//! Adapters beside a real model on the CPU: as files of both kinds, changed and deleted while the model is in memory.

use std::ops::ControlFlow;
use std::path::Path;

use engine::adapter::peft::{CONFIG_FILE_NAME, WEIGHTS_FILE_NAME};
use engine::adapter::{LoraAdapter, LoraMatrix, LoraSettings, Scaling};
use engine::gguf::GgufFile;
use engine::models::Hyperparameters;
use engine::source::FileSource;
use serde_json::Value;
use server::config::Inference;
use server::inference::{Backend, EngineBackend, LoadedModel, Target};
use shared::model_call::{GenerationEvent, GenerationLimits, GenerationRequest, Prompt};
use shared::sampling::SamplingParameters;

use crate::quern::{Quern, smollm2, text};

const PROMPT: &str = "The capital of France is";

/// An adapter that changes what `SmolLM2` says; each seed in another way.
fn adapter(seed: usize) -> LoraAdapter {
    let (rank, rows, columns) = (4, 576, 1536);
    let waves =
        |count: usize, scale: f32| (0..count).map(|index| scale * ((index * (2 * seed + 7)) as f32).sin()).collect();
    let tensor = "blk.20.ffn_down.weight".to_owned();
    let matrix = LoraMatrix {
        tensor,
        rows,
        columns,
        a: waves(rank * columns, 0.1),
        b: waves(rows * rank, 0.5),
        magnitude: None,
    };
    let settings =
        LoraSettings { rank, alpha: 400.0, scaling: Scaling::Rank, targets: vec!["ffn_down".to_owned()], dora: false };
    LoraAdapter { architecture: "llama".to_owned(), settings, matrices: vec![matrix] }
}

fn generate(quern: &Quern, options: &[&str]) -> Vec<Value> {
    let model = smollm2();
    let fixed = ["generate", "--model", &model, "--device", "cpu", "--context-tokens", "256", "--prompt", PROMPT];
    let greedy = ["--max-tokens", "6", "--temperature", "0", "--json"];
    let answer = quern.run(&[&fixed[..], &greedy, options].concat()).good();
    serde_json::from_str::<Value>(&answer).unwrap()["ids"].as_array().unwrap().clone()
}

#[test]
fn a_file_and_a_folder_of_peft_give_the_same_and_not_what_the_model_gives() {
    let quern = Quern::new();
    let file = quern.file("adapter.gguf", &adapter(1).to_gguf().unwrap());
    let source = FileSource::open(Path::new(&smollm2())).unwrap();
    let sizes = Hyperparameters::read(&GgufFile::read(&source).unwrap()).unwrap();
    let files = adapter(1).to_peft(&sizes, "somebody/model").unwrap();
    std::fs::create_dir(quern.path("peft")).unwrap();
    quern.file(&format!("peft/{CONFIG_FILE_NAME}"), files.config.as_bytes());
    let weights = quern.file(&format!("peft/{WEIGHTS_FILE_NAME}"), &files.weights);
    let base = generate(&quern, &[]);
    let adapted = generate(&quern, &["--adapter", text(&file)]);
    assert_ne!(adapted, base);
    assert_eq!(generate(&quern, &["--adapter", text(weights.parent().unwrap())]), adapted);
}

fn answer(model: &mut dyn LoadedModel) -> Vec<u32> {
    let limits = GenerationLimits { max_tokens: Some(6), ..GenerationLimits::default() };
    let request = GenerationRequest::new(Prompt::Text(PROMPT.to_owned()), SamplingParameters::GREEDY, limits);
    let mut answer = Vec::new();
    let mut listen = |event| {
        if let GenerationEvent::Text { ids, .. } = event {
            answer.extend(ids);
        }
        ControlFlow::Continue(())
    };
    model.generate(&request, &mut listen).unwrap();
    answer
}

#[test]
fn changed_adapters_are_read_again_and_deleted_ones_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let backend = EngineBackend::new(&Inference { context_tokens: 256, ..Inference::default() });
    let mut model = backend.load(Path::new(&smollm2()), Target::Cpu).unwrap();
    let base = answer(model.as_mut());
    // More than are kept at once.
    let paths: Vec<_> = (0..10).map(|seed| folder.path().join(format!("{seed}.gguf"))).collect();
    let mut answers = Vec::new();
    for (seed, path) in paths.iter().enumerate() {
        std::fs::write(path, adapter(seed).to_gguf().unwrap()).unwrap();
        model.use_adapter(Some(path)).unwrap();
        answers.push(answer(model.as_mut()));
    }
    assert!(answers.iter().all(|answer| *answer != base) && answers[0] != answers[9], "{answers:?}");
    for number in [0, 9] {
        model.use_adapter(Some(&paths[number])).unwrap();
        assert_eq!(answer(model.as_mut()), answers[number]);
    }
    // Another size, whatever the clock of the file system.
    let mut file = adapter(0).to_gguf().unwrap();
    file.extend([0; 32]);
    std::fs::write(&paths[9], file).unwrap();
    model.use_adapter(Some(&paths[9])).unwrap();
    assert_eq!(answer(model.as_mut()), answers[0]);
    std::fs::remove_file(&paths[9]).unwrap();
    let error = model.use_adapter(Some(&paths[9])).unwrap_err().message;
    assert!(error.contains("9.gguf: it can't be read"), "{error}");
    assert_eq!(answer(model.as_mut()), base);
    model.use_adapter(Some(&paths[0])).unwrap();
    model.use_adapter(None).unwrap();
    assert_eq!(answer(model.as_mut()), base);
    std::fs::write(&paths[9], "no adapter").unwrap();
    let error = model.use_adapter(Some(&paths[9])).unwrap_err().message;
    assert!(error.contains("9.gguf: this adapter can't be used"), "{error}");
}
