//! The GPU backend: WGSL kernels through plain wgpu.
