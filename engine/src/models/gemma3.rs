//! Gemma 3 (Gemma Team 2025): norms before and after each block, query and key norms, five local layers to one
//! global, GeGLU, scaled tied embeddings.

use super::Hyperparameters;
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::{Activation, Operation, Plan, PlanBuilder, Rope, RopePairing};

/// Every sixth layer sees the whole context.
const GLOBAL_EVERY: usize = 6;
/// The local layers' rotary base; GGUF has no key for it.
const LOCAL_ROPE_BASE: f32 = 10_000.0;

pub(super) fn plan(file: &GgufFile, sizes: &Hyperparameters) -> Result<Plan, EngineError> {
    let mut builder = PlanBuilder::new(file);
    let query_columns = sizes.query_heads * sizes.head_size;
    let key_columns = sizes.key_value_heads * sizes.head_size;
    let epsilon = sizes.norm_epsilon;
    let window = sizes
        .sliding_window
        .ok_or(EngineError::Metadata { key: "gemma3.attention.sliding_window".to_owned(), expected: "a size" })?;

    let hidden = builder.buffer("hidden", sizes.width);
    let normed = builder.buffer("normed", sizes.width);
    let query_key_value = builder.buffer("query, key, value", query_columns + 2 * key_columns);
    let attended = builder.buffer("attended", query_columns);
    let gate_up = builder.buffer("gate, up", 2 * sizes.feed_forward_width);
    let block_output = builder.buffer("block output", sizes.width);
    let query = query_key_value.part(0, query_columns);
    let key = query_key_value.part(query_columns, key_columns);
    let value = query_key_value.part(query_columns + key_columns, key_columns);
    let gate = gate_up.part(0, sizes.feed_forward_width);
    let up = gate_up.part(sizes.feed_forward_width, sizes.feed_forward_width);
    let mut rope = |base, frequency_scale| {
        builder.rope(Rope { dimensions: sizes.rope_dimensions, base, frequency_scale, factors: Vec::new() })
    };
    let global_rope = rope(sizes.rope_base, sizes.rope_frequency_scale);
    let local_rope = rope(LOCAL_ROPE_BASE, 1.0);

    let table = builder.weight("token_embd.weight", sizes.vocabulary_size, sizes.width)?;
    let scale = (sizes.width as f32).sqrt();
    builder.step("embed".to_owned(), Operation::Embed { table, scale, output: hidden });
    for layer in 0..sizes.layers {
        let is_global = (layer + 1) % GLOBAL_EVERY == 0;
        let tensor = |part: &str| format!("blk.{layer}.{part}.weight");
        let step = |part: &str| format!("layer {layer} {part}");

        let weight = builder.weight(&tensor("attn_norm"), 1, sizes.width)?;
        builder.step(
            step("attention norm"),
            Operation::RmsNorm { input: hidden, weight, epsilon, group_columns: sizes.width, output: normed },
        );
        builder.stacked_linear(
            &step("query, key, value"),
            normed,
            &[(tensor("attn_q"), query_columns), (tensor("attn_k"), key_columns), (tensor("attn_v"), key_columns)],
            query_key_value,
        )?;
        let rope = if is_global { global_rope } else { local_rope };
        for (name, part, view) in [("query", "attn_q_norm", query), ("key", "attn_k_norm", key)] {
            let weight = builder.weight(&tensor(part), 1, sizes.head_size)?;
            builder.step(
                step(&format!("{name} norm")),
                Operation::RmsNorm { input: view, weight, epsilon, group_columns: sizes.head_size, output: view },
            );
            let pairing = RopePairing::Halves;
            builder.step(
                step(&format!("{name} rope")),
                Operation::Rope { view, head_size: sizes.head_size, pairing, rope },
            );
        }
        let cache = builder.cache(sizes.key_value_heads, sizes.head_size);
        builder.step(step("store"), Operation::Store { key, value, cache });
        builder.step(
            step("attention"),
            Operation::Attention {
                query,
                query_heads: sizes.query_heads,
                cache,
                scale: 1.0 / (sizes.head_size as f32).sqrt(),
                window: (!is_global).then_some(window),
                output: attended,
            },
        );
        let weight = builder.weight(&tensor("attn_output"), sizes.width, query_columns)?;
        builder.step(
            step("attention output"),
            Operation::Linear { input: attended, weight, output: block_output, accumulate: false },
        );
        let weight = builder.weight(&tensor("post_attention_norm"), 1, sizes.width)?;
        builder.step(
            step("post-attention norm"),
            Operation::RmsNorm {
                input: block_output,
                weight,
                epsilon,
                group_columns: sizes.width,
                output: block_output,
            },
        );
        builder.step(step("attention residual"), Operation::Add { input: block_output, output: hidden });

        let weight = builder.weight(&tensor("ffn_norm"), 1, sizes.width)?;
        builder.step(
            step("feed-forward norm"),
            Operation::RmsNorm { input: hidden, weight, epsilon, group_columns: sizes.width, output: normed },
        );
        builder.stacked_linear(
            &step("gate, up"),
            normed,
            &[(tensor("ffn_gate"), sizes.feed_forward_width), (tensor("ffn_up"), sizes.feed_forward_width)],
            gate_up,
        )?;
        builder.step(step("gate"), Operation::Gate { gate, up, activation: Activation::GeluTanh, output: gate });
        let weight = builder.weight(&tensor("ffn_down"), sizes.width, sizes.feed_forward_width)?;
        builder.step(step("down"), Operation::Linear { input: gate, weight, output: block_output, accumulate: false });
        let weight = builder.weight(&tensor("post_ffw_norm"), 1, sizes.width)?;
        builder.step(
            step("post-feed-forward norm"),
            Operation::RmsNorm {
                input: block_output,
                weight,
                epsilon,
                group_columns: sizes.width,
                output: block_output,
            },
        );
        builder.step(step("feed-forward residual"), Operation::Add { input: block_output, output: hidden });
    }

    builder.logit_rows_only();
    let final_normed = builder.buffer("final normed", sizes.width);
    let logits = builder.buffer("logits", sizes.vocabulary_size);
    let weight = builder.weight("output_norm.weight", 1, sizes.width)?;
    builder.step(
        "output norm".to_owned(),
        Operation::RmsNorm { input: hidden, weight, epsilon, group_columns: sizes.width, output: final_normed },
    );
    let weight = builder.weight("token_embd.weight", sizes.vocabulary_size, sizes.width)?;
    builder.step(
        "logits".to_owned(),
        Operation::Linear { input: final_normed, weight, output: logits, accumulate: false },
    );
    Ok(builder.finish(final_normed, logits))
}
