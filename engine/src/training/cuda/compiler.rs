//! Kernels from their text, by CUDA's own compiler (NVRTC), which comes with CUDA or from PyPI; once, and from
//! then on from a folder.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cudarc::nvrtc::result::{compile_program, create_program, destroy_program, get_program_log};
use cudarc::nvrtc::sys;
use libloading::Library;
use sha2::{Digest, Sha256};

use crate::error::EngineError;

/// Folders with CUDA's libraries where the system does not look for them, as in `PATH`; those of PyPI's packages
/// `nvidia-cuda-nvrtc` and `nvidia-cublas`, for example.
pub const LIBRARIES_VARIABLE: &str = "QUERN_CUDA_LIBRARIES";

/// How the names of CUDA 13's libraries begin, those that others need first.
const NAMES: [&str; 8] = [
    "libnvrtc-builtins.so.13",
    "libnvrtc.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "nvrtc-builtins64_13",
    "nvrtc64_13",
    "cublasLt64_13",
    "cublas64_13",
];

/// The hash before what is kept.
const HASH_BYTES: usize = 32;

/// Opens the libraries that lie in [`LIBRARIES_VARIABLE`]'s folders, so that they are there when somebody asks for them by name.
pub(super) fn open_libraries() {
    static OPENED: OnceLock<Vec<Library>> = OnceLock::new();
    OPENED.get_or_init(|| {
        let folders = std::env::var_os(LIBRARIES_VARIABLE).unwrap_or_default();
        let folders = std::env::split_paths(&folders).filter_map(|folder| std::fs::read_dir(folder).ok());
        let files: Vec<PathBuf> = folders.flatten().flatten().map(|entry| entry.path()).collect();
        let begins = |file: &&PathBuf, name| file.file_name().is_some_and(|it| it.to_string_lossy().starts_with(name));
        let files = NAMES.iter().flat_map(|name| files.iter().filter(move |file| begins(file, *name)));
        #[expect(unsafe_code, reason = "libraries are loaded")]
        // SAFETY: whoever sets the variable says that these are CUDA's.
        files.filter_map(|file| unsafe { Library::new(file) }.ok()).collect()
    });
}

/// A version of CUDA's compiler.
type Version = (i32, i32);

/// The compiler's version.
///
/// # Errors
/// It is not there.
pub(super) fn version() -> Result<Version, EngineError> {
    open_libraries();
    let (mut major, mut minor) = (0, 0);
    #[expect(unsafe_code, reason = "a library of C")]
    // SAFETY: the library is asked for before its first use; the two numbers are written to.
    let answer = unsafe {
        if !sys::is_culib_present() {
            return Err(EngineError::NoGpu(format!(
                "CUDA's compiler (NVRTC) is not here. Install NVIDIA's CUDA 13, or `pip install nvidia-cuda-nvrtc \
                 nvidia-cublas` and name the folders with their libraries in {LIBRARIES_VARIABLE}"
            )));
        }
        sys::nvrtcVersion(&raw mut major, &raw mut minor)
    };
    answer.result().map_err(|error| EngineError::NoGpu(format!("CUDA's compiler does not answer: {error:?}")))?;
    Ok((major, minor))
}

/// Machine code of `text` for GPUs of a compute capability, as (9, 0): from `cache`, or compiled and put there.
///
/// # Errors
/// The compiler is not there, or refuses the text; what it says is told. That the cache can't be written is none.
pub(super) fn machine_code(text: &str, capability: (i32, i32), cache: Option<&Path>) -> Result<Vec<u8>, EngineError> {
    let version = version()?;
    let file = cache.map(|cache| {
        let mut hash = Sha256::new();
        hash.update(format!("{version:?} {capability:?}\n{text}"));
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        cache.join(name).with_extension("cubin")
    });
    if let Some(code) = file.as_ref().and_then(|file| kept(file)) {
        return Ok(code);
    }
    let code = compile(text, capability)?;
    if let Some(file) = file {
        // Where it can't be kept, it is compiled again next time.
        keep(&file, &code).ok();
    }
    Ok(code)
}

/// What a file holds, if it is whole.
fn kept(file: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(file).ok()?;
    let (hash, code) = bytes.split_at_checked(HASH_BYTES)?;
    (Sha256::digest(code)[..] == *hash).then(|| code.to_vec())
}

