//! The conversation on the Chat page: sending, stopping, answering again, editing, and keeping it.

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use shared::model_call::{ChatMessage, GenerationEvent, GenerationLimits, GenerationRequest, Prompt};
use shared::model_pool::{ModelPlace, ModelPool, ModelReference};
use wasm_bindgen_futures::spawn_local;

use super::catalogue;
use super::companion::CompanionStore;
use super::conversation::{
    self, AnswerFigures, ConversationEntry, Outcome, Speaker, StoredConversation, StoredTurn, Turn,
};
use super::engine::{EngineStatus, EngineStore};
use super::model_pool::PageModels;
use super::settings::Settings;
use crate::browser::clock::now_ms;
use crate::browser::local_storage;
use crate::components::Toaster;
use crate::workspace::new_id;

const DRAFT_KEY: &str = "draft";
const CURRENT_KEY: &str = "conversation";
/// The page draws an answer's new text at most so often.
const DRAW_EVERY_MS: f64 = 33.0;
/// An answer under way is kept so often, in case the page is closed.
const SAVE_EVERY_MS: f64 = 2_000.0;

/// The conversation on the Chat page.
#[derive(Clone, Copy)]
pub struct ChatStore {
    /// Its id.
    pub id: RwSignal<String>,
    /// Its turns.
    pub turns: RwSignal<Vec<Turn>>,
    /// What the model is told before the first turn.
    pub system_prompt: RwSignal<String>,
    /// What is typed and not sent.
    pub draft: RwSignal<String>,
    /// Every stored conversation.
    pub entries: RwSignal<Vec<ConversationEntry>>,
    /// True while a model answers.
    pub is_answering: RwSignal<bool>,
    /// What screen readers are told of the answer.
    pub announcement: RwSignal<String>,
    engine: EngineStore,
    pool: PageModels,
    settings: Settings,
    toaster: Toaster,
    companion: CompanionStore,
    /// The answer under way: its turn's key, and how to end it.
    under_way: StoredValue<Option<(u64, AbortHandle)>>,
    last_key: StoredValue<u64>,
    /// Turns belong to the app, not to whatever part of a page makes them.
    owner: StoredValue<Owner>,
}

impl ChatStore {
    /// The conversation that was open last.
    pub fn new(
        engine: EngineStore,
        pool: PageModels,
        settings: Settings,
        toaster: Toaster,
        companion: CompanionStore,
    ) -> Self {
        let chat = Self {
            id: RwSignal::new(new_id()),
            turns: RwSignal::new(Vec::new()),
            system_prompt: RwSignal::new(settings.now(|data| data.system_prompt.clone())),
            draft: RwSignal::new(local_storage::load(DRAFT_KEY).unwrap_or_default()),
            entries: RwSignal::new(conversation::entries()),
            is_answering: RwSignal::new(false),
            announcement: RwSignal::new(String::new()),
            engine,
            pool,
            settings,
            toaster,
            companion,
            under_way: StoredValue::new(None),
            last_key: StoredValue::new(0),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
        };
        if let Some(id) = local_storage::load::<String>(CURRENT_KEY) {
            chat.open(&id);
        }
        Effect::new(move |_| {
            // A draft that can't be kept is no reason to disturb who types it.
            let _ = chat.draft.with(|draft| local_storage::save(DRAFT_KEY, draft));
        });
        chat
    }

    /// Shows the stored conversation `id`.
    pub fn open(self, id: &str) {
        let Some(stored) = conversation::load(id) else {
            return;
        };
        self.stop();
        self.id.set(id.to_owned());
        self.system_prompt.set(stored.system_prompt);
        let turns = stored.turns.into_iter().map(|turn| self.restore_turn(turn)).collect();
        self.turns.set(turns);
        self.note_current();
    }

    /// Begins a conversation.
    pub fn start_new(self) {
        self.stop();
        self.id.set(new_id());
        self.turns.set(Vec::new());
        self.system_prompt.set(self.settings.now(|data| data.system_prompt.clone()));
        self.note_current();
    }

    /// Forgets a stored conversation.
    pub fn delete(self, id: &str) {
        if let Err(error) = conversation::delete(id) {
            self.toaster.warn(error);
        }
        self.entries.set(conversation::entries());
        if self.id.get_untracked() == id {
            self.start_new();
        }
    }

