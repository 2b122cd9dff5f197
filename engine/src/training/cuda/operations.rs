//! The operations of training on a device's matrices: each checks sizes and kinds, and launches its kernel.

use super::driver::{Argument, Element, Grid, Product};
use super::tensor::Tensor;
use crate::error::EngineError;
use crate::plan::{Activation, RopePairing};
use crate::training::AdamWSettings;
use crate::training::optimizer::Rates;

/// Threads of a block, where a kernel does not care.
const THREADS: u32 = 256;

/// Values whose squares are summed by one block.
pub(super) const CHUNK: usize = 1 << 14;

pub(super) type Done = Result<(), EngineError>;

/// Arguments of a kernel: tensors by their address, numbers as they are.
macro_rules! arguments {
    ($($argument:expr),* $(,)?) => { &[$(Argument::from($argument)),*] };
}
pub(super) use arguments;

impl From<&Tensor> for Argument {
    fn from(tensor: &Tensor) -> Self {
        Self::from(tensor.address())
    }
}

/// Runs a kernel.
pub(super) fn launch(by: &Tensor, kernel: &str, grid: Grid, arguments: &[Argument]) -> Done {
    #[expect(unsafe_code, reason = "kernels do not check what they are given")]
    // SAFETY: the functions of this file, of `attention` and of `dequantization` give each kernel arguments of the types that its text says, and have checked that the
    // tensors, which lie inside their memory, are as large as the kernel takes them to be.
    unsafe {
        by.driver().launch(kernel, grid, arguments)
    }
}

/// A thread for each of `count`.
pub(super) fn each(count: usize) -> Grid {
    Grid { blocks: (count.div_ceil(THREADS as usize) as u32, 1), threads: THREADS }
}

/// A warp for each of `count`.
pub(super) fn warp_each(count: usize) -> Grid {
    Grid { blocks: (count.div_ceil(4) as u32, 1), threads: 128 }
}

pub(super) fn check(is_so: bool, what: &str) {
    assert!(is_so, "an operation on the device: {what}");
}

pub(super) fn stride(tensor: &Tensor) -> u32 {
    tensor.stride as u32
}

fn suffix(element: Element) -> &'static str {
    match element {
        Element::F32 => "f32",
        Element::Bf16 => "bf16",
        Element::F64 | Element::U32 | Element::U8 => unreachable!("activations are floats"),
    }
}

/// to (+)= factor * left * right. The factors are of 16 bits.
pub(super) fn multiply(to: &Tensor, accumulates: bool, factor: f32, left: &Tensor, right: &Tensor) -> Done {
    product(to, accumulates, factor, (left, false), (right, false))
}

/// As [`multiply`], with factors that may be transposed.
pub(super) fn product(
    to: &Tensor,
    accumulates: bool,
    factor: f32,
    (left, left_transposed): (&Tensor, bool),
    (right, right_transposed): (&Tensor, bool),
) -> Done {
    let sizes = |tensor: &Tensor, is_transposed| {
        if is_transposed { (tensor.columns, tensor.rows) } else { (tensor.rows, tensor.columns) }
    };
    let ((rows, inner), (other_inner, columns)) = (sizes(left, left_transposed), sizes(right, right_transposed));
    check((to.rows, to.columns, inner) == (rows, columns, other_inner), "matrices of a product fit");
    check(left.element == Element::Bf16 && right.element == Element::Bf16, "factors are of 16 bits");
    check(matches!(to.element, Element::F32 | Element::Bf16), "products are floats");
    let mut place = [left.place(), right.place()];
    (place[0].is_transposed, place[1].is_transposed) = (left_transposed, right_transposed);
    let [left, right] = place;
    let product = Product { rows, columns, inner, factor, left, right, accumulates, to: to.place() };
    #[expect(unsafe_code, reason = "the driver does not check addresses")]
    // SAFETY: sizes fit (checked above), and tensors lie inside their memory.
    unsafe {
        to.driver().multiply(&product)
    }
}

/// to += from
pub(super) fn accumulate(to: &Tensor, from: &Tensor) -> Done {
    elementwise("accumulate", to, from)
}

/// to = from
pub(super) fn convert(to: &Tensor, from: &Tensor) -> Done {
    elementwise("convert", to, from)
}

fn elementwise(kernel: &str, to: &Tensor, from: &Tensor) -> Done {
    check(to.length() == from.length() && to.is_whole() && from.is_whole(), "as many values");
    let name = format!("{kernel}_{}_{}", suffix(to.element), suffix(from.element));
    launch(to, &name, each(to.length()), arguments![to, from, to.length() as u64])
}

