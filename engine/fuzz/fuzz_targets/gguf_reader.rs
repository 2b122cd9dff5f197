//! Any bytes are an error or a usable model: reads the head, plans, records kernels, loads and writes two tokens.

#![no_main]

use engine::gguf::GgufFile;
use engine::gpu::recorder::{Tuning, record};
use engine::models::{self, Hyperparameters};
use engine::{Device, EngineError, LoadOptions, Model, read_summary};
use shared::model_call::{GenerationLimits, GenerationRequest, Prompt};
use shared::sampling::SamplingParameters;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    let summary = read_summary(&bytes);
    let recorded = record_kernels(&bytes);
    let used = load_and_write(bytes);
    assert!(used.is_err() || summary.is_ok(), "what loads can be summarized");
    drop(recorded);
});

fn record_kernels(bytes: &Vec<u8>) -> Result<(), EngineError> {
    let file = GgufFile::read(bytes)?;
    let plan = models::plan(&file, &Hyperparameters::read(&file)?)?;
    record(&plan, Tuning::default()).map(drop)
}

fn load_and_write(bytes: Vec<u8>) -> Result<(), EngineError> {
    let options = LoadOptions { device: Device::Cpu { threads: 1 }, context_tokens: 16 };
    let mut model = pollster::block_on(Model::load(Box::new(bytes), options, &mut |_| {}))?;
    let request = GenerationRequest::new(Prompt::Text("hello".to_owned()), SamplingParameters::default(), GenerationLimits { max_tokens: Some(2), ..GenerationLimits::default() });
    // A vocabulary that can't spell the prompt refuses it.
    if let Ok(mut generation) = model.generate(&request) {
        while let Some(event) = pollster::block_on(generation.next()) {
            assert!(event.is_ok(), "the CPU does not fail: {event:?}");
        }
    }
    Ok(())
}
