//! Appends keys and values to a layer's cache.

use super::{VectorView, row_grid, with_batch};
use crate::gpu::call::{Call, Resource};
use crate::gpu::shader::Template;
use crate::plan::Rows;

const THREADS: usize = 64;

/// Cached keys and values are 16-bit floats: half the memory, and half the reading that attention is bound by.
/// Keys and values are parts of one buffer.
pub(in crate::gpu) fn store(key: VectorView, value: VectorView, cache: usize) -> Call {
    let mut template = Template::new("store", include_str!("store.wgsl"))
        .constant("THREADS", THREADS)
        .constant("COLUMNS", key.columns)
        .constant("KEY_STRIDE", key.stride)
        .constant("KEY_FIRST", key.first)
        .constant("VALUE_STRIDE", value.stride)
        .constant("VALUE_FIRST", value.first)
        .read("key", "vec4<f32>", Resource::Activations(key.buffer));
    template = if value.buffer == key.buffer {
        template.insert("value", "key")
    } else {
        template.read("value", "vec4<f32>", Resource::Activations(value.buffer)).insert("value", "value")
    };
    with_batch(template)
        .write("keys", "vec2<u32>", Resource::Keys(cache))
        .write("values", "vec2<u32>", Resource::Values(cache))
        .call(row_grid(key.columns, THREADS, Rows::All))
}
