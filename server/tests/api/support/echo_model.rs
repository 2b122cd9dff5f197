//! A model that says its prompt again, one word a token. Some words make it do what a test needs.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use engine::ModelText;
use server::database::DeviceSpeed;
use server::inference::{Backend, LoadedModel, Target};
use shared::chat_template::{ChatTemplate, TemplateOrigin};
use shared::model_call::{
    Embedding, FinishReason, GenerationEvent, GenerationRequest, GenerationUsage, ModelCallError, ModelCallErrorKind,
    Prompt,
};
use shared::tokenizer::{TextList, TokenKind, Tokenizer, Vocabulary, VocabularyModel};

/// Words of prompt and answer together.
pub(crate) const CONTEXT_WORDS: usize = 64;

/// Loads echo models and notes what happens to them.
#[derive(Clone, Default)]
pub(crate) struct EchoBackend {
    diary: Arc<Diary>,
}

#[derive(Default)]
struct Diary {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    happened: Vec<String>,
    is_released: bool,
    requests: Vec<GenerationRequest>,
}

impl EchoBackend {
    /// Lets every request go on that has the word `hold` (before its first event) or `pause` (at that word).
    pub(crate) fn release(&self) {
        self.diary.state.lock().unwrap().is_released = true;
        self.diary.changed.notify_all();
    }

    /// Waits until something has happened this many times; panics when it takes too long.
    pub(crate) async fn wait_for(&self, event: &str, times: usize) {
        let (diary, event) = (Arc::clone(&self.diary), event.to_owned());
        let wait = move || {
            let state = diary.state.lock().unwrap();
            let is_missing = |state: &mut State| state.happened.iter().filter(|entry| **entry == event).count() < times;
            let (state, timeout) =
                diary.changed.wait_timeout_while(state, Duration::from_secs(20), is_missing).unwrap();
            assert!(!timeout.timed_out(), "{event} did not happen {times} times, but {:?}", state.happened);
        };
        tokio::task::spawn_blocking(wait).await.unwrap();
    }

    /// Everything that has happened so far.
    pub(crate) fn happened(&self) -> Vec<String> {
        self.diary.state.lock().unwrap().happened.clone()
    }

    /// The requests that have reached a model.
    pub(crate) fn requests(&self) -> Vec<GenerationRequest> {
        self.diary.state.lock().unwrap().requests.clone()
    }

    fn wait_for_release(&self) {
        let state = self.diary.state.lock().unwrap();
        drop(self.diary.changed.wait_while(state, |state| !state.is_released).unwrap());
    }

    fn note(&self, event: impl Into<String>) {
        self.diary.state.lock().unwrap().happened.push(event.into());
        self.diary.changed.notify_all();
    }
}

impl Backend for EchoBackend {
    fn device_name(&self, target: Target) -> Option<String> {
        (target == Target::Cpu).then(|| "abacus".to_owned())
    }

    fn load(&self, path: &Path, _: Target) -> Result<Box<dyn LoadedModel>, ModelCallError> {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        self.note(format!("load {name}"));
        if std::fs::read(path).unwrap() == b"broken" {
            return Err(error(ModelCallErrorKind::Unavailable, "this file is no model"));
        }
        Ok(Box::new(EchoModel { name, backend: self.clone() }))
    }

    fn read_text(&self, path: &Path) -> Result<ModelText, ModelCallError> {
        self.note(format!("read {}", path.file_stem().unwrap().to_string_lossy()));
        let mut tokens = TextList::default();
        for token in ["<s>", "</s>", "a", "b", "ab", "\u{2581}"] {
            tokens.push(token);
        }
        let kinds = [vec![TokenKind::Control; 2], vec![TokenKind::Normal; 4]].concat();
        let vocabulary = Vocabulary {
            model: VocabularyModel::SentencePiece { scores: vec![0.0, 0.0, -3.0, -3.0, -1.0, -4.0] },
            tokens,
            kinds,
            beginning_of_sequence: Some(0),
            end_of_sequence: Some(1),
            adds_beginning_of_sequence: true,
            ..Vocabulary::default()
        };
        let template = ChatTemplate::new("{{ messages[0].content }}", TemplateOrigin::Model, "<s>", "</s>").unwrap();
        Ok(ModelText::new(Tokenizer::new(vocabulary).unwrap(), template))
    }
}

struct EchoModel {
    name: String,
    backend: EchoBackend,
}

