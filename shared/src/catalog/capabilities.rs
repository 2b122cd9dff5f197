//! What a model can do beside writing text.

use serde::{Deserialize, Serialize};

/// Something that not every model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It calls functions that it is offered.
    Tools,
    /// Its answers can be held to JSON.
    Json,
    /// It reads images.
    Vision,
    /// It was trained to think before it answers.
    Reasoning,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 4] = [Self::Tools, Self::Json, Self::Vision, Self::Reasoning];

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Json => "JSON",
            Self::Vision => "vision",
            Self::Reasoning => "reasoning",
        }
    }
}

/// What a model can do; `None` where nobody says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// It calls functions that it is offered.
    pub tools: Option<bool>,
    /// Its answers can be held to JSON. Models that Quern runs can all: it is enforced token by token.
    pub json: Option<bool>,
    /// It reads images.
    pub vision: Option<bool>,
    /// It was trained to think before it answers.
    pub reasoning: Option<bool>,
}

impl Capabilities {
    /// Whether it has `capability`.
    pub fn get(&self, capability: Capability) -> Option<bool> {
        match capability {
            Capability::Tools => self.tools,
            Capability::Json => self.json,
            Capability::Vision => self.vision,
            Capability::Reasoning => self.reasoning,
        }
    }
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelTask {
    /// Answering questions.
    QuestionAnswering,
    /// Writing and explaining code.
    Code,
    /// Shortening texts.
    Summarization,
    /// Sorting texts into classes.
    Classification,
    /// Finding facts in texts.
    Extraction,
    /// Talking.
    Conversation,
    /// Rewriting texts.
    Rewriting,
    /// Continuing texts, as base models do.
    Completion,
    /// Being trained further.
    FineTuning,
}

impl ModelTask {
    /// Every task.
    pub const ALL: [Self; 9] = [
        Self::QuestionAnswering,
        Self::Code,
        Self::Summarization,
        Self::Classification,
        Self::Extraction,
        Self::Conversation,
        Self::Rewriting,
        Self::Completion,
        Self::FineTuning,
    ];

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::QuestionAnswering => "question answering",
            Self::Code => "code",
            Self::Summarization => "summarization",
            Self::Classification => "classification",
            Self::Extraction => "extraction",
            Self::Conversation => "conversation",
            Self::Rewriting => "rewriting",
            Self::Completion => "completion",
            Self::FineTuning => "fine-tuning",
        }
    }
}