/// Two processes may do it at once: each writes a file of its own first.
fn keep(file: &Path, code: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let own = file.with_extension(std::process::id().to_string());
    std::fs::write(&own, [&Sha256::digest(code)[..], code].concat())?;
    std::fs::rename(&own, file)
}

/// A text that is being compiled.
struct Program(sys::nvrtcProgram);

impl Drop for Program {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "a library of C")]
        // SAFETY: it was made by the library, and is not used any more.
        unsafe { destroy_program(self.0) }.ok();
    }
}

fn compile(text: &str, (major, minor): (i32, i32)) -> Result<Vec<u8>, EngineError> {
    let refused = |what: &str| {
        EngineError::Gpu(format!("CUDA's compiler refused the kernels for capability {major}.{minor}: {what}"))
    };
    let source = CString::new(text).map_err(|_| refused("a zero is in their text"))?;
    let program = Program(create_program(&source, None).map_err(|error| refused(&format!("{error:?}")))?);
    let options = [format!("--gpu-architecture=sm_{major}{minor}"), "--std=c++17".to_owned()];
    #[expect(unsafe_code, reason = "a library of C")]
    // SAFETY: the program is alive, and the code's buffer is as long as the library says.
    unsafe {
        if let Err(error) = compile_program(program.0, &options) {
            let log: Vec<u8> = get_program_log(program.0).unwrap_or_default().iter().map(|byte| *byte as u8).collect();
            let log = String::from_utf8_lossy(&log);
            return Err(refused(&format!("{error:?}\n{}", log.trim_end_matches('\0'))));
        }
        let mut size = 0;
        sys::nvrtcGetCUBINSize(program.0, &raw mut size).result().map_err(|error| refused(&format!("{error:?}")))?;
        let mut code = vec![0_u8; size];
        let answer = sys::nvrtcGetCUBIN(program.0, code.as_mut_ptr().cast());
        answer.result().map_err(|error| refused(&format!("{error:?}")))?;
        Ok(code)
    }
}

// Where tests have the compiler from PyPI.
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::super::kernels;
    use super::*;

    /// What `cargo xtask test` has fetched from PyPI, without its variable too.
    fn find_compiler() {
        let home = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        let tools = cache.and_then(|cache| std::fs::read_dir(cache.join("quern/tools")).ok());
        let is_it = |path: &PathBuf| path.to_string_lossy().contains("/pypi-nvidia-cuda-nvrtc-13");
        let tool = tools.into_iter().flatten().flatten().map(|entry| entry.path()).find(is_it);
        let folders = tool.and_then(|tool| std::fs::read_dir(tool.join("lib")).ok()).into_iter().flatten().flatten();
        let folder = folders.map(|folder| folder.path().join("site-packages/nvidia/cu13/lib")).find(|it| it.is_dir());
        if let (Some(folder), None) = (folder, std::env::var_os(LIBRARIES_VARIABLE)) {
            #[expect(unsafe_code, reason = "the environment is shared")]
            // SAFETY: nobody else reads or writes it in this test.
            unsafe {
                std::env::set_var(LIBRARIES_VARIABLE, folder);
            }
        }
        assert!(version().is_ok(), "CUDA's compiler is not here: `cargo xtask test` fetches it from PyPI");
    }

    #[test]
    fn kernels_compile_for_every_generation_of_gpus_and_are_kept() {
        find_compiler();
        let cache = std::env::temp_dir().join(format!("quern-kernels-{}", std::process::id()));
        for capability in [(8, 0), (9, 0), (12, 0)] {
            for head_size in [64, 256] {
                let text = kernels::text(head_size).unwrap();
                let code = machine_code(&text, capability, Some(&cache)).unwrap();
                let code_text = String::from_utf8_lossy(&code);
                for name in kernels::names() {
                    assert!(code_text.contains(&format!(".text.{name}\0")), "{name} is not in the code");
                }
                assert_eq!(machine_code(&text, capability, Some(&cache)).unwrap(), code);
            }
        }
        // A file that was not written to its end is not used.
        let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert_eq!((std::fs::read_dir(&cache).unwrap().count(), kept(&file)), (6, None));
        let refused = machine_code("__global__ void broken(", (9, 0), Some(&cache)).unwrap_err().to_string();
        assert!(refused.contains("error"), "{refused}");
        std::fs::remove_dir_all(cache).unwrap();
    }
}
