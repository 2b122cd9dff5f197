//! Matrices in a device's memory.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;

use super::driver::{Driver, Element, Memory, Place};
use crate::error::EngineError;

/// A matrix, or a part of the columns or rows of one. Copies share the memory.
#[derive(Clone)]
pub(super) struct Tensor {
    memory: Arc<Memory>,
    pub(super) element: Element,
    first: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl Tensor {
    /// One with whatever is in it.
    pub(super) fn new(
        driver: &Arc<dyn Driver>,
        element: Element,
        rows: usize,
        columns: usize,
    ) -> Result<Self, EngineError> {
        let memory = Arc::new(Memory::new(driver, rows * columns * element.size_bytes())?);
        Ok(Self { memory, element, first: 0, rows, columns, stride: columns })
    }

    /// One of zeros.
    pub(super) fn zeros(
        driver: &Arc<dyn Driver>,
        element: Element,
        rows: usize,
        columns: usize,
    ) -> Result<Self, EngineError> {
        let tensor = Self::new(driver, element, rows, columns)?;
        tensor.clear()?;
        Ok(tensor)
    }

    /// One row of these values.
    pub(super) fn of<T: Pod>(driver: &Arc<dyn Driver>, element: Element, values: &[T]) -> Result<Self, EngineError> {
        let tensor = Self::new(driver, element, 1, values.len())?;
        tensor.upload(values)?;
        Ok(tensor)
    }

    /// Some of its columns.
    pub(super) fn part(&self, first_column: usize, columns: usize) -> Self {
        assert!(first_column + columns <= self.columns, "a part lies inside");
        Self { first: self.first + first_column, columns, ..self.clone() }
    }

    /// Some of its rows.
    pub(super) fn some_rows(&self, rows: &Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows lie inside");
        Self { first: self.first + rows.start * self.stride, rows: rows.len(), ..self.clone() }
    }

    /// A range of a row of values, as a matrix.
    pub(super) fn matrix(&self, range: &Range<usize>, rows: usize, columns: usize) -> Self {
        assert!(self.rows == 1 && range.end <= self.columns && range.len() == rows * columns, "a matrix lies inside");
        Self { first: self.first + range.start, rows, columns, stride: columns, ..self.clone() }
    }

    /// True if nothing lies between its rows.
    pub(super) fn is_whole(&self) -> bool {
        self.columns == self.stride || self.rows <= 1
    }

    /// How many values.
    pub(super) fn length(&self) -> usize {
        self.rows * self.columns
    }

    /// Where it begins.
    pub(super) fn address(&self) -> u64 {
        self.memory.address() + (self.first * self.element.size_bytes()) as u64
    }

    /// For a product.
    pub(super) fn place(&self) -> Place {
        Place { address: self.address(), stride: self.stride, element: self.element, is_transposed: false }
    }

    pub(super) fn driver(&self) -> &dyn Driver {
        self.memory.driver()
    }

    /// The bytes from its beginning to its end, which are checked to be inside its memory.
    fn bytes(&self) -> usize {
        assert!(self.is_whole(), "rows lie one behind the other");
        let bytes = self.length() * self.element.size_bytes();
        assert!(self.first * self.element.size_bytes() + bytes <= self.memory.bytes(), "a tensor lies in its memory");
        bytes
    }

    pub(super) fn clear(&self) -> Result<(), EngineError> {
        #[expect(unsafe_code, reason = "the driver does not check addresses")]
        // SAFETY: `bytes` checks that so many are there.
        unsafe {
            self.driver().clear(self.address(), self.bytes())
        }
    }

    /// Writes values of the host into it.
    pub(super) fn upload<T: Pod>(&self, values: &[T]) -> Result<(), EngineError> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        assert_eq!(bytes.len(), self.bytes(), "as many as there are");
        #[expect(unsafe_code, reason = "the driver does not check addresses")]
        // SAFETY: `bytes` checks that so many are there.
        unsafe {
            self.driver().upload(self.address(), bytes)
        }
    }

    /// Its values, after everything that was asked for before.
    pub(super) fn download<T: Pod>(&self) -> Result<Vec<T>, EngineError> {
        let mut values = vec![T::zeroed(); self.bytes() / size_of::<T>()];
        #[expect(unsafe_code, reason = "the driver does not check addresses")]
        // SAFETY: `bytes` checks that so many are there.
        unsafe {
            self.driver().download(self.address(), bytemuck::cast_slice_mut(&mut values))?;
        }
        Ok(values)
    }

    /// Takes the values of another, which is of the same kind and size.
    pub(super) fn copy_from(&self, other: &Self) -> Result<(), EngineError> {
        assert!(self.element == other.element && self.length() == other.length(), "tensors are alike");
        assert!(!Arc::ptr_eq(&self.memory, &other.memory), "tensors lie apart");
        #[expect(unsafe_code, reason = "the driver does not check addresses")]
        // SAFETY: `bytes` checks both; they lie in different memory.
        unsafe {
            self.driver().copy(self.address(), other.address(), self.bytes().min(other.bytes()))
        }
    }
}