/// Groups of a norm, and how many there are in all.
fn groups(input: &Tensor, weight: &Tensor, inverses: &Tensor) -> (u32, u32, u32) {
    let size = weight.columns;
    let groups = input.columns / size;
    check(input.columns == groups * size && inverses.length() == input.rows * groups, "a norm's groups fit");
    check(weight.element == Element::F32 && inverses.element == Element::F32, "a norm's weights are of 32 bits");
    (size as u32, groups as u32, (groups * input.rows) as u32)
}

/// output = input * inverse * weight in each group of `weight.columns` values.
pub(super) fn norm(input: &Tensor, weight: &Tensor, epsilon: f32, output: &Tensor, inverses: &Tensor) -> Done {
    let (size, groups, count) = groups(input, weight, inverses);
    check(output.element == Element::Bf16 && output.columns == input.columns, "a norm's output fits");
    let name = format!("norm_{}", suffix(input.element));
    launch(
        input,
        &name,
        warp_each(count as usize),
        arguments![input, stride(input), weight, size, groups, count, epsilon, output, stride(output), inverses],
    )
}

/// Adds the derivative by the input, where `gradient` is that by the output.
pub(super) fn norm_back(
    input: &Tensor,
    weight: &Tensor,
    inverses: &Tensor,
    gradient: &Tensor,
    to_input: &Tensor,
) -> Done {
    let (size, groups, count) = groups(input, weight, inverses);
    check(gradient.element == Element::Bf16 && gradient.columns == input.columns, "a gradient fits");
    check(to_input.element == input.element && to_input.stride == input.stride, "derivatives lie as values do");
    let name = format!("norm_back_{}", suffix(input.element));
    launch(
        input,
        &name,
        warp_each(count as usize),
        arguments![input, stride(input), weight, size, groups, count, inverses, gradient, stride(gradient), to_input],
    )
}

/// Adds the derivative by the weight.
pub(super) fn norm_back_to_weight(input: &Tensor, inverses: &Tensor, gradient: &Tensor, to_weight: &Tensor) -> Done {
    let (size, groups, count) = groups(input, to_weight, inverses);
    check(gradient.element == Element::Bf16 && gradient.columns == input.columns, "a gradient fits");
    let name = format!("norm_back_to_weight_{}", suffix(input.element));
    let grid = Grid { blocks: (size.div_ceil(32), 1), threads: 256 };
    launch(
        input,
        &name,
        grid,
        arguments![input, stride(input), size, groups, count, inverses, gradient, stride(gradient), to_weight],
    )
}

/// Rotates in place, or back. `angles` are cosine and sine of each token's pairs.
pub(super) fn rope(
    values: &Tensor,
    head_size: usize,
    pairing: RopePairing,
    pairs: usize,
    angles: &Tensor,
    is_back: bool,
) -> Done {
    let heads = values.columns / head_size;
    check(values.element == Element::Bf16 && angles.element == Element::F32, "rotated values are of 16 bits");
    check(2 * pairs <= head_size && angles.length() == 2 * values.rows * pairs, "angles fit");
    let count = values.rows * heads * pairs;
    let (are_neighbours, direction) =
        (u32::from(pairing == RopePairing::Neighbours), if is_back { -1.0_f32 } else { 1.0 });
    launch(
        values,
        "rope",
        each(count),
        arguments![
            values,
            stride(values),
            heads as u32,
            head_size as u32,
            pairs as u32,
            are_neighbours,
            angles,
            direction,
            count as u64
        ],
    )
}

/// output = activation(gates) * ups
pub(super) fn gate(gates: &Tensor, ups: &Tensor, activation: Activation, output: &Tensor) -> Done {
    check(gates.columns == output.columns && ups.columns == output.columns && output.is_whole(), "gates fit");
    check([gates, ups, output].iter().all(|it| it.element == Element::Bf16), "gates are of 16 bits");
    let is_gelu = u32::from(activation == Activation::GeluTanh);
    launch(
        output,
        "gate",
        each(output.length()),
        arguments![
            gates,
            stride(gates),
            ups,
            stride(ups),
            is_gelu,
            output.columns as u32,
            output,
            output.length() as u64
        ],
    )
}

