//! The kernels, one member per file pair: the WGSL next to the Rust that writes its constants and its grid.
//!
//! Activations are rows of four-float vectors; everything that is known when a model is loaded (sizes, places in a
//! row, epsilons) is a constant in the text, so that a step binds only buffers. Kernels with the same text are one
//! pipeline.

mod adapter;
mod add;
mod attention;
mod blocks;
mod embed;
mod gate;
mod linear;
mod rms_norm;
mod rope;
mod sample;
mod store;

pub(super) use adapter::{Adapted, reduce};
pub(super) use add::add;
pub(super) use attention::{Attention, attention, parts_bytes};
pub(super) use blocks::ITEM_VALUES;
pub(super) use embed::embed;
pub(super) use gate::gate;
pub(super) use linear::{Linear, linear_matrix, linear_vector};
pub(super) use rms_norm::rms_norm;
pub(super) use rope::rope;
pub(super) use rope::table as rope_table;
pub(super) use sample::{MOST_CHOSEN, Sampling, chunks, sample};
pub(super) use store::store;

use super::call::{Grid, Resource};
use super::shader::Template;
use crate::plan::{BufferId, Rows};

/// A view of a buffer counted in vectors of four floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VectorView {
    /// The buffer.
    pub(super) buffer: BufferId,
    /// Vectors from one row to the next.
    pub(super) stride: usize,
    /// Where the view begins in a row.
    pub(super) first: usize,
    /// Its width.
    pub(super) columns: usize,
    /// Which tokens have a row.
    pub(super) rows: Rows,
}

/// A view of a buffer counted in floats: for outputs of any width, such as the logits of an odd vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FloatView {
    /// The buffer.
    pub(super) buffer: BufferId,
    /// Floats from one row to the next.
    pub(super) stride: usize,
    /// Where the view begins in a row.
    pub(super) first: usize,
}

/// How a kernel sees activations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    /// As vectors of four.
    Vector,
    /// As single floats.
    Scalar,
}

/// A step that works on `rows` of several views: binds each buffer once (a kernel may not have two bindings of a
/// buffer that it writes), makes `$name` stand for the view's buffer, and `at_name(row, column)` for the index of an
/// element. The buffer of the view called `written` can be written.
fn with_views(
    mut template: Template,
    rows: Rows,
    element: Element,
    written: &str,
    views: &[(&str, VectorView)],
) -> Template {
    let (element_name, factor) = match element {
        Element::Vector => ("vec4<f32>", 1),
        Element::Scalar => ("f32", 4),
    };
    let written = views.iter().find(|(name, _)| *name == written).map(|(_, view)| view.buffer);
    let mut bound: Vec<BufferId> = Vec::new();
    for (name, view) in views {
        let number = bound.iter().position(|&buffer| buffer == view.buffer).unwrap_or(bound.len());
        let array = format!("activations_{number}");
        if number == bound.len() {
            bound.push(view.buffer);
            let resource = Resource::Activations(view.buffer);
            template = if Some(view.buffer) == written {
                template.write(&array, element_name, resource)
            } else {
                template.read(&array, element_name, resource)
            };
        }
        let row = match (view.rows, rows) {
            (Rows::All, Rows::Logits) => "(batch.first_logit_row + row)",
            _ => "row",
        };
        let (stride, first) = (view.stride * factor, view.first * factor);
        template = template.insert(name, &array).part(&format!(
            "fn at_{name}(row: u32, column: u32) -> u32 {{ return {row} * {stride}u + {first}u + column; }}"
        ));
    }
    let count = match rows {
        Rows::All => "tokens",
        Rows::Logits => "logit_rows",
    };
    with_batch(template).part(&format!("fn row_count() -> u32 {{ return batch.{count}; }}"))
}

/// Binds what changes from batch to batch as `batch`.
fn with_batch(template: Template) -> Template {
    template.uniform("batch", "Batch", Resource::Batch).part(super::call::BATCH)
}

/// Binds what changes from batch to batch as `batch`, to advance it.
fn with_batch_written(template: Template) -> Template {
    template.write_struct("batch", "Batch", Resource::Batch).part(super::call::BATCH)
}

/// One workgroup of `threads` per run of that many elements of a row, and as many rows as the step has.
fn row_grid(elements: usize, threads: usize, rows: Rows) -> Grid {
    Grid::Rows { x: elements.div_ceil(threads) as u32, rows_per_group: 1, rows }
}

/// Sums over a workgroup.
const SUM: &str = include_str!("sum.wgsl");
