//! The `providers` of a configuration, and which of our models they are.

use serde_json::{Map, Value, json};

use super::super::finding::Place;
use super::super::yaml::{Node, Shape};
use super::prompts::{ReadPrompt, unused_name};
use super::reader::{Reader, is_code};
use crate::evaluation::{ForeignModel, ModelChoice, ModelSource};
use crate::model_call::OutputConstraint;
use crate::model_pool::{ModelPlace, ModelReference};
use crate::sampling::SamplingParameters;

/// A provider before its id is known.
struct Provider<'n> {
    id: String,
    place: Place,
    label: Option<String>,
    config: Option<&'n Node>,
    prompts: Option<&'n Node>,
}

impl Reader<'_> {
    /// All models, each with a label of its own.
    pub(super) fn providers(&mut self, node: &Node, prompts: &[ReadPrompt]) -> Vec<ModelChoice> {
        let mut models = Vec::new();
        match &node.shape {
            Shape::List(items) => items.iter().for_each(|item| self.provider(item, prompts, &mut models)),
            _ => self.provider(node, prompts, &mut models),
        }
        let mut labels: Vec<String> = Vec::new();
        for model in &mut models {
            model.label = unused_name(&model.label, |label| labels.iter().any(|taken| taken == label));
            labels.push(model.label.clone());
        }
        models
    }

    fn provider(&mut self, node: &Node, prompts: &[ReadPrompt], models: &mut Vec<ModelChoice>) {
        if let Some(reference) = node.text().filter(|text| text.starts_with("file://") && !is_code(text)) {
            if let Some(document) = self.document(reference, &node.place) {
                match &document.shape {
                    Shape::List(items) => items.iter().for_each(|item| self.provider(item, prompts, models)),
                    _ => self.provider(&document, prompts, models),
                }
            }
            return;
        }
        let Some(provider) = self.provider_parts(node) else { return };
        let Some(mut model) = self.model(&provider) else { return };
        if let Some(node) = provider.prompts {
            let wanted: Vec<&str> = match &node.shape {
                Shape::List(items) => items.iter().filter_map(Node::text).collect(),
                _ => node.text().into_iter().collect(),
            };
            for name in wanted.iter().filter(|name| !prompts.iter().any(|prompt| prompt.is_meant_by(name))) {
                self.findings.refuse(&node.place, format!("there is no prompt with the label or id {name:?}"));
            }
            let meant = prompts.iter().filter(|prompt| wanted.iter().any(|name| prompt.is_meant_by(name)));
            model.prompts = Some(meant.map(|prompt| prompt.template.name.clone()).collect());
        }
        models.push(model);
    }

    /// A provider that grades or embeds.
    pub(super) fn grading_provider(&mut self, node: &Node) -> Option<ModelSource> {
        let provider = self.provider_parts(node)?;
        Some(self.model(&provider)?.model)
    }

    fn provider_parts<'n>(&mut self, node: &'n Node) -> Option<Provider<'n>> {
        let place = node.place.clone();
        let entries = match &node.shape {
            Shape::Map(entries) => entries,
            _ => {
                let id = self.text(node, "a provider")?;
                return Some(Provider { id, place, label: None, config: None, prompts: None });
            }
        };
        // `- openai:gpt-4.1: {config: …}`: the id is the key.
        if let ([(id, inner)], true) = (&entries[..], node.get("id").is_none()) {
            let mut provider = Provider { id: id.clone(), place, label: None, config: None, prompts: None };
            self.provider_fields(inner, &mut provider);
            return Some(provider);
        }
        let mut provider = Provider { id: String::new(), place, label: None, config: None, prompts: None };
        self.provider_fields(node, &mut provider);
        if provider.id.is_empty() {
            self.findings.refuse(&provider.place, "this provider has no id; write `id: openai:chat:MODEL`");
            return None;
        }
        Some(provider)
    }

    fn provider_fields<'n>(&mut self, node: &'n Node, provider: &mut Provider<'n>) {
        for (key, value) in self.entries(node, "a provider") {
            match key.as_str() {
                "id" => provider.id = self.text(value, "a provider's id").unwrap_or_default(),
                "label" => provider.label = self.text(value, "a provider's label"),
                "config" => provider.config = Some(value),
                "prompts" => provider.prompts = Some(value),
                "transform" | "transformResponse" => {
                    self.findings.refuse(&value.place, format!("{key} is a program; nothing is executed here"));
                }
                "delay" => self.ignore(key, value, "calls are not delayed"),
                "env" => self.ignore(key, value, "environment variables are not used"),
                _ => self.unknown(key, value, "a provider"),
            }
        }
    }

    fn model(&mut self, provider: &Provider<'_>) -> Option<ModelChoice> {
        let id = provider.id.as_str();
        let is_program = ["exec:", "python:", "javascript:", "ruby:", "golang:", "webhook:", "package:", "mcp"]
            .iter()
            .any(|scheme| id.starts_with(scheme))
            || id.starts_with("file://")
            || is_code(id);
        if is_program {
            self.findings
                .refuse(&provider.place, format!("the provider {id:?} is a program; nothing is executed here"));
            return None;
        }
        let mut base_url = None;
        // promptfoo's own defaults for OpenAI's API.
        let mut sampling = SamplingParameters::GREEDY;
        let mut max_tokens = Some(ModelChoice::USUAL_MAX_TOKENS);
        let mut stop = Vec::new();
        let mut output = None;
        if let Some(config) = provider.config {
            for (key, value) in self.entries(config, "a provider's config") {
                match key.as_str() {
                    "apiBaseUrl" => base_url = self.text(value, "apiBaseUrl"),
                    "apiHost" => base_url = self.text(value, "apiHost").map(|host| format!("https://{host}/v1")),
                    "max_tokens" | "max_completion_tokens" => max_tokens = self.count(value, key),
                    "stop" => {
                        stop = match &value.shape {
                            Shape::List(items) => {
                                items.iter().filter_map(|item| self.text(item, "a stop text")).collect()
                            }
                            _ => self.text(value, "stop").into_iter().collect(),
                        }
                    }
                    "response_format" => output = self.response_format(value),
                    "passthrough" => {
                        for (key, value) in self.entries(value, "passthrough") {
                            self.sampling_field(key, value, &mut sampling);
                        }
                    }
                    "apiKey" | "apiKeyEnvar" | "apiKeyRequired" | "organization" => {
                        self.ignore(key, value, "keys are kept by the companion, never in a file");
                    }
                    "tools" | "functions" | "tool_choice" | "function_call" | "functionToolCallbacks" => {
                        self.findings.refuse(&value.place, format!("{key}: models here are not given tools"));
                    }
                    _ => self.sampling_field(key, value, &mut sampling),
                }
            }
        }
        let model = self.source(id, base_url);
        let label = provider.label.clone().unwrap_or_else(|| match &model {
            ModelSource::Known(reference) => reference.to_string(),
            ModelSource::Foreign(foreign) => foreign.id.clone(),
        });
        Some(ModelChoice { model, label, sampling, max_tokens, stop, output, prompts: None })
    }

    fn sampling_field(&mut self, key: &str, value: &Node, sampling: &mut SamplingParameters) {
        match key {
            "temperature" => sampling.temperature = self.fraction(value, key, sampling.temperature),
            "top_p" => sampling.top_p = self.fraction(value, key, sampling.top_p),
            "min_p" => sampling.min_p = self.fraction(value, key, sampling.min_p),
            "repetition_penalty" => sampling.repetition_penalty = self.fraction(value, key, 1.0),
            "top_k" => sampling.top_k = self.count(value, key).unwrap_or_default(),
            "seed" => match value.value().as_i64() {
                Some(seed) => sampling.seed = seed.cast_unsigned(),
                None => {
                    self.findings.refuse(&value.place, format!("seed must be a whole number, but is {}", value.kind()))
                }
            },
            _ => self.unknown(key, value, "a provider's config"),
        }
    }

    fn fraction(&mut self, node: &Node, key: &str, usual: f32) -> f32 {
        self.number(node, key).map_or(usual, |number| number as f32)
    }

    fn count(&mut self, node: &Node, key: &str) -> Option<u32> {
        let count = node.value().as_u64().and_then(|count| u32::try_from(count).ok());
        if count.is_none() && !matches!(node.shape, Shape::Null) {
            self.findings.refuse(&node.place, format!("{key} must be a whole number, 0 or more"));
        }
        count
    }

    fn source(&self, id: &str, base_url: Option<String>) -> ModelSource {
        if let Ok(reference) = id.parse() {
            return ModelSource::Known(reference);
        }
        let is_ours = base_url.as_deref().is_some_and(|url| is_same_address(url, self.companion_url));
        match openai_model(id) {
            Some(name) if is_ours => {
                ModelSource::Known(ModelReference { place: ModelPlace::Companion, name: name.to_owned() })
            }
            // promptfoo's own ids have a colon, and `echo`: what has none is a model as `quern` names them.
            _ if !id.contains(':') && id != "echo" && base_url.is_none() => {
                ModelSource::Known(ModelReference::companion(id))
            }
            _ => ModelSource::Foreign(ForeignModel { id: id.to_owned(), base_url }),
        }
    }
}

