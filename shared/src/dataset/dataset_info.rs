//! LLaMA-Factory's `dataset_info.json`: what it must know of files to train on them.
//!
//! <https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md>

use serde_json::{Map, Value, json};

use super::export::Export;
use super::formats::Format;

/// The file for these exports; `None` where LLaMA-Factory reads none of their formats.
pub fn dataset_info(exports: &[Export]) -> Option<String> {
    let described: Map<String, Value> = exports
        .iter()
        .filter_map(|export| {
            let mut entry = described(export.format)?;
            entry.as_object_mut()?.insert("file_name".to_owned(), json!(export.file));
            let name = export.file.split('.').next().unwrap_or(&export.file);
            Some((name.to_owned(), entry))
        })
        .collect();
    (!described.is_empty()).then(|| format!("{:#}\n", Value::Object(described)))
}

fn described(format: Format) -> Option<Value> {
    Some(match format {
        Format::OpenAiChat => json!({
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "tools": "tools"},
            "tags": {
                "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
                "system_tag": "system", "observation_tag": "tool",
            },
        }),
        Format::ShareGpt => json!({
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
        }),
        Format::Alpaca => json!({
            "formatting": "alpaca",
            "columns": {
                "prompt": "instruction", "query": "input", "response": "output", "system": "system", "history": "history",
            },
        }),
        Format::TrlPromptCompletion => json!({
            "formatting": "alpaca", "columns": {"prompt": "prompt", "response": "completion"},
        }),
        Format::TrlPreference => json!({
            "formatting": "alpaca", "ranking": true,
            "columns": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        }),
        Format::TrlFeedback => json!({
            "formatting": "alpaca",
            "columns": {"prompt": "prompt", "response": "completion", "kto_tag": "label"},
        }),
        Format::TrlText | Format::ChatMl => json!({"formatting": "alpaca", "columns": {"prompt": "text"}}),
        Format::OpenAiPreference => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_described() {
        let export = |file: &str, format| Export { file: file.to_owned(), format, part: None };
        let exports = [export("train.jsonl.gz", Format::ShareGpt), export("pairs.jsonl", Format::OpenAiPreference)];
        let info: Value = serde_json::from_str(&dataset_info(&exports).unwrap()).unwrap();
        assert_eq!(info["train"]["file_name"], "train.jsonl.gz");
        assert_eq!(info["train"]["columns"]["messages"], "conversations");
        assert!(info.get("pairs").is_none());
        assert_eq!(dataset_info(&exports[1..]), None);
    }
}