/// Adds the derivatives by gates and ups, where `gradient` is that by the output.
pub(super) fn gate_back(
    (gates, to_gates): (&Tensor, &Tensor),
    (ups, to_ups): (&Tensor, &Tensor),
    activation: Activation,
    gradient: &Tensor,
) -> Done {
    check(gates.columns == gradient.columns && ups.columns == gradient.columns && gradient.is_whole(), "gates fit");
    check([gates, ups, to_gates, to_ups, gradient].iter().all(|it| it.element == Element::Bf16), "of 16 bits");
    check(to_gates.stride == gates.stride && to_ups.stride == ups.stride, "derivatives lie as values do");
    let is_gelu = u32::from(activation == Activation::GeluTanh);
    launch(
        gradient,
        "gate_back",
        each(gradient.length()),
        arguments![
            gates,
            stride(gates),
            ups,
            stride(ups),
            is_gelu,
            gradient.columns as u32,
            gradient,
            to_gates,
            to_ups,
            gradient.length() as u64
        ],
    )
}

/// The loss of each row of `logits`; with a place for it, the derivative of `scales` times it.
pub(super) fn cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    scales: &Tensor,
    losses: &Tensor,
    gradient: Option<&Tensor>,
) -> Done {
    check(logits.element == Element::F32 && logits.is_whole(), "logits are of 32 bits");
    check([targets, scales, losses].iter().all(|it| it.length() == logits.rows), "a target for each row");
    let fits = |it: &Tensor| it.length() == logits.length() && it.element == Element::Bf16;
    check(gradient.is_none_or(fits), "a gradient fits");
    let to_logits = gradient.map_or(0, Tensor::address);
    launch(
        logits,
        "cross_entropy",
        Grid { blocks: (logits.rows as u32, 1), threads: 256 },
        arguments![logits, logits.columns as u32, targets, scales, losses, to_logits],
    )
}

/// Rows of `from`, by their numbers.
pub(super) fn gather_rows(from: &Tensor, rows: &Tensor, to: &Tensor) -> Done {
    move_rows("gather_rows", (from, from, to), rows)
}

/// Adds rows to those of `to`, by their numbers, none of which comes twice.
pub(super) fn scatter_rows(to: &Tensor, rows: &Tensor, from: &Tensor) -> Done {
    move_rows("scatter_rows", (to, to, from), rows)
}

fn move_rows(kernel: &str, (first, many, few): (&Tensor, &Tensor, &Tensor), rows: &Tensor) -> Done {
    check(rows.length() == few.rows && rows.element == Element::U32 && many.columns == few.columns, "rows fit");
    check([many, few].iter().all(|it| it.element == Element::F32 && it.is_whole()), "rows are of 32 bits");
    launch(first, kernel, each(few.length()), arguments![first, rows, few.columns as u32, few, few.length() as u64])
}

/// Adds the derivative by embeddings: those of `tokens[i]` are in the rows `rows[firsts[i]..firsts[i + 1]]` of the gradient.
pub(super) fn embed_back(
    to_table: &Tensor,
    [tokens, firsts, rows]: [&Tensor; 3],
    scale: f32,
    gradient: &Tensor,
) -> Done {
    let count = tokens.length() * gradient.columns;
    check(firsts.length() == tokens.length() + 1 && to_table.columns == gradient.columns, "tokens fit");
    check(to_table.element == Element::F32 && gradient.element == Element::F32, "embeddings are of 32 bits");
    launch(
        to_table,
        "embed_back",
        each(count),
        arguments![to_table, tokens, firsts, rows, gradient.columns as u32, scale, gradient, count as u64],
    )
}

/// Moves values against their gradients; `copies` are the same in 16 bits.
pub(super) fn adam_w([values, gradients, means, squares]: [&Tensor; 4], copies: &Tensor, rates: &Rates) -> Done {
    let count = values.length();
    check([gradients, means, squares, copies].iter().all(|it| it.length() == count), "as many of all");
    let Rates { settings, shortened, step_size, root, kept } = *rates;
    let AdamWSettings { beta1, beta2, epsilon, .. } = settings;
    launch(
        values,
        "adam_w",
        each(count),
        arguments![
            values,
            gradients,
            means,
            squares,
            copies,
            count as u64,
            shortened,
            beta1,
            beta2,
            epsilon,
            step_size,
            root,
            kept
        ],
    )
}

/// The sums of squares of each [`CHUNK`] of values.
pub(super) fn square_sums(values: &Tensor, sums: &Tensor) -> Done {
    let chunks = values.length().div_ceil(CHUNK);
    check(sums.length() == chunks && sums.element == Element::F64, "a sum for each chunk");
    launch(
        values,
        "square_sums",
        Grid { blocks: (chunks as u32, 1), threads: 256 },
        arguments![values, values.length() as u64, CHUNK as u32, sums],
    )
}
