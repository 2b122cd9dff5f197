//! Llama and its kin (Touvron et al. 2023): pre-norm, rotary grouped-query attention, SwiGLU. SmolLM2 is one.

use super::Hyperparameters;
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::{Activation, Operation, Plan, PlanBuilder, Rope, RopePairing};

pub(super) fn plan(file: &GgufFile, sizes: &Hyperparameters) -> Result<Plan, EngineError> {
    let mut builder = PlanBuilder::new(file);
    let query_columns = sizes.query_heads * sizes.head_size;
    let key_columns = sizes.key_value_heads * sizes.head_size;
    let epsilon = sizes.norm_epsilon;

    let hidden = builder.buffer("hidden", sizes.width);
    let normed = builder.buffer("normed", sizes.width);
    let query_key_value = builder.buffer("query, key, value", query_columns + 2 * key_columns);
    let attended = builder.buffer("attended", query_columns);
    let gate_up = builder.buffer("gate, up", 2 * sizes.feed_forward_width);
    let query = query_key_value.part(0, query_columns);
    let key = query_key_value.part(query_columns, key_columns);
    let value = query_key_value.part(query_columns + key_columns, key_columns);
    let gate = gate_up.part(0, sizes.feed_forward_width);
    let up = gate_up.part(sizes.feed_forward_width, sizes.feed_forward_width);
    let rope = builder.rope(Rope {
        dimensions: sizes.rope_dimensions,
        base: sizes.rope_base,
        frequency_scale: sizes.rope_frequency_scale,
        factors: Vec::new(),
    });
    if builder.has("rope_freqs.weight") {
        return Err(EngineError::Malformed(
            "it scales its rotary positions by a table (rope_freqs.weight), which is not supported yet".to_owned(),
        ));
    }

    let table = builder.weight("token_embd.weight", sizes.vocabulary_size, sizes.width)?;
    builder.step("embed".to_owned(), Operation::Embed { table, scale: 1.0, output: hidden });
    for layer in 0..sizes.layers {
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
        for (name, view) in [("query rope", query), ("key rope", key)] {
            let pairing = RopePairing::Neighbours;
            builder.step(step(name), Operation::Rope { view, head_size: sizes.head_size, pairing, rope });
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
                window: None,
                output: attended,
            },
        );
        let weight = builder.weight(&tensor("attn_output"), sizes.width, query_columns)?;
        builder.step(
            step("attention output"),
            Operation::Linear { input: attended, weight, output: hidden, accumulate: true },
        );

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
        builder.step(step("gate"), Operation::Gate { gate, up, activation: Activation::Silu, output: gate });
        let weight = builder.weight(&tensor("ffn_down"), sizes.width, sizes.feed_forward_width)?;
        builder.step(step("down"), Operation::Linear { input: gate, weight, output: hidden, accumulate: true });
    }

    builder.logit_rows_only();
    let final_normed = builder.buffer("final normed", sizes.width);
    let logits = builder.buffer("logits", sizes.vocabulary_size);
    let weight = builder.weight("output_norm.weight", 1, sizes.width)?;
    builder.step(
        "output norm".to_owned(),
        Operation::RmsNorm { input: hidden, weight, epsilon, group_columns: sizes.width, output: final_normed },
    );
    // Small models tie the output to the embeddings and have no tensor of their own for it.
    let head = if builder.has("output.weight") { "output.weight" } else { "token_embd.weight" };
    let weight = builder.weight(head, sizes.vocabulary_size, sizes.width)?;
    builder.step(
        "logits".to_owned(),
        Operation::Linear { input: final_normed, weight, output: logits, accumulate: false },
    );
    Ok(builder.finish(final_normed, logits))
}
