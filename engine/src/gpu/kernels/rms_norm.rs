//! x / sqrt(mean(x^2) + epsilon) * weight over each group of a row.

use super::{Element, SUM, VectorView, with_views};
use crate::gpu::call::{Call, Grid, Plane, Resource};
use crate::gpu::shader::Template;
use crate::plan::{Rows, WeightId};

const THREADS: usize = 64;

/// `weight` is plain floats; a group is `group` vectors of four.
pub(in crate::gpu) fn rms_norm(
    input: VectorView,
    weight: WeightId,
    epsilon: f32,
    group: usize,
    output: VectorView,
    rows: Rows,
) -> Call {
    let template = Template::new("rms_norm", include_str!("rms_norm.wgsl"))
        .part(SUM)
        .constant("THREADS", THREADS)
        .constant("GROUP", group)
        .constant("EPSILON", epsilon)
        .read("weights", "vec4<f32>", Resource::Weight { weight, shard: 0, plane: Plane::Quants });
    with_views(template, rows, Element::Vector, "output", &[("input", input), ("output", output)]).call(Grid::Rows {
        x: (output.columns / group) as u32,
        rows_per_group: 1,
        rows,
    })
}
