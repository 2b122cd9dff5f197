//! Attention on a device's matrices.

use super::driver::{Argument, Element, Grid};
use super::kernels::{THREADS_PER_ROW, tile_rows};
use super::operations::{Done, arguments, check, launch, stride, warp_each};
use super::tensor::Tensor;
use crate::training::program::Heads;

/// What attention reads.
pub(super) struct Attention<'a> {
    pub(super) query: &'a Tensor,
    pub(super) key: &'a Tensor,
    pub(super) value: &'a Tensor,
    pub(super) heads: Heads,
    /// `[tiles, 4]`: tokens and sequence of each.
    pub(super) tiles: &'a Tensor,
}

impl Attention<'_> {
    fn check(&self) {
        let Heads { query, key_value, size, .. } = self.heads;
        check(self.query.columns == query * size, "queries fit");
        check(self.key.columns == key_value * size && self.value.columns == key_value * size, "keys and values fit");
        check([self.query, self.key, self.value].iter().all(|it| it.element == Element::Bf16), "of 16 bits");
        check(self.tiles.columns == 4 && self.tiles.element == Element::U32, "tiles are four numbers");
    }

    fn grid(&self, heads: usize) -> Grid {
        let threads = (tile_rows(self.heads.size) * THREADS_PER_ROW) as u32;
        Grid { blocks: (self.tiles.rows as u32, heads as u32), threads }
    }

    fn arguments(&self) -> Vec<Argument> {
        let Heads { query, key_value, scale, window, .. } = self.heads;
        // A window that no sequence fills is none.
        let window = window.map_or(0, |window| window.min(i32::MAX as usize / 2) as u32);
        arguments![
            self.query,
            stride(self.query),
            self.key,
            stride(self.key),
            self.value,
            stride(self.value),
            self.tiles,
            (query / key_value) as u32,
            scale,
            window
        ]
        .to_vec()
    }

    /// softmax(scale * query . keys) . values; `log_sums` are the logarithms of the sums of each softmax.
    pub(super) fn forward(&self, output: &Tensor, log_sums: &Tensor) -> Done {
        self.check();
        check(output.columns == self.query.columns && output.element == Element::Bf16, "attention's output fits");
        check(log_sums.length() == output.rows * self.heads.query, "sums fit");
        let mut arguments = self.arguments();
        arguments.extend_from_slice(arguments![output, stride(output), log_sums]);
        launch(output, "attention", self.grid(self.heads.query), &arguments)
    }

    /// Adds the derivatives by queries, keys and values, where `gradient` is that by the output.
    pub(super) fn backward(
        &self,
        (output, gradient): (&Tensor, &Tensor),
        log_sums: &Tensor,
        means: &Tensor,
        [to_query, to_key, to_value]: [&Tensor; 3],
    ) -> Done {
        self.check();
        let heads = self.heads.query;
        check(gradient.stride == output.stride && gradient.element == Element::Bf16, "a gradient fits");
        let pairs = [(self.query, to_query), (self.key, to_key), (self.value, to_value)];
        let are_alike = |(one, other): &(&Tensor, &Tensor)| one.stride == other.stride && one.element == other.element;
        check(pairs.iter().all(are_alike), "derivatives lie as values do");
        let count = output.rows * heads;
        check(log_sums.length() == count && means.length() == count, "sums fit");
        let own = arguments![output, gradient, stride(output), heads as u32, count as u32, means];
        launch(output, "attention_means", warp_each(count), own)?;
        let mut arguments = self.arguments();
        arguments.extend_from_slice(arguments![gradient, stride(gradient), log_sums, means]);
        let with = |own: &[Argument]| [&arguments[..], own].concat();
        launch(output, "attention_back_to_query", self.grid(heads), &with(arguments![to_query]))?;
        let own = with(arguments![to_key, to_value]);
        launch(output, "attention_back_to_key", self.grid(self.heads.key_value), &own)
    }
}
