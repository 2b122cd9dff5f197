//! Reads LiteLLM's table of models (`model_prices_and_context_window.json`): an object from names to prices per token in
//! dollars, sizes of contexts and flags. <https://docs.litellm.ai/docs/provider_registration/add_model_pricing>

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{CalendarDate, Capabilities, ModelFacts};
use super::plausibility::{check_price, family};
use super::token_price::TokenPrice;

/// The table's entry that documents the others.
const DOCUMENTATION: &str = "sample_spec";

/// Whose prices they are where an entry names no source of its own.
const SOURCE: &str = "LiteLLM";

/// What a table gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportedPrices {
    /// Models that write text, in the table's order, those with refused prices included (their price is unknown).
    pub models: Vec<PricedModel>,
    /// Prices that were not taken, and why.
    pub refused: Vec<RefusedPrice>,
    /// Entries that write no text: embeddings, images, speech.
    pub other_entries: usize,
}

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PricedModel {
    /// Its name, as requests write it.
    pub name: String,
    /// Who runs it.
    pub provider: String,
    /// What is known of it.
    pub facts: ModelFacts,
    /// What it costs; `None` where that is not known.
    pub price: Option<TokenPrice>,
}

/// A price that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedPrice {
    /// The entry.
    pub name: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// A file that is no table of prices.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPriceTable {
    /// Not JSON.
    #[error("the price table can't be read: {0}")]
    Syntax(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error(
        "the price table is no object from model names to prices; expected LiteLLM's model_prices_and_context_window.json"
    )]
    NotAnObject,
}

/// Reads a table that was fetched on the day `as_of`. A price of 0 is taken as unknown unless the name says `free`: the
/// table has 0 also where a price is not known.
///
/// # Errors
/// The file is no such table. Single bad entries are reported, not errors.
pub fn import_litellm(json: &str, as_of: CalendarDate) -> Result<ImportedPrices, InvalidPriceTable> {
    let Value::Object(table) = serde_json::from_str(json)? else {
        return Err(InvalidPriceTable::NotAnObject);
    };
    let mut imported = ImportedPrices::default();
    for (name, entry) in &table {
        if name == DOCUMENTATION {
            continue;
        }
        let Value::Object(entry) = entry else {
            let reason = "the entry is no object".to_owned();
            imported.refused.push(RefusedPrice { name: name.clone(), reason });
            continue;
        };
        if !matches!(entry.get("mode").and_then(Value::as_str), Some("chat" | "completion" | "responses")) {
            imported.other_entries += 1;
            continue;
        }
        let price = price(name, entry, as_of).unwrap_or_else(|reason| {
            imported.refused.push(RefusedPrice { name: name.clone(), reason });
            None
        });
        let provider = entry.get("litellm_provider").and_then(Value::as_str).unwrap_or("unknown").to_owned();
        imported.models.push(PricedModel { name: name.clone(), provider, facts: facts(entry), price });
    }
    refuse_implausible(&mut imported);
    Ok(imported)
}

/// Compares each price with those of the same model elsewhere in the table.
fn refuse_implausible(imported: &mut ImportedPrices) {
    let mut families: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, model) in imported.models.iter().enumerate() {
        if model.price.is_some() {
            families.entry(family(&model.name)).or_default().push(index);
        }
    }
    let mut implausible = Vec::new();
    for (index, model) in imported.models.iter().enumerate() {
        let Some(price) = &model.price else { continue };
        let members = families.get(&family(&model.name)).map(Vec::as_slice).unwrap_or_default();
        let others: Vec<&TokenPrice> = members
            .iter()
            .filter(|&&other| other != index)
            .filter_map(|&other| imported.models[other].price.as_ref())
            .collect();
        if let Err(reason) = check_price(&model.name, price, &others) {
            implausible.push((index, reason.to_string()));
        }
    }
    for (index, reason) in implausible {
        imported.models[index].price = None;
        imported.refused.push(RefusedPrice { name: imported.models[index].name.clone(), reason });
    }
}

/// The entry's price, `None` where it has none.
fn price(name: &str, entry: &Map<String, Value>, as_of: CalendarDate) -> Result<Option<TokenPrice>, String> {
    let per_million = |key: &str| match entry.get(key) {
        None | Some(Value::Null) => Ok(None),
        // Rounded: 1.5e-7 * 1e6 should be 0.15.
        Some(value) => match value.as_f64() {
            Some(per_token) => Ok(Some((per_token * 1e18).round() / 1e12)),
            None => Err(format!("{key} is {value}; expected a number of dollars per token")),
        },
    };
    let (input, output) = (per_million("input_cost_per_token")?, per_million("output_cost_per_token")?);
    let (Some(input_per_million), Some(output_per_million)) = (input, output) else {
        return Ok(None);
    };
    match (input_per_million == 0.0, output_per_million == 0.0) {
        (true, true) if !name.to_lowercase().ends_with("free") => return Ok(None),
        (true, false) | (false, true) => {
            return Err(format!(
                "one of the two prices is 0 and the other is not ({input_per_million} and {output_per_million} USD per \
                 million tokens); 0 may mean that it is not known"
            ));
        }
        _ => {}
    }
    let source = match entry.get("source").and_then(Value::as_str) {
        Some(source) => format!("{SOURCE}, from {source}"),
        None => SOURCE.to_owned(),
    };
    let price = TokenPrice {
        input_per_million,
        output_per_million,
        cached_input_per_million: per_million("cache_read_input_token_cost")?.filter(|&cached| cached > 0.0),
        valid_up_to_input_tokens: entry.keys().filter_map(|key| threshold_tokens(key)).min(),
        currency: "USD".to_owned(),
        source,
        as_of,
    };
    price.validate().map_err(|error| error.to_string())?;
    Ok(Some(price))
}

