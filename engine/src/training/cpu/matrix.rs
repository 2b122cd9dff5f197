//! Products of matrices of floats, by the `gemm` crate, on the threads of the pool that calls.

use gemm::Parallelism;

/// A matrix that is read: columns or rows may lie apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

/// A matrix that is written.
#[derive(Debug)]
pub(super) struct MatrixMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `row_stride` values of which `columns` from `first_column` on belong to it.
    pub(super) fn new(values: &'a [f32], rows: usize, columns: usize, first_column: usize, row_stride: usize) -> Self {
        let values = values.get(first_column..).unwrap_or_default();
        assert!(is_inside(values.len(), rows, columns, row_stride), "a matrix lies inside its values");
        Self { values, rows, columns, row_stride, column_stride: 1 }
    }

    /// The whole of `values`.
    pub(super) fn whole(values: &'a [f32], columns: usize) -> Self {
        Self::new(values, values.len() / columns, columns, 0, columns)
    }

    /// Rows for columns.
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

impl<'a> MatrixMut<'a> {
    /// As [`Matrix::new`].
    pub(super) fn new(
        values: &'a mut [f32],
        rows: usize,
        columns: usize,
        first_column: usize,
        row_stride: usize,
    ) -> Self {
        let values = values.get_mut(first_column..).unwrap_or_default();
        assert!(is_inside(values.len(), rows, columns, row_stride), "a matrix lies inside its values");
        Self { values, rows, columns, row_stride }
    }

    /// The whole of `values`.
    pub(super) fn whole(values: &'a mut [f32], columns: usize) -> Self {
        Self::new(values, values.len() / columns, columns, 0, columns)
    }
}

fn is_inside(length: usize, rows: usize, columns: usize, row_stride: usize) -> bool {
    rows == 0 || columns == 0 || (columns <= row_stride && (rows - 1) * row_stride + columns <= length)
}

/// What becomes of what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Onto {
    /// It is overwritten.
    Nothing,
    /// It is added to.
    WhatIsThere,
}

/// Who computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The thread that calls; many do it at once.
    OneThread,
    /// All threads of the pool.
    AllThreads,
}

/// output (+)= factor * left * right
pub(super) fn multiply(output: MatrixMut<'_>, onto: Onto, factor: f32, left: Matrix<'_>, right: Matrix<'_>, by: By) {
    assert!(
        output.rows == left.rows && output.columns == right.columns && left.columns == right.rows,
        "matrices fit: {}x{} = {}x{} * {}x{}",
        output.rows,
        output.columns,
        left.rows,
        left.columns,
        right.rows,
        right.columns,
    );
    let parallelism = match by {
        By::OneThread => Parallelism::None,
        By::AllThreads => Parallelism::Rayon(0),
    };
    // Nothing to add up: the library would leave what is there.
    if left.columns == 0 {
        if onto == Onto::Nothing {
            output.values.chunks_mut(output.row_stride).for_each(|row| row[..output.columns].fill(0.0));
        }
        return;
    }
    #[expect(unsafe_code, reason = "the library takes pointers")]
    // SAFETY: the three matrices lie inside their slices (`is_inside`, asserted when they were made), their sizes fit
    // (asserted above), and `output` is borrowed mutably, so it lies apart from the others.
    unsafe {
        gemm::gemm(
            output.rows,
            output.columns,
            left.columns,
            output.values.as_mut_ptr(),
            1,
            output.row_stride as isize,
            onto == Onto::WhatIsThere,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            factor,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_parts_and_transposed_matrices_are_right() {
        // [2, 3] in rows of 4, times [3, 2] transposed.
        let left = [9.0, 1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, 2.0, 0.0, 1.0, 1.0];
        let mut output = [100.0; 6];
        let (left, right) = (Matrix::new(&left, 2, 3, 1, 4), Matrix::whole(&right, 3).transposed());
        multiply(MatrixMut::new(&mut output, 2, 2, 1, 3), Onto::Nothing, 2.0, left, right, By::OneThread);
        assert_eq!(output, [100.0, 14.0, 10.0, 100.0, 32.0, 22.0]);
        multiply(MatrixMut::new(&mut output, 2, 2, 1, 3), Onto::WhatIsThere, -1.0, left, right, By::AllThreads);
        assert_eq!(output, [100.0, 7.0, 5.0, 100.0, 16.0, 11.0]);
    }

    #[test]
    #[should_panic(expected = "a matrix lies inside its values")]
    fn a_matrix_that_is_too_large_for_its_values_is_refused() {
        Matrix::new(&[0.0; 7], 2, 4, 0, 4);
    }
}
