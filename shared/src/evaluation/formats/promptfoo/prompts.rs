//! The `prompts` of a configuration.

use serde_json::{Value, json};

use super::super::finding::Place;
use super::super::nunjucks::{self, Translated};
use super::super::yaml::{Node, Shape};
use super::reader::{Reader, is_code};
use crate::model_call::OutputConstraint;
use crate::prompt::{MessageTemplate, PromptTemplate};

/// Most characters of a name that is taken from a prompt's text.
const MOST_NAME_CHARACTERS: usize = 60;

/// A prompt and how other parts of the configuration call it.
pub(super) struct ReadPrompt {
    /// Without declared variables.
    pub(super) template: PromptTemplate,
    /// What the template uses.
    pub(super) variables: Vec<String>,
    /// promptfoo's label: the given one or the text.
    label: String,
    id: Option<String>,
}

impl ReadPrompt {
    /// Whether a reference names it: its label, its id, or how either begins.
    pub(super) fn is_meant_by(&self, reference: &str) -> bool {
        let names = [Some(self.label.as_str()), self.id.as_deref()];
        names.into_iter().flatten().any(|name| {
            name == reference
                || reference.strip_suffix('*').is_some_and(|beginning| name.starts_with(beginning))
                || name.strip_prefix(reference).is_some_and(|rest| rest.starts_with(':'))
        })
    }
}

/// One entry of `prompts` before its text is looked at.
struct Entry {
    raw: String,
    label: Option<String>,
    id: Option<String>,
    output: Option<OutputConstraint>,
    place: Place,
}