    /// Changes what the model is told before the first turn; new conversations begin with it too.
    pub fn change_system_prompt(self, text: String) {
        self.settings.change(|data| data.system_prompt.clone_from(&text));
        self.system_prompt.set(text);
        self.save();
    }

    /// Sends the draft.
    pub fn send_draft(self) {
        let text = self.draft.get_untracked();
        if text.trim().is_empty() || self.is_answering.get_untracked() || self.runs_on().is_none() {
            return;
        }
        self.draft.set(String::new());
        let turn = self.restore_turn(StoredTurn {
            speaker: Speaker::User,
            text: text.trim_end().to_owned(),
            outcome: Outcome::Stopped,
        });
        self.turns.update(|turns| turns.push(turn));
        self.answer();
    }

    /// Drops the last answer and asks again.
    pub fn answer_again(self) {
        self.stop();
        self.turns.update(|turns| {
            while turns.last().is_some_and(|turn| turn.speaker == Speaker::Assistant) {
                turns.pop();
            }
        });
        if !self.turns.with_untracked(Vec::is_empty) {
            self.answer();
        }
    }

    /// Puts `text` in the place of a message, drops what followed it, and asks again.
    pub fn edit(self, key: u64, text: String) {
        self.stop();
        self.turns.update(|turns| {
            if let Some(index) = turns.iter().position(|turn| turn.key == key) {
                turns.truncate(index + 1);
                turns[index].text.set(text);
            }
        });
        self.answer();
    }

    /// Stops the answer under way; what is there stays.
    pub fn stop(self) {
        if let Some((_, stop)) = self.under_way.try_update_value(Option::take).flatten() {
            stop.abort();
            self.is_answering.set(false);
            self.save();
        }
    }

    fn runs_on(self) -> Option<ModelReference> {
        self.settings.now(|data| data.runs_on.clone())
    }

    fn restore_turn(self, stored: StoredTurn) -> Turn {
        self.last_key.update_value(|key| *key += 1);
        let key = self.last_key.get_value();
        self.owner.get_value().with(|| Turn::restore(key, stored))
    }

    fn answer(self) {
        let Some(runs_on) = self.runs_on() else {
            return;
        };
        let messages = self.messages();
        let turn = self.restore_turn(StoredTurn {
            speaker: Speaker::Assistant,
            text: String::new(),
            outcome: Outcome::Stopped,
        });
        turn.outcome.set(Outcome::UnderWay { prefill: None });
        self.turns.update(|turns| turns.push(turn));
        self.is_answering.set(true);
        self.announcement.set("Answering".to_owned());
        self.save();
        self.note_current();

        let (stop, registration) = AbortHandle::new_pair();
        self.under_way.set_value(Some((turn.key, stop)));
        spawn_local(async move {
            let outcome = match Abortable::new(self.stream_answer(runs_on, messages, turn), registration).await {
                Ok(Ok((reason, figures))) => Outcome::Finished { reason, figures },
                Ok(Err(message)) => Outcome::Failed { message },
                Err(_) => Outcome::Stopped,
            };
            self.announcement.set(match &outcome {
                Outcome::Failed { message } => message.clone(),
                Outcome::Stopped => "Stopped".to_owned(),
                _ => turn.text.get_untracked(),
            });
            turn.outcome.set(outcome);
            // Another answer may have begun since this one was stopped.
            if self.under_way.with_value(|now| now.as_ref().is_some_and(|(key, _)| *key == turn.key)) {
                self.under_way.set_value(None);
                self.is_answering.set(false);
            }
            self.save();
        });
    }

    async fn stream_answer(
        self,
        runs_on: ModelReference,
        messages: Vec<ChatMessage>,
        turn: Turn,
    ) -> Result<(shared::model_call::FinishReason, AnswerFigures), String> {
        let call = self.pool.model(&runs_on).map_err(|error| error.message)?;
        let request = self.request(messages);
        let seed = request.sampling.seed;
        let mut drawing = Drawing::new(self, turn);
        let mut events = call.generate(request);
        while let Some(event) = events.next().await {
            match event.map_err(|error| error.message)? {
                GenerationEvent::Started { .. } | GenerationEvent::LogProbabilities { .. } => {}
                GenerationEvent::Prefill { done_tokens, total_tokens } => {
                    turn.outcome.set(Outcome::UnderWay { prefill: Some((done_tokens, total_tokens)) });
                }
                GenerationEvent::Text { text, .. } => drawing.push(&text),
                GenerationEvent::Finished { reason, usage } => {
                    let first_token_seconds = drawing.first_token_seconds(usage.prefill_seconds);
                    let answered_by = self.answered_by(&runs_on);
                    return Ok((reason, AnswerFigures { answered_by, usage, first_token_seconds, seed }));
                }
            }
        }
        Err("The answer broke off. Try again; if it happens again, choose another place to run.".to_owned())
    }