/// The model of `openai:chat:MODEL` or `openai:MODEL`; other endpoints of OpenAI are not chats.
fn openai_model(id: &str) -> Option<&str> {
    let rest = id.strip_prefix("openai:")?;
    if let Some(model) = rest.strip_prefix("chat:") {
        return Some(model);
    }
    let kinds = ["completion", "embedding", "embeddings", "assistant", "responses", "realtime", "moderation", "image"];
    let is_other = kinds.iter().any(|kind| rest == *kind || rest.starts_with(&format!("{kind}:")));
    (!is_other && !rest.is_empty()).then_some(rest)
}

/// Whether two addresses are the same, `localhost` being `127.0.0.1`.
fn is_same_address(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').to_lowercase().replacen("//localhost", "//127.0.0.1", 1);
    plain(one) == plain(other)
}

/// A model as promptfoo has it.
pub(super) fn provider_json(model: &ModelChoice, companion_url: &str) -> Value {
    let usual = SamplingParameters::GREEDY;
    let sampling = &model.sampling;
    let mut config = Map::new();
    let id = match &model.model {
        ModelSource::Known(ModelReference { place: ModelPlace::Companion, name }) => {
            config.insert("apiBaseUrl".into(), companion_url.into());
            config.insert("apiKey".into(), "unused".into());
            format!("openai:chat:{name}")
        }
        ModelSource::Known(reference) => reference.to_string(),
        ModelSource::Foreign(foreign) => {
            config.extend(foreign.base_url.iter().map(|url| ("apiBaseUrl".to_owned(), url.as_str().into())));
            foreign.id.clone()
        }
    };
    config.insert("temperature".into(), decimal(sampling.temperature));
    config.insert("max_tokens".into(), model.max_tokens.into());
    if sampling.top_p != usual.top_p {
        config.insert("top_p".into(), decimal(sampling.top_p));
    }
    if sampling.seed != usual.seed {
        config.insert("seed".into(), sampling.seed.cast_signed().into());
    }
    if !model.stop.is_empty() {
        config.insert("stop".into(), model.stop.clone().into());
    }
    let mut more = Map::new();
    if sampling.top_k != usual.top_k {
        more.insert("top_k".into(), sampling.top_k.into());
    }
    if sampling.min_p != usual.min_p {
        more.insert("min_p".into(), decimal(sampling.min_p));
    }
    if sampling.repetition_penalty != usual.repetition_penalty {
        more.insert("repetition_penalty".into(), decimal(sampling.repetition_penalty));
    }
    if !more.is_empty() {
        config.insert("passthrough".into(), more.into());
    }
    if let Some(output) = &model.output {
        config.insert("response_format".into(), response_format_json(output));
    }
    let mut provider = json!({"id": id, "label": model.label, "config": config});
    if let Some(prompts) = &model.prompts {
        provider["prompts"] = prompts.clone().into();
    }
    provider
}

/// A model that only grades or embeds.
pub(super) fn grading_provider_json(source: &ModelSource, companion_url: &str) -> Value {
    match source {
        ModelSource::Known(ModelReference { place: ModelPlace::Companion, name }) => {
            json!({"id": format!("openai:chat:{name}"), "config": {"apiBaseUrl": companion_url, "apiKey": "unused"}})
        }
        ModelSource::Known(reference) => reference.to_string().into(),
        ModelSource::Foreign(ForeignModel { id, base_url: None }) => id.as_str().into(),
        ModelSource::Foreign(ForeignModel { id, base_url }) => json!({"id": id, "config": {"apiBaseUrl": base_url}}),
    }
}

/// OpenAI's `response_format`.
pub(super) fn response_format_json(output: &OutputConstraint) -> Value {
    match output {
        OutputConstraint::JsonObject => json!({"type": "json_object"}),
        OutputConstraint::JsonSchema(schema) => {
            json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}})
        }
    }
}

/// The shortest decimal that is this number again when read.
fn decimal(number: f32) -> Value {
    number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}
