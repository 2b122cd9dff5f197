//! LLaMA-Factory's `dataset_info.json`: what it must know of files to train on them.
//!
//! Its converters ask every row for every column that the file names and fail where a row lacks it, so only columns are named
//! that are there; and what they would read wrongly gets no entry.
//!
//! <https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md>

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::export::{Export, Exported};
use super::formats::Format;
use super::json::{self, Kind, Tape};

/// The file's name.
pub const FILE_NAME: &str = "dataset_info.json";

/// What must be known of a file's rows, noted while they are written.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    tape: Tape,
    rows: u64,
    /// How many rows have a column.
    columns: HashMap<String, u64>,
    /// Some prompts or answers are lists of messages and no texts.
    has_messages_for_texts: bool,
    /// Some messages call tools, or say something else than a text.
    has_more_than_texts: bool,
}

/// Columns that TRL's formats fill with a text or with messages.
const TEXTS_OR_MESSAGES: [&str; 4] = ["prompt", "completion", "chosen", "rejected"];

impl Contents {
    /// Notes a row that was written in a format. Where nothing that is said of the format depends on its rows, the row is not
    /// read again, which would take longer than writing it.
    pub fn note_written(&mut self, format: Format, row: &str) {
        match format {
            Format::TrlText | Format::ChatMl | Format::OpenAiPreference => self.rows += 1,
            // Tools anywhere are all that matters of it.
            Format::OpenAiChat if self.has_more_than_texts || self.has("tools") => self.rows += 1,
            _ => self.note(row),
        }
    }

    /// Notes a row, which is a JSON object in text.
    fn note(&mut self, row: &str) {
        let Ok(row) = self.tape.read(row) else { return };
        self.rows += 1;
        for (name, value) in row.entries().filter(|(_, value)| !value.is_null()) {
            match self.columns.get_mut(name) {
                Some(rows) => *rows += 1,
                None => _ = self.columns.insert(name.to_owned(), 1),
            }
            self.has_messages_for_texts |= TEXTS_OR_MESSAGES.contains(&name) && value.kind() == Kind::List;
            self.has_more_than_texts |= name == "messages" && value.items().any(is_more_than_text);
        }
    }

    fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// Whether all rows have a column, or none has it.
    fn all_have(&self, column: &str) -> Result<bool, &'static str> {
        match self.columns.get(column) {
            None => Ok(false),
            Some(rows) if *rows == self.rows => Ok(true),
            Some(_) => {
                Err("it holds rows of several kinds; export preferences, judged answers and conversations apart")
            }
        }
    }
}

fn is_more_than_text(message: json::Value<'_>) -> bool {
    message.get("content").is_none_or(|content| content.kind() != Kind::Text) || message.get("tool_calls").is_some()
}

/// What LLaMA-Factory is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetInfo {
    /// The file; `None` where it can read none of the others.
    pub text: Option<String>,
    /// Files that it can't read, each with the reason.
    pub left_out: Vec<(String, &'static str)>,
}

impl DatasetInfo {
    /// Describes files that were written.
    pub fn of<'a>(written: impl IntoIterator<Item = &'a (Export, Exported)>) -> Self {
        let mut info = Self::default();
        let mut entries = Map::new();
        for (export, exported) in written {
            match described(export, &exported.contents) {
                Err(reason) => info.left_out.push((export.file.clone(), reason)),
                Ok(mut entry) => {
                    entry.insert("file_name".to_owned(), json!(export.file));
                    let name = export.file.split('.').next().filter(|name| !entries.contains_key(*name));
                    entries.insert(name.unwrap_or(&export.file).to_owned(), Value::Object(entry));
                }
            }
        }
        info.text = (!entries.is_empty()).then(|| to_text(entries));
        info
    }
}

/// A file's description with the entries of another added, which take the place of those of the same names.
///
/// # Errors
/// One of them is no such description.
pub fn merged(before: &str, added: &str) -> Result<String, serde_json::Error> {
    let mut entries: Map<String, Value> = serde_json::from_str(before)?;
    entries.extend(serde_json::from_str::<Map<String, Value>>(added)?);
    Ok(to_text(entries))
}

fn to_text(entries: Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(entries))
}