    fn messages(self) -> Vec<ChatMessage> {
        let mut messages = Vec::new();
        let system_prompt = self.system_prompt.get_untracked();
        if !system_prompt.trim().is_empty() {
            messages.push(ChatMessage { role: "system".to_owned(), content: system_prompt });
        }
        self.turns.with_untracked(|turns| messages.extend(turns.iter().map(|turn| turn.to_message())));
        messages
    }

    /// The model and what it ran on, for people.
    fn answered_by(self, runs_on: &ModelReference) -> String {
        let title = untrack(|| catalogue::title_with_place(self.companion, runs_on));
        match (runs_on.place, self.engine.status.get_untracked()) {
            (ModelPlace::Browser, EngineStatus::Ready(loaded)) => format!("{title} · {}", loaded.backend.label()),
            _ => title,
        }
    }

    fn request(self, messages: Vec<ChatMessage>) -> GenerationRequest {
        self.settings.now(|data| {
            let mut sampling = data.sampling;
            if data.is_seed_random {
                // 32 bits are enough to differ and short enough to note down.
                sampling.seed = (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
            }
            let limits = GenerationLimits { max_tokens: Some(data.max_tokens), ..GenerationLimits::default() };
            GenerationRequest::new(Prompt::Chat(messages), sampling, limits)
        })
    }

    fn save(self) {
        let conversation = StoredConversation {
            system_prompt: self.system_prompt.get_untracked(),
            turns: self.turns.with_untracked(|turns| turns.iter().map(|turn| turn.to_stored()).collect()),
        };
        if let Err(error) = conversation::save(&self.id.get_untracked(), &conversation) {
            self.toaster.warn(format!("This conversation is not kept: {error}"));
        }
        self.entries.set(conversation::entries());
    }

    fn note_current(self) {
        // Without storage the page says so when it saves a conversation.
        let _ = local_storage::save(CURRENT_KEY, &self.id.get_untracked());
    }
}

/// Takes an answer's text and draws it in the page, not more often than the eye sees.
struct Drawing {
    chat: ChatStore,
    turn: Turn,
    waiting: String,
    started_ms: f64,
    first_text_ms: Option<f64>,
    drawn_ms: f64,
    saved_ms: f64,
    announced_bytes: usize,
}

impl Drawing {
    fn new(chat: ChatStore, turn: Turn) -> Self {
        let started_ms = now_ms();
        Self {
            chat,
            turn,
            waiting: String::new(),
            started_ms,
            first_text_ms: None,
            drawn_ms: 0.0,
            saved_ms: started_ms,
            announced_bytes: 0,
        }
    }

    fn push(&mut self, text: &str) {
        self.waiting.push_str(text);
        if self.waiting.is_empty() {
            return;
        }
        let now_ms = now_ms();
        self.first_text_ms.get_or_insert(now_ms);
        if now_ms - self.drawn_ms >= DRAW_EVERY_MS {
            self.drawn_ms = now_ms;
            self.draw();
            self.announce_sentences();
        }
        if now_ms - self.saved_ms >= SAVE_EVERY_MS {
            self.saved_ms = now_ms;
            self.chat.save();
        }
    }

    fn draw(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.turn.text.update(|text| text.push_str(&waiting));
        }
    }

    /// Screen readers hear whole sentences: each word by itself would be noise.
    fn announce_sentences(&mut self) {
        self.turn.text.with_untracked(|text| {
            let new = &text[self.announced_bytes..];
            if let Some(end) = new.rfind(['.', '!', '?', '\n'])
                && end > 60
            {
                self.chat.announcement.set(new[..=end].to_owned());
                self.announced_bytes += end + 1;
            }
        });
    }

    fn first_token_seconds(&self, without_text: f64) -> f64 {
        self.first_text_ms.map_or(without_text, |ms| (ms - self.started_ms) / 1000.0)
    }
}

impl Drop for Drawing {
    /// However the answer ends, stopped included, what arrived is shown.
    fn drop(&mut self) {
        self.draw();
    }
}
