//! Templates for files that carry none, by family.

/// ChatML: most instruct models that are not Llama's or Google's.
pub(super) const CHATML: &str = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// Gemma: no system role, it goes before the first user turn; `assistant` is called `model`.
pub(super) const GEMMA: &str = "{{ bos_token }}{% if messages[0].role == 'system' %}{% set first = messages[0].content + '\n\n' %}{% set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}{% for message in rest %}<start_of_turn>{{ 'model' if message.role == 'assistant' else message.role }}\n{{ first if loop.first else '' }}{{ message.content | trim }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}";

/// The template of a file of this architecture that has none of its own.
pub(super) fn for_architecture(architecture: &str) -> &'static str {
    if architecture.starts_with("gemma") { GEMMA } else { CHATML }
}
