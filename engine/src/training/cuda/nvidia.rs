//! An NVIDIA GPU by CUDA's driver and cuBLAS, both found when they are asked for.

use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::path::Path;
use std::sync::Arc;

use cudarc::cublas::{self, CudaBlas, result::CublasError, sys as blas};
use cudarc::driver::{CudaContext, CudaFunction, CudaStream, DriverError, result, sys};
use cudarc::nvrtc::Ptx;

use super::compiler;
use super::driver::{Argument, Driver, Element, Grid, Place, Product};
use super::kernels;
use crate::error::EngineError;

/// A GPU that can train.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaDevice {
    /// What NVIDIA calls it.
    pub name: String,
    /// Its compute capability, as (9, 0).
    pub capability: (i32, i32),
    /// Its memory in bytes.
    pub total_bytes: u64,
    /// What of it nobody has taken.
    pub free_bytes: u64,
}

/// The oldest GPUs with products of bfloat16.
const OLDEST_CAPABILITY: (i32, i32) = (8, 0);

impl CudaDevice {
    /// The first GPU.
    ///
    /// # Errors
    /// There is none, it is too old, or its driver or a library of CUDA's is missing; it is told which.
    pub fn find() -> Result<Self, EngineError> {
        let context = open()?;
        compiler::version()?;
        let describe = || {
            let (free_bytes, total_bytes) = context.mem_get_info()?;
            let capability = context.compute_capability()?;
            let (total_bytes, free_bytes) = (total_bytes as u64, free_bytes as u64);
            Ok(Self { name: context.name()?, capability, total_bytes, free_bytes })
        };
        let device = describe().map_err(|error| failed("asking the GPU what it is", error))?;
        if device.capability < OLDEST_CAPABILITY {
            let (major, minor) = device.capability;
            return Err(EngineError::NoGpu(format!(
                "{} has compute capability {major}.{minor}; training needs 8.0 (Ampere) or newer",
                device.name
            )));
        }
        Ok(device)
    }
}

/// The first GPU, if its driver and cuBLAS are there.
fn open() -> Result<Arc<CudaContext>, EngineError> {
    compiler::open_libraries();
    #[expect(unsafe_code, reason = "libraries are loaded")]
    // SAFETY: they are looked for by CUDA's own names.
    let (has_driver, has_blas) = unsafe { (sys::is_culib_present(), cublas::sys::is_culib_present()) };
    if !has_driver {
        return Err(EngineError::NoGpu("there is no driver of NVIDIA's on this computer".to_owned()));
    }
    if !has_blas {
        return Err(EngineError::NoGpu(format!(
            "cuBLAS is not here. Install NVIDIA's CUDA 13, or `pip install nvidia-cublas` and name the folder with its \
             libraries in {}",
            compiler::LIBRARIES_VARIABLE
        )));
    }
    CudaContext::new(0).map_err(|error| EngineError::NoGpu(format!("CUDA does not start: {error}")))
}

fn failed(what: &str, error: DriverError) -> EngineError {
    EngineError::Gpu(format!("{what}: {error}"))
}

/// A GPU with the kernels for heads of one size.
pub(super) struct Nvidia {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    blas: CudaBlas,
    functions: HashMap<String, CudaFunction>,
}

impl Nvidia {
    /// Takes the first GPU. Compiled kernels are kept in the folder `cache`.
    ///
    /// # Errors
    /// As [`CudaDevice::find`]; or the kernels don't compile.
    pub(super) fn open(head_size: usize, cache: Option<&Path>) -> Result<Arc<dyn Driver>, EngineError> {
        let device = CudaDevice::find()?;
        let context = open()?;
        let code = compiler::machine_code(&kernels::text(head_size)?, device.capability, cache)?;
        let loading = |error| failed("giving the kernels to the GPU", error);
        let module = context.load_module(Ptx::from_binary(code)).map_err(loading)?;
        let function = |name: String| Ok((name.clone(), module.load_function(&name).map_err(loading)?));
        let functions = kernels::names().into_iter().map(function).collect::<Result<_, EngineError>>()?;
        let stream = context.default_stream();
        let blas = CudaBlas::new(stream.clone())
            .map_err(|error| EngineError::Gpu(format!("cuBLAS does not start: {error}")))?;
        keep_freed_memory(&context).map_err(|error| failed("preparing the GPU's memory", error))?;
        Ok(Arc::new(Self { context, stream, blas, functions }))
    }

    /// CUDA's calls are about the context of the thread that calls.
    fn bind(&self) -> Result<sys::CUstream, EngineError> {
        self.context.bind_to_thread().map_err(|error| failed("turning to the GPU", error))?;
        Ok(self.stream.cu_stream())
    }
}

/// Memory that is given back is taken again in the next step: the system need not have it in between.
fn keep_freed_memory(context: &CudaContext) -> Result<(), DriverError> {
    let threshold = u64::MAX;
    #[expect(unsafe_code, reason = "a library of C")]
    // SAFETY: the device is the context's, the pool its own, and the attribute a number of 64 bits.
    unsafe {
        let pool = result::device::get_default_mem_pool(context.cu_device())?;
        let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        sys::cuMemPoolSetAttribute(pool, attribute, (&raw const threshold).cast_mut().cast::<c_void>()).result()
    }
}

