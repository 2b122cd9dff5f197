//! output row = scale * table row of the token.

use super::blocks::{ITEM_VALUES, with_weight};
use super::{Element, VectorView, row_grid, with_views};
use crate::gpu::call::{Call, Resource};
use crate::gpu::shader::Template;
use crate::plan::{Rows, Weight, WeightId};

const THREADS: usize = 64;

/// One call per shard of the table; each copies the tokens whose rows it holds.
pub(in crate::gpu) fn embed(
    id: WeightId,
    weight: &Weight,
    shards: &[std::ops::Range<usize>],
    scale: f32,
    output: VectorView,
) -> Vec<Call> {
    let rows = Rows::All;
    let call = |(shard, held): (usize, &std::ops::Range<usize>)| {
        let template = Template::new("embed", include_str!("embed.wgsl"))
            .constant("THREADS", THREADS)
            .constant("FIRST_ROW", held.start)
            .constant("HELD_ROWS", held.len())
            .constant("SCALE", scale)
            .read("tokens", "u32", Resource::TokenIds);
        with_views(
            with_weight(template, id, shard, weight.block_type, weight.columns),
            rows,
            Element::Vector,
            "output",
            &[("output", output)],
        )
        .call(row_grid(weight.columns / ITEM_VALUES, THREADS, rows))
    };
    shards.iter().enumerate().map(call).collect()
}