/// A file's entry, or why it has none.
fn described(export: &Export, contents: &Contents) -> Result<Map<String, Value>, &'static str> {
    let is_table = match export.file.rsplit_once('.') {
        Some((_, "json" | "jsonl" | "parquet")) => false,
        Some((_, "csv")) => true,
        _ => return Err("it loads files called .json, .jsonl, .csv and .parquet, none of them compressed"),
    };
    if contents.rows == 0 {
        return Err("no row is in it");
    }
    let without_messages = |is_without: bool| {
        if is_without {
            Ok(())
        } else {
            Err("its messages are read from .json, .jsonl and .parquet, and of a table not")
        }
    };
    let mut columns = Map::new();
    let mut name = |role: &str, column: &str| _ = columns.insert(role.to_owned(), json!(column));
    let mut entry = Map::new();
    let mut say = |key: &str, value: Value| _ = entry.insert(key.to_owned(), value);
    match export.format {
        Format::OpenAiChat => {
            without_messages(!is_table)?;
            if contents.has("tools") || contents.has_more_than_texts {
                return Err("it reads tools, and their calls, in ShareGPT's format only");
            }
            say("formatting", json!("sharegpt"));
            name("messages", "messages");
            // Where one is named, those that are not would be none.
            let tags = json!({
                "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
                "observation_tag": "tool", "function_tag": "function_call", "system_tag": "system",
            });
            say("tags", tags);
        }
        Format::ShareGpt => {
            without_messages(!is_table)?;
            say("formatting", json!("sharegpt"));
            name("messages", "conversations");
            ["system", "tools"].into_iter().filter(|it| contents.has(it)).for_each(|it| name(it, it));
            if contents.all_have("chosen")? {
                say("ranking", json!(true));
                ["chosen", "rejected"].into_iter().for_each(|it| name(it, it));
            } else if contents.all_have("kto_tag")? {
                name("kto_tag", "kto_tag");
            }
            let tags = json!({
                "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
                "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system",
            });
            say("tags", tags);
        }
        Format::Alpaca => {
            without_messages(!is_table || !contents.has("history"))?;
            say("formatting", json!("alpaca"));
            name("prompt", "instruction");
            name("query", "input");
            ["system", "history"].into_iter().filter(|it| contents.has(it)).for_each(|it| name(it, it));
            if contents.all_have("chosen")? {
                say("ranking", json!(true));
                ["chosen", "rejected"].into_iter().for_each(|it| name(it, it));
            } else {
                name("response", "output");
                if contents.all_have("kto_tag")? {
                    name("kto_tag", "kto_tag");
                }
            }
        }
        Format::TrlPromptCompletion | Format::TrlPreference | Format::TrlFeedback
            if contents.has_messages_for_texts =>
        {
            return Err("its prompts and answers are lists of messages; export it as ShareGPT or Alpaca");
        }
        Format::TrlPromptCompletion => {
            say("formatting", json!("alpaca"));
            name("prompt", "prompt");
            name("response", "completion");
        }
        Format::TrlPreference => {
            say("formatting", json!("alpaca"));
            say("ranking", json!(true));
            ["prompt", "chosen", "rejected"].into_iter().for_each(|it| name(it, it));
        }
        Format::TrlFeedback => {
            say("formatting", json!("alpaca"));
            name("prompt", "prompt");
            name("response", "completion");
            name("kto_tag", "label");
        }
        Format::TrlText | Format::ChatMl => {
            say("formatting", json!("alpaca"));
            name("prompt", "text");
        }
        Format::OpenAiPreference => return Err("it does not know OpenAI's preferences; export ShareGPT or Alpaca"),
    }
    entry.insert("columns".to_owned(), Value::Object(columns));
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(file: &str, format: Format, rows: &[&str]) -> (Export, Exported) {
        let mut exported = Exported::default();
        for row in rows {
            let mut tape = Tape::default();
            let mut line = String::new();
            let row = super::super::formats::detect(tape.read(row).unwrap()).unwrap().read(tape.read(row).unwrap());
            format.write(&row.unwrap(), &mut line).unwrap();
            exported.contents.note(&line);
        }
        (Export::new(file.to_owned(), format, None), exported)
    }

    /// LLaMA-Factory's own rules, as of version 0.9: what its converters look up without a second thought must be there.
    fn read_as_llama_factory(format: Format, rows: &[&str]) -> Result<Value, &'static str> {
        let (export, exported) = written("rows.jsonl", format, rows);
        let entry = Value::Object(described(&export, &exported.contents)?);
        let columns = entry["columns"].as_object().unwrap();
        for (role, column) in columns {
            let known = [
                "prompt", "query", "response", "history", "messages", "system", "tools", "chosen", "rejected",
                "kto_tag",
            ];
            assert!(known.contains(&role.as_str()), "{role}");
            // Rows of a file have all columns that one of them has; missing ones are none there.
            assert!(exported.contents.has(column.as_str().unwrap()), "{column} is in no row of {format:?}");
        }
        let is_ranking = entry.get("ranking") == Some(&json!(true));
        assert_eq!(is_ranking, columns.contains_key("chosen"), "{entry}");
        match entry["formatting"].as_str().unwrap() {
            "sharegpt" => {
                assert!(columns.contains_key("messages"));
                let tags = entry["tags"].as_object().unwrap();
                let names = ["role", "content", "user", "assistant", "observation", "function", "system"];
                assert!(names.iter().all(|name| tags.contains_key(&format!("{name}_tag"))), "{entry}");
            }
            "alpaca" => assert!(columns.contains_key("prompt") && entry.get("tags").is_none()),
            other => panic!("{other}"),
        }
        Ok(entry)
    }

    const CHAT: &str = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#;
    const SYSTEM_CHAT: &str = r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"},{"role":"assistant","content":"b"}]}"#;
    const TOOLS: &str = r#"{"conversations":[{"from":"human","value":"q"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{}}"},{"from":"observation","value":"1"},{"from":"gpt","value":"a"}],"tools":"[]"}"#;
    const PREFERENCE: &str = r#"{"instruction":"q","input":"","chosen":"a","rejected":"b"}"#;
    const FEEDBACK: &str = r#"{"instruction":"q","input":"","output":"a","kto_tag":true}"#;

    #[test]
    fn only_columns_that_are_there_are_named() {
        let columns = |format, rows: &[&str]| {
            let entry = read_as_llama_factory(format, rows).unwrap();
            let columns = entry["columns"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            columns.join(" ")
        };
        assert_eq!(columns(Format::OpenAiChat, &[CHAT, SYSTEM_CHAT]), "messages");
        assert_eq!(columns(Format::ShareGpt, &[CHAT]), "messages");
        assert_eq!(columns(Format::ShareGpt, &[CHAT, SYSTEM_CHAT, TOOLS]), "messages system tools");
        assert_eq!(columns(Format::Alpaca, &[CHAT]), "prompt query response");
        assert_eq!(columns(Format::Alpaca, &[CHAT, SYSTEM_CHAT]), "prompt query system history response");
        assert_eq!(columns(Format::TrlText, &[r#"{"text":"a"}"#]), "prompt");
        assert_eq!(columns(Format::TrlPromptCompletion, &[r#"{"prompt":"q","completion":"a"}"#]), "prompt response");
    }

    #[test]
    fn preferences_and_judged_answers_are_told_as_such() {
        for format in [Format::ShareGpt, Format::Alpaca] {
            let entry = read_as_llama_factory(format, &[PREFERENCE]).unwrap();
            assert_eq!((&entry["ranking"], &entry["columns"]["chosen"]), (&json!(true), &json!("chosen")));
            assert!(entry["columns"].get("response").is_none());
            let entry = read_as_llama_factory(format, &[FEEDBACK]).unwrap();
            assert_eq!(entry["columns"]["kto_tag"], "kto_tag");
            assert!(read_as_llama_factory(format, &[CHAT, PREFERENCE]).unwrap_err().contains("several kinds"));
            assert!(read_as_llama_factory(format, &[CHAT, FEEDBACK]).unwrap_err().contains("several kinds"));
        }
        let text = read_as_llama_factory(Format::TrlPreference, &[r#"{"prompt":"q","chosen":"a","rejected":"b"}"#]);
        assert_eq!(text.unwrap()["ranking"], true);
        let text = read_as_llama_factory(Format::TrlFeedback, &[r#"{"prompt":"q","completion":"a","label":false}"#]);
        assert_eq!(text.unwrap()["columns"]["kto_tag"], "label");
    }

    #[test]
    fn what_it_would_read_wrongly_has_no_entry() {
        for (format, row) in
            [(Format::TrlPreference, PREFERENCE), (Format::TrlFeedback, FEEDBACK), (Format::TrlPromptCompletion, CHAT)]
        {
            assert!(read_as_llama_factory(format, &[row]).unwrap_err().contains("lists of messages"), "{format:?}");
        }
        assert!(read_as_llama_factory(Format::OpenAiChat, &[CHAT, TOOLS]).unwrap_err().contains("tools"));
        assert!(read_as_llama_factory(Format::OpenAiPreference, &[PREFERENCE]).unwrap_err().contains("OpenAI's"));
        assert!(read_as_llama_factory(Format::TrlText, &[]).unwrap_err().contains("no row"));
        let reason = |file: &str, format, row| {
            let written = written(file, format, &[row]);
            described(&written.0, &written.1.contents).map(|_| ()).unwrap_err()
        };
        for file in ["a.jsonl.gz", "a.json.zst", "a.tsv", "a.txt", "a.ndjson"] {
            assert!(reason(file, Format::ShareGpt, CHAT).contains("none of them compressed"), "{file}");
        }
        for (format, row) in [(Format::ShareGpt, CHAT), (Format::OpenAiChat, CHAT), (Format::Alpaca, SYSTEM_CHAT)] {
            assert!(reason("a.csv", format, row).contains("of a table not"), "{format:?}");
        }
    }

    #[test]
    fn files_are_described_each_under_a_name_of_its_own() {
        let exports = [
            written("train.jsonl", Format::ShareGpt, &[CHAT]),
            written("train.csv", Format::Alpaca, &[CHAT]),
            written("pairs.jsonl.gz", Format::ShareGpt, &[PREFERENCE]),
        ];
        let info = DatasetInfo::of(&exports);
        let text = info.text.unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&read["train"]["file_name"], &read["train.csv"]["file_name"]),
            (&json!("train.jsonl"), &json!("train.csv"))
        );
        assert_eq!(info.left_out.iter().map(|(file, _)| &**file).collect::<Vec<_>>(), ["pairs.jsonl.gz"]);
        assert_eq!(DatasetInfo::of(&exports[2..]).text, None);
        let merged: Value =
            serde_json::from_str(&merged(r#"{"mine":{"file_name":"m.json"},"train":{}}"#, &text).unwrap()).unwrap();
        assert_eq!((&merged["mine"]["file_name"], &merged["train"]), (&json!("m.json"), &read["train"]));
        assert!(super::merged("[]", &text).is_err());
    }
}