#[expect(unsafe_code, reason = "a library of C")]
impl Driver for Nvidia {
    fn allocate(&self, bytes: usize) -> Result<u64, EngineError> {
        let stream = self.bind()?;
        // SAFETY: the stream is alive.
        match unsafe { result::malloc_async(stream, bytes) } {
            Ok(address) => Ok(address),
            Err(DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => {
                let (free, total) = self.context.mem_get_info().unwrap_or_default();
                Err(EngineError::OutOfMemory {
                    what: "a part of training".to_owned(),
                    needed_bytes: bytes as u64,
                    limit: format!("of the GPU's {total} bytes {free} are free"),
                })
            }
            Err(error) => Err(failed("taking memory of the GPU", error)),
        }
    }

    unsafe fn free(&self, address: u64, _bytes: usize) {
        if let Ok(stream) = self.bind() {
            // SAFETY: the caller has it that nobody uses it later; what was asked for before is done first. After a fault of
            // the GPU this fails, and nothing is lost by it: the process ends.
            unsafe { result::free_async(address, stream) }.ok();
        }
    }

    unsafe fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), EngineError> {
        let stream = self.bind()?;
        // SAFETY: the caller has it that there is memory. Of memory that the system may move, as this is, the driver has taken
        // a copy when it returns.
        unsafe { result::memcpy_htod_async(address, bytes, stream) }
            .map_err(|error| failed("writing to the GPU", error))
    }

    unsafe fn download(&self, address: u64, bytes: &mut [u8]) -> Result<(), EngineError> {
        let stream = self.bind()?;
        // SAFETY: the caller has it that there is memory, and it is waited for.
        let went = unsafe { result::memcpy_dtoh_async(bytes, address, stream) };
        went.and_then(|()| self.stream.synchronize()).map_err(|error| failed("computing on the GPU", error))
    }

    unsafe fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<(), EngineError> {
        let stream = self.bind()?;
        // SAFETY: the caller has it that there is memory, and that it lies apart.
        unsafe { result::memcpy_dtod_async(to, from, bytes, stream) }
            .map_err(|error| failed("copying on the GPU", error))
    }

    unsafe fn clear(&self, address: u64, bytes: usize) -> Result<(), EngineError> {
        let stream = self.bind()?;
        // SAFETY: the caller has it that there is memory.
        unsafe { result::memset_d8_async(address, 0, bytes, stream) }
            .map_err(|error| failed("clearing memory of the GPU", error))
    }

    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), EngineError> {
        if grid.blocks.0 == 0 || grid.blocks.1 == 0 {
            return Ok(());
        }
        let function =
            self.functions.get(kernel).ok_or_else(|| EngineError::Gpu(format!("there is no kernel {kernel}")))?;
        let stream = self.bind()?;
        let mut values: Vec<u64> = arguments.iter().map(|argument| argument.0).collect();
        let mut pointers: Vec<*mut c_void> =
            values.iter_mut().map(|value| std::ptr::from_mut(value).cast::<c_void>()).collect();
        let (blocks, threads) = ((grid.blocks.0, grid.blocks.1, 1), (grid.threads, 1, 1));
        // SAFETY: the caller has it that the arguments are the kernel's; the driver has read them when it returns.
        unsafe { result::launch_kernel(function.cu_function(), blocks, threads, 0, stream, &mut pointers) }
            .map_err(|error| failed(&format!("running the kernel {kernel}"), error))
    }

    unsafe fn multiply(&self, product: &Product) -> Result<(), EngineError> {
        self.bind()?;
        // cuBLAS has columns where we have rows: to^T = right^T * left^T.
        let operation = |place: &Place| match place.is_transposed {
            true => blas::cublasOperation_t::CUBLAS_OP_T,
            false => blas::cublasOperation_t::CUBLAS_OP_N,
        };
        let kind = |place: &Place| match place.element {
            Element::F32 => blas::cudaDataType::CUDA_R_32F,
            _ => blas::cudaDataType::CUDA_R_16BF,
        };
        let Product { left, right, to, .. } = product;
        let added = if product.accumulates { 1.0_f32 } else { 0.0 };
        // SAFETY: the caller has it that the matrices lie in memory of the GPU; the factors are read before it returns.
        let went: Result<(), CublasError> = unsafe {
            cublas::result::gemm_ex(
                *self.blas.handle(),
                operation(right),
                operation(left),
                product.columns as c_int,
                product.rows as c_int,
                product.inner as c_int,
                (&raw const product.factor).cast(),
                right.address as *const c_void,
                kind(right),
                right.stride as c_int,
                left.address as *const c_void,
                kind(left),
                left.stride as c_int,
                (&raw const added).cast(),
                to.address as *mut c_void,
                kind(to),
                to.stride as c_int,
                blas::cublasComputeType_t::CUBLAS_COMPUTE_32F,
                blas::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        };
        went.map_err(|error| {
            let Product { rows, columns, inner, .. } = product;
            EngineError::Gpu(format!("a product of {rows}x{inner} and {inner}x{columns}: {error}"))
        })
    }
}
