//! Token counts in OpenAI's form.

use serde_json::{Value, json};
use shared::model_call::GenerationUsage;

pub(crate) fn usage(usage: GenerationUsage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_prompt_tokens},
    })
}
