//! Rotates the pairs of each head by its position's angles.

use super::{Element, VectorView, row_grid, with_views};
use crate::gpu::call::{Call, Resource};
use crate::gpu::shader::Template;
use crate::plan::{Rope, RopeId, RopePairing, Rows};

const THREADS: usize = 64;

/// Positions of the fine table; the coarse one has every 256th of the context.
const FINE_POSITIONS: usize = 256;

/// `heads` heads in `view`; `dimensions` leading values of each are rotated.
pub(in crate::gpu) fn rope(
    view: VectorView,
    heads: usize,
    dimensions: usize,
    pairing: RopePairing,
    id: RopeId,
    rows: Rows,
) -> Call {
    let pairs = dimensions / 2;
    let template = Template::new("rope", include_str!("rope.wgsl"))
        .constant("THREADS", THREADS)
        .constant("HEADS", heads)
        .constant("HEAD_SIZE", view.columns * 4 / heads)
        .constant("PAIRS", pairs)
        .constant("FINE_POSITIONS", FINE_POSITIONS)
        .constant("NEIGHBOURS", pairing == RopePairing::Neighbours)
        .read("table", "vec2<f32>", Resource::Rope(id));
    with_views(template, rows, Element::Scalar, "view", &[("view", view)]).call(row_grid(heads * pairs, THREADS, rows))
}

/// (cosine, sine) of every pair's angle at positions 0 to 255, then at every 256th position of the context: any
/// position's rotation is one of each. GPUs may compute sines of large angles with few digits, and a table of all
/// positions would be tens of megabytes for long contexts.
pub(in crate::gpu) fn table(rope: &Rope, context_tokens: usize) -> Vec<[f32; 2]> {
    let fine = 0..FINE_POSITIONS;
    let coarse = (0..context_tokens.div_ceil(FINE_POSITIONS)).map(|index| index * FINE_POSITIONS);
    let frequencies: Vec<f64> = (0..rope.dimensions / 2).map(|pair| rope.frequency(pair)).collect();
    fine.chain(coarse)
        .flat_map(|position| {
            frequencies.iter().map(move |frequency| {
                let (sine, cosine) = (position as f64 * frequency).sin_cos();
                [cosine as f32, sine as f32]
            })
        })
        .collect()
}
