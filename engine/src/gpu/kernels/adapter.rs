//! What an adapter adds to a product: its A reduce the input to a few values, and the product itself adds what its B make
//! of them.

use super::{Element, SUM, VectorView, with_views};
use crate::adapter::AdaptedRows;
use crate::gpu::call::{Call, Grid, Resource};
use crate::gpu::shader::Template;
use crate::plan::{Rows, WeightId};

const THREADS: usize = 64;

/// What an adapter has beside a weight.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Adapted<'a> {
    /// A multiple of four.
    pub(in crate::gpu) rank: usize,
    /// At least one.
    pub(in crate::gpu) parts: &'a [AdaptedRows],
}

impl Adapted<'_> {
    /// Values that a row of the input is reduced to.
    pub(in crate::gpu) fn width(&self) -> usize {
        self.rank * self.parts.len()
    }
}

/// reduced = input * A^T, to `width` values a row.
pub(in crate::gpu) fn reduce(input: VectorView, id: WeightId, width: usize, rows: Rows) -> Call {
    let template = Template::new("adapter_reduce", include_str!("adapter_reduce.wgsl"))
        .part(SUM)
        .constant("THREADS", THREADS)
        .constant("COLUMNS", input.columns)
        .constant("WIDTH", width)
        .read("adapter_a", "vec4<f32>", Resource::AdapterA(id))
        .write("reduced", "f32", Resource::Reduced);
    with_views(template, rows, Element::Vector, "", &[("input", input)]).call(Grid::Rows {
        x: width as u32,
        rows_per_group: 1,
        rows,
    })
}

/// Makes `$add_adapted` add to `sum` what the adapter has for `row` and `weight_row`, which counts from `FIRST_ROW` on.
pub(super) fn with_adapter(template: Template, id: WeightId, adapted: Option<Adapted<'_>>) -> Template {
    let Some(Adapted { rank, parts }) = adapted else { return template.insert("add_adapted", "") };
    let mut first_b_row = 0;
    let mut find_part = String::new();
    for (index, part) in parts.iter().enumerate() {
        let (start, end) = (part.rows.start, part.rows.end);
        find_part += &format!(
            "if weight_row >= {start}u && weight_row < {end}u {{\n\
             part = {index}u;\nb_row = weight_row - {start}u + {first_b_row}u;\n}} else "
        );
        first_b_row += part.rows.len();
    }
    find_part += "{\nreturn 0.0;\n}";
    template
        .insert("add_adapted", "sum += adapted(row, FIRST_ROW + weight_row);")
        .part(include_str!("adapter_add.wgsl"))
        .insert("find_part", &find_part)
        .constant("ADAPTED_PARTS", parts.len())
        .constant("RANK_VECTORS", rank / 4)
        .read("adapter_b", "vec4<f32>", Resource::AdapterB(id))
        .read("reduced", "vec4<f32>", Resource::Reduced)
}