impl Reader<'_> {
    /// All prompts, each with a name of its own.
    pub(super) fn prompts(&mut self, node: &Node) -> Vec<ReadPrompt> {
        let mut entries = Vec::new();
        match &node.shape {
            Shape::List(items) => items.iter().for_each(|item| entries.extend(self.prompt_entry(item))),
            Shape::Map(files) => {
                for (raw, label) in files {
                    let label = self.text(label, "a prompt's label");
                    entries.push(Entry { raw: raw.clone(), label, id: None, output: None, place: node.place.clone() });
                }
            }
            _ => entries.extend(self.prompt_entry(node)),
        }
        let mut prompts: Vec<ReadPrompt> = Vec::new();
        for entry in entries {
            for mut prompt in self.read_entry(entry) {
                let taken = |name: &str| prompts.iter().any(|other| other.template.name == name);
                prompt.template.name = unused_name(&prompt.template.name, taken);
                prompts.push(prompt);
            }
        }
        prompts
    }

    fn prompt_entry(&mut self, node: &Node) -> Option<Entry> {
        let place = node.place.clone();
        if !matches!(node.shape, Shape::Map(_)) {
            let raw = self.text(node, "a prompt")?;
            return Some(Entry { raw, label: None, id: None, output: None, place });
        }
        let mut entry = Entry { raw: String::new(), label: None, id: None, output: None, place };
        for (key, value) in self.entries(node, "a prompt") {
            match key.as_str() {
                "raw" => entry.raw = self.text(value, "a prompt's raw text")?,
                "label" | "display" => entry.label = self.text(value, "a prompt's label"),
                "id" => entry.id = self.text(value, "a prompt's id"),
                "config" => {
                    for (key, value) in self.entries(value, "a prompt's config") {
                        match key.as_str() {
                            "response_format" => entry.output = self.response_format(value),
                            _ => self.unknown(key, value, "a prompt's config"),
                        }
                    }
                }
                "function" | "transform" => self.findings.refuse(&value.place, "a prompt's function is not executed"),
                _ => self.unknown(key, value, "a prompt"),
            }
        }
        if entry.raw.is_empty() {
            entry.raw = entry.id.clone().unwrap_or_default();
        }
        if entry.raw.is_empty() {
            self.findings.refuse(&entry.place, "this prompt has no text; write `raw: …` or `id: file://…`");
            return None;
        }
        Some(entry)
    }

    /// The prompts that an entry stands for: a file can hold several.
    fn read_entry(&mut self, entry: Entry) -> Vec<ReadPrompt> {
        let raw = entry.raw.as_str();
        if let Some(scheme) =
            ["exec:", "portkey://", "langfuse://", "helicone://"].iter().find(|s| raw.starts_with(**s))
        {
            self.findings
                .refuse(&entry.place, format!("{scheme} prompts come from a program or a service; write the text"));
            return Vec::new();
        }
        if !raw.starts_with("file://") && !names_a_file(raw) {
            return self.read_prompt(&entry, raw, raw, first_words(raw)).into_iter().collect();
        }
        let Some((path, text)) = self.file(raw, &entry.place) else { return Vec::new() };
        let place = Place { file: path.clone(), ..Place::default() };
        let entry = Entry { place, ..entry };
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let texts: Vec<String> = match ending {
            "txt" => text
                .lines()
                .fold(vec![String::new()], |mut parts, line| {
                    if line.trim() == "---" {
                        parts.push(String::new());
                    } else if let Some(part) = parts.last_mut() {
                        part.push_str(line);
                        part.push('\n');
                    }
                    parts
                })
                .iter()
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect(),
            "jsonl" => text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            "yaml" | "yml" | "json" => match Node::read(&text, &path) {
                Ok(node) => vec![node.value().to_string()],
                Err(_) => vec![text],
            },
            "csv" => {
                self.findings
                    .refuse(&entry.place, "prompts in a CSV file are not read; write each in the configuration");
                Vec::new()
            }
            _ => vec![text],
        };
        if texts.is_empty() {
            self.findings.refuse(&entry.place, "there is no prompt in it");
        }
        texts
            .iter()
            .filter_map(|text| {
                let label = match (ending, &entry.label) {
                    ("txt", Some(label)) => format!("{label}: {path}: {text}"),
                    ("jsonl", Some(label)) if texts.len() > 1 => format!("{label}: {text}"),
                    (_, Some(label)) => label.clone(),
                    _ => format!("{path}: {text}"),
                };
                let name = if texts.len() == 1 { path.clone() } else { format!("{path}: {}", first_words(text)) };
                self.read_prompt(&entry, text, &label, name)
            })
            .collect()
    }

    fn read_prompt(&mut self, entry: &Entry, raw: &str, usual_label: &str, usual_name: String) -> Option<ReadPrompt> {
        let label = entry.label.clone().unwrap_or_else(|| usual_label.to_owned());
        let (messages, variables) = self.messages(raw, &entry.place)?;
        let name = entry.label.clone().or_else(|| entry.id.clone()).unwrap_or(usual_name);
        let template = PromptTemplate { name, messages, output: entry.output.clone(), ..PromptTemplate::default() };
        Some(ReadPrompt { template, variables, label, id: entry.id.clone() })
    }

    /// The turns that a prompt's text stands for: a list of messages in JSON or YAML, or one message of a user.
    fn messages(&mut self, raw: &str, place: &Place) -> Option<(Vec<MessageTemplate>, Vec<String>)> {
        let trimmed = raw.trim_start();
        let is_list = trimmed.starts_with("- role:") || trimmed.starts_with('[') && trimmed.contains("\"role\"");
        let parts = if is_list { self.listed_messages(raw, place)? } else { vec![("user".to_owned(), raw.to_owned())] };
        let mut messages = Vec::new();
        let mut variables = Vec::new();
        for (role, text) in parts {
            let translated = self.translated(&text, place)?;
            variables.extend(translated.variables);
            messages.push(MessageTemplate { role, text: translated.text });
        }
        variables.sort();
        variables.dedup();
        Some((messages, variables))
    }

    /// A template in our dialect, or `None` after a refusal.
    pub(super) fn translated(&mut self, text: &str, place: &Place) -> Option<Translated> {
        match nunjucks::translate(text) {
            Ok(translated) => Some(translated),
            Err(fault) => {
                let inside =
                    if text.contains('\n') { format!("line {} of the prompt: ", fault.line) } else { String::new() };
                self.findings.refuse(place, format!("{inside}{}", fault.message));
                None
            }
        }
    }

    fn listed_messages(&mut self, raw: &str, place: &Place) -> Option<Vec<(String, String)>> {
        let (masked, tags) = nunjucks::mask_tags(raw);
        let Ok(node) = Node::read(&masked, "") else {
            self.findings.refuse(
                place,
                "this prompt looks like a list of messages, but is none until it is filled in; write the messages \
                 out, with variables only inside of their texts",
            );
            return None;
        };
        let mut messages = Vec::new();
        for message in self.items(&node, "a prompt of messages") {
            let (mut role, mut content) = (None, None);
            for (key, value) in self.entries(message, "a message") {
                match (key.as_str(), &value.shape) {
                    ("role", Shape::Text(text)) => role = Some(text.clone()),
                    ("content", Shape::List(parts)) => match text_of_parts(parts) {
                        Some(text) => content = Some(text),
                        None => {
                            self.findings
                                .refuse(place, "a message has a picture or sound in it; models here read text only");
                            return None;
                        }
                    },
                    ("content", _) => content = self.text(value, "a message's content"),
                    _ => {}
                }
            }
            let has_more = matches!(&message.shape, Shape::Map(entries) if entries.len() != 2);
            let (Some(role), Some(content), false) = (role, content, has_more) else {
                self.findings.refuse(place, "a message must have a role and a text as content, and nothing else");
                return None;
            };
            messages.push((nunjucks::unmask_tags(&role, &tags), nunjucks::unmask_tags(&content, &tags)));
        }
        if messages.is_empty() {
            self.findings.refuse(place, "this prompt has no messages");
            return None;
        }
        Some(messages)
    }

    /// OpenAI's `response_format`.
    pub(super) fn response_format(&mut self, node: &Node) -> Option<OutputConstraint> {
        let document;
        let node = match node.text() {
            Some(reference) if reference.starts_with("file://") => {
                document = self.document(reference, &node.place)?;
                &document
            }
            _ => node,
        };
        match node.get("type").and_then(Node::text) {
            Some("text") => None,
            Some("json_object") => Some(OutputConstraint::JsonObject),
            Some("json_schema") => {
                let schema =
                    node.get("json_schema").and_then(|inner| inner.get("schema")).or_else(|| node.get("schema"));
                let Some(schema) = schema else {
                    self.findings.refuse(&node.place, "response_format has no json_schema.schema");
                    return None;
                };
                match schema.text() {
                    Some(reference) => {
                        let document = self.document(reference, &schema.place)?;
                        Some(OutputConstraint::JsonSchema(document.value()))
                    }
                    None => Some(OutputConstraint::JsonSchema(schema.value())),
                }
            }
            other => {
                let came = other.unwrap_or("nothing");
                let message = format!("response_format's type is {came}; it must be text, json_object or json_schema");
                self.findings.refuse(&node.place, message);
                None
            }
        }
    }
}