/// The number of tokens from which on a key of dearer prices holds: `input_cost_per_token_above_200k_tokens`.
fn threshold_tokens(key: &str) -> Option<u32> {
    let thousands = key.strip_prefix("input_cost_per_token_above_")?.strip_suffix("k_tokens")?;
    thousands.parse::<u32>().ok()?.checked_mul(1000)
}

fn facts(entry: &Map<String, Value>) -> ModelFacts {
    let flag = |key: &str| entry.get(key).and_then(Value::as_bool);
    let size = |key: &str| entry.get(key).and_then(Value::as_u64).and_then(|tokens| u32::try_from(tokens).ok());
    ModelFacts {
        context_tokens: size("max_input_tokens").or_else(|| size("max_tokens")),
        capabilities: Capabilities {
            tools: flag("supports_function_calling"),
            json: flag("supports_response_schema"),
            vision: flag("supports_vision"),
            reasoning: flag("supports_reasoning"),
        },
        ..ModelFacts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of the table in LiteLLM 1.76.1 (PyPI), fields shortened; the wrong prices are the table's own.
    const EXCERPT: &str = r#"{
        "sample_spec": {"max_tokens": "LEGACY parameter", "input_cost_per_token": 0.0, "mode": "one of: chat, embedding"},
        "gpt-4o-mini": {
            "max_tokens": 16384, "max_input_tokens": 128000, "input_cost_per_token": 1.5e-07,
            "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08, "litellm_provider": "openai",
            "mode": "chat", "supports_function_calling": true, "supports_response_schema": true, "supports_vision": true
        },
        "gemini-2.5-pro": {
            "max_input_tokens": 1048576, "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
            "input_cost_per_token_above_200k_tokens": 2.5e-06, "litellm_provider": "vertex_ai-language-models",
            "mode": "chat", "source": "https://cloud.google.com/vertex-ai/generative-ai/pricing"
        },
        "text-embedding-3-small": {"input_cost_per_token": 2e-08, "output_cost_per_token": 0.0, "mode": "embedding"},
        "ollama/llama3": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "litellm_provider": "ollama", "mode": "chat"},
        "openrouter/mistralai/mistral-7b-instruct:free": {
            "input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "litellm_provider": "openrouter", "mode": "chat"
        },
        "azure_ai/jais-30b-chat": {
            "input_cost_per_token": 0.0032, "output_cost_per_token": 0.00971, "litellm_provider": "azure_ai", "mode": "chat"
        },
        "oci/xai.grok-4": {
            "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-07, "litellm_provider": "oci", "mode": "chat"
        },
        "perplexity/sonar-small-online": {
            "input_cost_per_token": 0, "output_cost_per_token": 2.8e-07, "litellm_provider": "perplexity", "mode": "chat"
        },
        "no-price": {"litellm_provider": "openai", "mode": "chat"},
        "spelled-out": {"input_cost_per_token": "cheap", "output_cost_per_token": 1e-06, "mode": "chat"},
        "not-an-object": 3
    }"#;

    #[test]
    fn a_table_is_read_and_its_errors_are_told() {
        let as_of = "2026-11-26".parse().unwrap();
        let imported = import_litellm(EXCERPT, as_of).unwrap();
        let model = |name: &str| imported.models.iter().find(|model| model.name == name).unwrap();

        let mini = model("gpt-4o-mini");
        let price = mini.price.as_ref().unwrap();
        assert_eq!((price.input_per_million, price.output_per_million), (0.15, 0.6));
        assert_eq!(price.cached_input_per_million, Some(0.075));
        assert_eq!(price.fact_source().to_string(), "price list LiteLLM, 2026-11-26");
        assert_eq!(mini.facts.context_tokens, Some(128_000));
        assert_eq!(mini.facts.capabilities.tools, Some(true));
        assert_eq!(mini.facts.capabilities.reasoning, None, "what is not stated is not known");
        let gemini = model("gemini-2.5-pro").price.as_ref().unwrap();
        assert_eq!(gemini.valid_up_to_input_tokens, Some(200_000));
        assert_eq!(gemini.source, "LiteLLM, from https://cloud.google.com/vertex-ai/generative-ai/pricing");

        for unknown in ["ollama/llama3", "no-price", "azure_ai/jais-30b-chat", "oci/xai.grok-4"] {
            assert_eq!(model(unknown).price, None, "{unknown}");
        }
        assert!(model("openrouter/mistralai/mistral-7b-instruct:free").price.as_ref().unwrap().is_free());
        assert_eq!((imported.models.len(), imported.other_entries), (9, 1));

        let refused: Vec<String> =
            imported.refused.iter().map(|refused| format!("{}: {}", refused.name, refused.reason)).collect();
        expect_test::expect![[r#"
            perplexity/sonar-small-online: one of the two prices is 0 and the other is not (0 and 0.28 USD per million tokens); 0 may mean that it is not known
            spelled-out: input_cost_per_token is "cheap"; expected a number of dollars per token
            not-an-object: the entry is no object
            azure_ai/jais-30b-chat: 3200 USD per million input tokens is outside 0.004 to 250, between which every known price lies. Is it per token or per thousand?
            oci/xai.grok-4: output costs 0.05 times as much as input (0.15 and 3 USD per million tokens); known models lie between 0.1 and 100 times. Is one of the two in another unit?"#]].assert_eq(&refused.join("\n"));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let as_of = "2026-11-26".parse().unwrap();
        assert!(matches!(import_litellm("[]", as_of), Err(InvalidPriceTable::NotAnObject)));
        assert!(matches!(import_litellm("{", as_of), Err(InvalidPriceTable::Syntax(_))));
    }
}