impl Drop for EchoModel {
    fn drop(&mut self) {
        self.backend.note(format!("unload {}", self.name));
    }
}

impl LoadedModel for EchoModel {
    fn device_name(&self) -> &str {
        "abacus"
    }

    fn use_adapter(&mut self, adapter: Option<&Path>) -> Result<(), ModelCallError> {
        if let Some(adapter) = adapter {
            self.backend.note(format!("use {}", adapter.display()));
        }
        Ok(())
    }

    fn generate(
        &mut self,
        request: &GenerationRequest,
        emit: &mut dyn FnMut(GenerationEvent) -> ControlFlow<()>,
    ) -> Result<(), ModelCallError> {
        self.backend.diary.state.lock().unwrap().requests.push(request.clone());
        self.backend.note("generate");
        let words = words_of(&request.prompt)?;
        check_length(&words)?;
        if words.iter().any(|word| word == "hold") {
            self.backend.wait_for_release();
        }
        let flow = self.answer(request, &words, emit)?;
        self.backend.note(if flow.is_break() { "cancelled" } else { "finished" });
        Ok(())
    }

    /// The length of the first word and that of the last one, as a direction.
    fn embed(&mut self, input: &Prompt) -> Result<Embedding, ModelCallError> {
        self.backend.note("embed");
        let words = words_of(input)?;
        if words.iter().any(|word| word == "hold") {
            self.backend.wait_for_release();
        }
        check_length(&words)?;
        let lengths = [words.first(), words.last()].map(|word| word.map_or(0.0, |word| word.len() as f32));
        let norm = lengths[0].hypot(lengths[1]);
        Ok(Embedding { vector: lengths.map(|length| length / norm).to_vec(), tokens: words.len() as u32 })
    }

    fn measure(&mut self) -> Result<DeviceSpeed, ModelCallError> {
        unreachable!("there is one device, so there is nothing to measure")
    }
}

impl EchoModel {
    fn answer(
        &self,
        request: &GenerationRequest,
        words: &[String],
        emit: &mut dyn FnMut(GenerationEvent) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ModelCallError> {
        let prompt_ids: Vec<u32> = (0..words.len() as u32).collect();
        let mut usage =
            GenerationUsage { prompt_tokens: prompt_ids.len() as u32, cached_prompt_tokens: 1, ..Default::default() };
        if emit(GenerationEvent::Started { prompt_ids }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let is_endless = words.iter().any(|word| word == "endless");
        let wanted = if is_endless { usize::MAX } else { words.len() };
        let allowed = request.limits.max_tokens.map_or(usize::MAX, |tokens| tokens as usize);
        for index in 0..wanted.min(allowed) {
            let word = &words[index % words.len()];
            match word.as_str() {
                "fail" => return Err(error(ModelCallErrorKind::Unavailable, "the device was lost")),
                "panic" => panic!("on purpose"),
                "pause" => self.backend.wait_for_release(),
                _ => {}
            }
            usage.completion_tokens += 1;
            let text = if index == 0 { word.clone() } else { format!(" {word}") };
            if emit(GenerationEvent::Text { text, ids: vec![index as u32] }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if is_endless {
                // What a token costs.
                std::thread::park_timeout(Duration::from_millis(1));
            }
        }
        let reason = if allowed < wanted { FinishReason::Length } else { FinishReason::Stop };
        Ok(emit(GenerationEvent::Finished { reason, usage }))
    }
}

fn check_length(words: &[String]) -> Result<(), ModelCallError> {
    if words.len() <= CONTEXT_WORDS {
        return Ok(());
    }
    let message = format!("the prompt has {} tokens, the context {CONTEXT_WORDS}", words.len());
    // The engine does not know which field of a request held the prompt either.
    Err(error(ModelCallErrorKind::ContextLengthExceeded, &message))
}

fn words_of(prompt: &Prompt) -> Result<Vec<String>, ModelCallError> {
    let text = match prompt {
        Prompt::Chat(messages) => messages.last().map(|message| message.content.clone()).unwrap_or_default(),
        Prompt::Text(text) => text.clone(),
        Prompt::Tokens(ids) => ids.iter().map(|id| format!("t{id} ")).collect(),
    };
    if text.is_empty() {
        return Err(error(ModelCallErrorKind::InvalidRequest, "the prompt is empty"));
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn error(kind: ModelCallErrorKind, message: &str) -> ModelCallError {
    ModelCallError { kind, message: message.to_owned(), param: None }
}