/// The text of a message given in parts, where all are texts.
fn text_of_parts(parts: &[Node]) -> Option<String> {
    parts.iter().map(|part| (part.get("type")?.text()? == "text").then(|| part.get("text")?.text())?).collect()
}

/// Whether a prompt is the path of a file rather than a text.
fn names_a_file(raw: &str) -> bool {
    let path = raw.rsplit_once(':').map_or(raw, |(path, _)| path);
    let has_ending = [raw, path].iter().any(|path| {
        path.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && ["txt", "json", "jsonl", "yaml", "yml", "md", "j2", "csv"].contains(&ending)
        })
    });
    !raw.contains(['\n', ' ', '{']) && (has_ending || is_code(raw))
}

/// The beginning of the first line that has something in it.
fn first_words(raw: &str) -> String {
    let line = raw.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("prompt");
    match line.char_indices().nth(MOST_NAME_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The name, with a number where it is taken.
pub(super) fn unused_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (2..).map(|number| format!("{name} ({number})")).find(|name| !is_taken(name)).unwrap_or_default()
}

/// The messages of a template as promptfoo reads them.
///
/// # Errors
/// A template that nunjucks has no words for.
pub(super) fn raw_prompt(template: &PromptTemplate) -> Result<String, nunjucks::TemplateFault> {
    template.messages.iter().try_for_each(|message| nunjucks::check_ours(&message.text))?;
    if let [message] = &template.messages[..]
        && message.role == "user"
        && !looks_like_messages(&message.text)
    {
        return Ok(message.text.clone());
    }
    let messages: Value =
        template.messages.iter().map(|message| json!({"role": message.role, "content": message.text})).collect();
    Ok(serde_json::to_string_pretty(&messages).unwrap_or_default())
}

/// Whether a text would be taken for something else than a text.
fn looks_like_messages(text: &str) -> bool {
    let trimmed = text.trim_start();
    trimmed.starts_with("- role:")
        || trimmed.starts_with('[')
        || ["file://", "exec:", "portkey://", "langfuse://", "helicone://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
        || names_a_file(text)
        || serde_json::from_str::<Value>(text).is_ok()
}
