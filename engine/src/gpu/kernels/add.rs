//! output += input.

use super::{Element, VectorView, row_grid, with_views};
use crate::gpu::call::Call;
use crate::gpu::shader::Template;
use crate::plan::Rows;

const THREADS: usize = 64;

pub(in crate::gpu) fn add(input: VectorView, output: VectorView, rows: Rows) -> Call {
    let template =
        Template::new("add", include_str!("add.wgsl")).constant("THREADS", THREADS).constant("COLUMNS", output.columns);
    with_views(template, rows, Element::Vector, "output", &[("input", input), ("output", output)]).call(row_grid(
        output.columns,
        THREADS,
        rows,
    ))
}
