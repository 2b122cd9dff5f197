//! What the trainer asks of a device: memory, kernels by name, products of matrices. Everything is done in the order in which
//! it was asked for; only [`Driver::download`] waits.

use std::sync::Arc;

use crate::error::EngineError;

/// A device.
pub(super) trait Driver: Send + Sync {
    /// Memory with whatever is in it; its address.
    fn allocate(&self, bytes: usize) -> Result<u64, EngineError>;

    /// # Safety
    /// The address came from [`Driver::allocate`] with this size, and nothing asked for later uses it.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn free(&self, address: u64, bytes: usize);

    /// # Safety
    /// From the address on there is memory of this length.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), EngineError>;

    /// # Safety
    /// From the address on there is memory of this length.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn download(&self, address: u64, bytes: &mut [u8]) -> Result<(), EngineError>;

    /// # Safety
    /// From both addresses on there is memory of this length, and it does not overlap.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<(), EngineError>;

    /// Fills with zeros.
    ///
    /// # Safety
    /// From the address on there is memory of this length.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn clear(&self, address: u64, bytes: usize) -> Result<(), EngineError>;

    /// Runs a kernel.
    ///
    /// # Safety
    /// The arguments are of the kernel's types, and it stays inside the memory that they name.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), EngineError>;

    /// to (+)= factor * left * right, with sums in 32 bits.
    ///
    /// # Safety
    /// The three matrices lie in memory of the device, and the one that is written apart from the others.
    #[expect(unsafe_code, reason = "addresses are not checked")]
    unsafe fn multiply(&self, product: &Product) -> Result<(), EngineError>;
}

/// How many blocks of how many threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) blocks: (u32, u32),
    pub(super) threads: u32,
}

/// What a kernel is given: its bytes, in the lower end of eight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument(pub(super) u64);

impl From<u64> for Argument {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

impl From<u32> for Argument {
    fn from(value: u32) -> Self {
        Self(u64::from(value))
    }
}

impl From<f32> for Argument {
    fn from(value: f32) -> Self {
        Self(u64::from(value.to_bits()))
    }
}

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F32,
    Bf16,
    F64,
    U32,
    U8,
}

impl Element {
    /// Bytes of one.
    pub(super) const fn size_bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::Bf16 => 2,
            Self::F32 | Self::U32 => 4,
            Self::F64 => 8,
        }
    }
}

/// A matrix in memory, row after row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) address: u64,
    pub(super) stride: usize,
    pub(super) element: Element,
    /// Columns for rows; never of what is written.
    pub(super) is_transposed: bool,
}

/// A product of matrices, `[rows, inner]` times `[inner, columns]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) inner: usize,
    pub(super) factor: f32,
    pub(super) left: Place,
    pub(super) right: Place,
    /// What is there is added to.
    pub(super) accumulates: bool,
    pub(super) to: Place,
}

/// Memory of a device, which is given back when nobody has it any more.
pub(super) struct Memory {
    driver: Arc<dyn Driver>,
    address: u64,
    bytes: usize,
}

impl Memory {
    pub(super) fn new(driver: &Arc<dyn Driver>, bytes: usize) -> Result<Self, EngineError> {
        // None of nothing: a device has no memory of this size.
        let bytes = bytes.max(1);
        Ok(Self { driver: driver.clone(), address: driver.allocate(bytes)?, bytes })
    }

    pub(super) fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    pub(super) fn address(&self) -> u64 {
        self.address
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the device gets its memory back")]
        // SAFETY: it was allocated with this size, and what is asked for later can't name it any more: everybody who has its
        // address has this too.
        unsafe {
            self.driver.free(self.address, self.bytes);
        }
    }
}
