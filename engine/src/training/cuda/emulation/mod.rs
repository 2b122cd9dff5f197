//! The kernels without a GPU: their text compiled as C++, the threads of a block as fibers. What a test finds right here is
//! right but for what a GPU adds: its own rounding of `expf` and fused products, and threads that really run at once.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::HashMap;
use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use half::bf16;
use libloading::Library;
use sha2::{Digest, Sha256};

use super::driver::{Argument, Driver, Element, Grid, Place, Product};
use super::kernels;
use crate::cpu::math;
use crate::error::EngineError;

type Launch = unsafe extern "C" fn(*const c_char, c_uint, c_uint, c_uint, *mut *mut c_void) -> c_int;

/// The kernels for heads of one size.
pub(super) struct Emulation {
    library: Library,
}

impl Emulation {
    /// The kernels for heads of this size, compiled at their first use.
    pub(super) fn driver(head_size: usize) -> Arc<dyn Driver> {
        static ALL: OnceLock<Mutex<HashMap<usize, Arc<Emulation>>>> = OnceLock::new();
        let mut all = ALL.get_or_init(Mutex::default).lock().unwrap();
        all.entry(head_size).or_insert_with(|| Arc::new(Self::compile(head_size))).clone()
    }

    fn compile(head_size: usize) -> Self {
        let entries = kernels::names()
            .into_iter()
            .map(|name| format!("    {{\"{name}\", [](void **values) {{ emulation::call({name}, values); }}}},\n"));
        let text = [
            include_str!("cuda.h"),
            &kernels::text(head_size).unwrap(),
            "static const emulation::Entry ENTRIES[] = {\n",
            &entries.collect::<String>(),
            "};\n",
            include_str!("launch.h"),
        ]
        .concat();
        // Beside the test itself: it is gone when cargo's folder is.
        let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let name = format!("kernels-{:016x}", u64::from_be_bytes(Sha256::digest(&text)[..8].try_into().unwrap()));
        let library = folder.join(&name).with_extension("so");
        if !library.exists() {
            let own: PathBuf = folder.join(format!("{name}-{}.cpp", std::process::id()));
            std::fs::write(&own, text).unwrap();
            let made = own.with_extension("so");
            let mut compiler = Command::new("c++");
            compiler.args([
                "-std=c++17",
                "-O2",
                "-U_FORTIFY_SOURCE",
                "-fPIC",
                "-shared",
                "-Wall",
                "-Werror",
                "-Wno-unused-function",
                "-o",
            ]);
            let output = compiler.arg(&made).arg(&own).output().expect("a C++ compiler; `cargo xtask setup` gets it");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            std::fs::rename(&made, &library).unwrap();
            std::fs::remove_file(&own).unwrap();
        }
        #[expect(unsafe_code, reason = "a library is loaded")]
        // SAFETY: it was compiled from the text above, whose initializers do nothing but that.
        let library = unsafe { Library::new(&library) }.unwrap();
        Self { library }
    }
}

fn pointer<T>(address: u64) -> *mut T {
    address as *mut T
}

/// A matrix as floats, one row after the other.
#[expect(unsafe_code, reason = "addresses are those of this process")]
unsafe fn floats(place: &Place, rows: usize, columns: usize) -> Vec<f32> {
    let value = |row: usize, column: usize| {
        let (row, column) = if place.is_transposed { (column, row) } else { (row, column) };
        let index = row * place.stride + column;
        // SAFETY: the caller has it that the matrix lies in memory.
        unsafe {
            match place.element {
                Element::F32 => *pointer::<f32>(place.address).add(index),
                Element::Bf16 => (*pointer::<bf16>(place.address).add(index)).to_f32(),
                _ => panic!("no matrix of these"),
            }
        }
    };
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(row, column)| value(row, column))
        .collect()
}

#[expect(unsafe_code, reason = "addresses are those of this process")]
impl Driver for Emulation {
    fn allocate(&self, bytes: usize) -> Result<u64, EngineError> {
        // Not zeros: what a kernel forgets to write is seen.
        Ok(Box::leak(vec![0x7F_u64.wrapping_mul(0x0101_0101_0101_0101); bytes.div_ceil(8)].into_boxed_slice()).as_ptr()
            as u64)
    }

    unsafe fn free(&self, address: u64, bytes: usize) {
        // SAFETY: it is what `allocate` leaked.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer::<u64>(address), bytes.div_ceil(8))) });
    }

    unsafe fn upload(&self, address: u64, bytes: &[u8]) -> Result<(), EngineError> {
        // SAFETY: the caller has it that there is memory.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer(address), bytes.len()) };
        Ok(())
    }

    unsafe fn download(&self, address: u64, bytes: &mut [u8]) -> Result<(), EngineError> {
        // SAFETY: the caller has it that there is memory.
        unsafe { std::ptr::copy_nonoverlapping(pointer(address), bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    unsafe fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<(), EngineError> {
        // SAFETY: the caller has it that there is memory, and that it lies apart.
        unsafe { std::ptr::copy_nonoverlapping(pointer::<u8>(from), pointer(to), bytes) };
        Ok(())
    }

    unsafe fn clear(&self, address: u64, bytes: usize) -> Result<(), EngineError> {
        // SAFETY: the caller has it that there is memory.
        unsafe { std::ptr::write_bytes(pointer::<u8>(address), 0, bytes) };
        Ok(())
    }

    unsafe fn launch(&self, kernel: &str, grid: Grid, arguments: &[Argument]) -> Result<(), EngineError> {
        let name = CString::new(kernel).unwrap();
        let mut values: Vec<u64> = arguments.iter().map(|argument| argument.0).collect();
        let mut pointers: Vec<*mut c_void> =
            values.iter_mut().map(|value| std::ptr::from_mut(value).cast::<c_void>()).collect();
        // SAFETY: `launch.h` has this function; of the arguments the caller has it that they are the kernel's.
        let went = unsafe {
            let launch = self.library.get::<Launch>(b"launch").unwrap();
            launch(name.as_ptr(), grid.blocks.0, grid.blocks.1, grid.threads, pointers.as_mut_ptr())
        };
        assert_eq!(went, 0, "there is no kernel {kernel}");
        Ok(())
    }

    unsafe fn multiply(&self, product: &Product) -> Result<(), EngineError> {
        let Product { rows, columns, inner, factor, left, right, accumulates, to } = product;
        let right = Place { is_transposed: !right.is_transposed, ..*right };
        // SAFETY: the caller has it that all three matrices lie in memory.
        let (left, right, before) =
            unsafe { (floats(left, *rows, *inner), floats(&right, *columns, *inner), floats(to, *rows, *columns)) };
        for row in 0..*rows {
            for column in 0..*columns {
                let mut sum = factor * math::dot(&left[row * inner..][..*inner], &right[column * inner..][..*inner]);
                if *accumulates {
                    sum += before[row * columns + column];
                }
                let index = row * to.stride + column;
                // SAFETY: as above.
                unsafe {
                    match to.element {
                        Element::F32 => *pointer::<f32>(to.address).add(index) = sum,
                        Element::Bf16 => *pointer::<bf16>(to.address).add(index) = bf16::from_f32(sum),
                        _ => panic!("no matrix of these"),
                    }
                }
            }
        }
        Ok(())
    }
}
