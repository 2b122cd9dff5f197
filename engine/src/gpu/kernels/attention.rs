//! Causal attention over a layer's cache: per head softmax(scale * q . k) . v.
//!
//! One workgroup serves the query heads that share a key-value head, so that each key and value is read once for all
//! of them. Positions are taken a chunk at a time with a running maximum and sum (Dao et al. 2022, `FlashAttention`);
//! for a single token the positions can be split among workgroups whose parts a second kernel merges.

use super::{VectorView, with_batch};
use crate::gpu::call::{Call, Grid, MOST_SPLITS, Resource, Splitting};
use crate::gpu::shader::Template;

/// One attention step.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Attention {
    pub(in crate::gpu) query: VectorView,
    pub(in crate::gpu) query_heads: usize,
    pub(in crate::gpu) key_value_heads: usize,
    /// Values per head; a multiple of four.
    pub(in crate::gpu) head_size: usize,
    pub(in crate::gpu) cache: usize,
    pub(in crate::gpu) scale: f32,
    pub(in crate::gpu) window: Option<usize>,
    pub(in crate::gpu) output: VectorView,
}

impl Attention {
    /// Workgroup memory that the kernel takes.
    pub(in crate::gpu) fn workgroup_bytes(&self) -> usize {
        let (heads, vectors, threads) = (self.query_heads / self.key_value_heads, self.head_size / 4, self.threads());
        heads * vectors * 16 + heads * threads * 4 + heads * 8 * 4 + threads * (16 + 4)
    }

    fn threads(&self) -> usize {
        (self.head_size / 4).max(64)
    }
}

/// Bytes that the splits of one token leave for the merge.
pub(in crate::gpu) fn parts_bytes(query_heads: usize, head_size: usize) -> u64 {
    (query_heads * MOST_SPLITS as usize * (head_size + 4) * 4) as u64
}

/// `least_positions`: positions that are not worth another workgroup; 0 never splits, which batches need.
pub(in crate::gpu) fn attention(attention: Attention, least_positions: usize) -> Vec<Call> {
    let Attention { query, query_heads, key_value_heads, head_size, cache, scale, window, output } = attention;
    let head_vectors = head_size / 4;
    let threads = attention.threads();
    let heads = query_heads / key_value_heads;
    let each_head = |text: &str| (0..heads).map(|head| text.replace('#', &head.to_string())).collect::<String>();
    let window = window.unwrap_or(0);
    let splitting = Splitting { least_positions: least_positions as u32, window: window as u32 };
    let common = |template: Template| {
        let template = template
            .part(include_str!("attention_splits.wgsl"))
            .constant("HEAD_VECTORS", head_vectors)
            .constant("QUERY_HEADS", query_heads)
            .constant("WINDOW", window)
            .constant("LEAST_POSITIONS", least_positions)
            .constant("MOST_SPLITS", MOST_SPLITS)
            .constant("OUTPUT_STRIDE", output.stride)
            .constant("OUTPUT_FIRST", output.first)
            .write("output", "vec4<f32>", Resource::Activations(output.buffer));
        with_batch(template)
    };
    let template = Template::new("attention", include_str!("attention.wgsl"))
        .constant("THREADS", threads)
        .constant("HEADS", heads)
        .constant("KEY_VALUE_HEADS", key_value_heads)
        // Where heads are narrow, several groups of threads share the positions of a chunk between them.
        .constant("GROUPS", threads / head_vectors)
        .constant("SCALE", scale)
        .constant("QUERY_STRIDE", query.stride)
        .constant("QUERY_FIRST", query.first)
        .read("query", "vec4<f32>", Resource::Activations(query.buffer))
        .read("keys", "vec2<u32>", Resource::Keys(cache))
        .read("values", "vec2<u32>", Resource::Values(cache))
        .write("parts", "vec4<f32>", Resource::AttentionParts)
        .insert("declare", &each_head("var maximum_# = LOWEST;\nvar sum_# = 0.0;\nvar total_# = vec4<f32>(0.0);\n"))
        .insert("declare_scores", &each_head("var score_# = LOWEST;\n"))
        .insert("zero_scores", &each_head("score_# = 0.0;\n"))
        .insert("add_scores", &each_head("score_# += dot(key, queries[#u * HEAD_VECTORS + column]);\n"))
        .insert("keep_scores", &each_head("weights[#u * THREADS + thread] = score_#;\n"))
        .insert(
            "weigh",
            &each_head(
                "let new_maximum_# = max(maximum_#, chunk_maximum(#u));\n\
             let rescale_# = exp(maximum_# - new_maximum_#);\n\
             maximum_# = new_maximum_#;\n\
             weights[#u * THREADS + thread] = exp(score_# - new_maximum_#);\n\
             total_# *= rescale_#;\n\
             sum_# *= rescale_#;\n",
            ),
        )
        .insert(
            "add_values",
            &each_head(
                "let weight_# = weights[#u * THREADS + index];\n\
             total_# += weight_# * value;\n\
             sum_# += weight_#;\n",
            ),
        )
        .insert("finish", &each_head("finish(#u, workgroup, thread, splits, maximum_#, sum_#, total_#);\n"));
    let mut calls = vec![common(template).call(Grid::Splits { x: key_value_heads as u32, splitting })];
    if least_positions > 0 {
        let merge = Template::new("attention_merge", include_str!("attention_merge.wgsl"))
            .constant("THREADS", threads)
            .read("parts", "vec4<f32>", Resource::AttentionParts);
        calls.push(common(merge).call(Grid::Merge { x: query_heads as u32, splitting }));
    }
    calls
}
