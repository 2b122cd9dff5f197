//! output = activation(gate) * up.

use super::{Element, VectorView, row_grid, with_views};
use crate::gpu::call::Call;
use crate::gpu::shader::Template;
use crate::plan::{Activation, Rows};

const THREADS: usize = 64;

pub(in crate::gpu) fn gate(
    gate: VectorView,
    up: VectorView,
    activation: Activation,
    output: VectorView,
    rows: Rows,
) -> Call {
    let template = Template::new("gate", include_str!("gate.wgsl"))
        .constant("THREADS", THREADS)
        .constant("COLUMNS", output.columns)
        .insert(
            "activation",
            match activation {
                Activation::Silu => "silu",
                Activation::GeluTanh => "gelu",
            },
        );
    with_views(template, rows, Element::Vector, "output", &[("gate", gate), ("up", up), ("output", output)])
        .call(row_grid(output.columns, THREADS, rows))
}
