//! Takes weights from the file into GPU buffers, a window at a time.

use std::ops::Range;

use super::GpuDevice;
use super::call::Plane;
use super::planes::{gather, plane_bytes, planes};
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::{Plan, Weight, WeightId};
use crate::quantization::BlockType;
use crate::source::ReadAt;
use crate::weights;

/// The most one buffer of weights holds. Every WebGPU device binds 128 MiB, so larger weights are cut into shards.
const SHARD_BYTES: usize = 120 << 20;

/// Bytes handed to the queue before it is made to copy them: until then the system holds them twice.
const UPLOAD_BYTES: u64 = 32 << 20;

/// A weight as buffers: per shard, per plane.
pub(super) struct GpuWeight {
    shards: Vec<Vec<(Plane, wgpu::Buffer)>>,
}

impl GpuWeight {
    /// The buffer of one plane of one shard.
    pub(super) fn plane(&self, shard: usize, plane: Plane) -> Option<&wgpu::Buffer> {
        self.shards.get(shard)?.iter().find(|(of, _)| *of == plane).map(|(_, buffer)| buffer)
    }
}

/// How `weight` lies on the GPU: norms as plain floats, everything else in the file's format.
pub(super) fn stored_as(plan: &Plan, id: WeightId) -> BlockType {
    if plan.is_norm(id) { BlockType::F32 } else { plan.weights[id.0].block_type }
}

/// The rows of each shard of a weight.
pub(super) fn shards(weight: &Weight, stored_as: BlockType) -> Vec<Range<usize>> {
    let blocks = weight.columns / stored_as.values();
    let widest = planes(stored_as).iter().map(|(_, range)| range.len() * blocks).max().unwrap_or(1);
    // An even number of rows: the scales of two rows together are whole words in every format.
    let rows = (SHARD_BYTES / widest.max(1) / 2 * 2).max(1);
    (0..weight.rows).step_by(rows).map(|first| first..weight.rows.min(first + rows)).collect()
}

/// Bytes that all buffers of a weight have.
pub(super) fn size_bytes(weight: &Weight, stored_as: BlockType) -> u64 {
    let blocks = weight.columns / stored_as.values();
    let shard_bytes =
        |shard: Range<usize>| planes(stored_as).iter().map(move |(_, range)| plane_bytes(range, shard.len() * blocks));
    shards(weight, stored_as).into_iter().flat_map(shard_bytes).sum()
}

/// Takes all weights of `plan` to the GPU. `progress` hears how many bytes of the file are in their place.
///
/// # Errors
/// The file can't be read, or the device has no memory for it.
pub(super) async fn upload(
    gpu: &GpuDevice,
    plan: &Plan,
    file: &GgufFile,
    source: &dyn ReadAt,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<GpuWeight>, EngineError> {
    let (mut placed_bytes, mut waiting_bytes) = (0, 0);
    let mut uploaded = Vec::new();
    for (index, weight) in plan.weights.iter().enumerate() {
        let stored_as = stored_as(plan, WeightId(index));
        let mut upload = Upload::new(gpu, weight, stored_as);
        if plan.is_norm(WeightId(index)) {
            upload.place(0, bytemuck::cast_slice(&weights::read_floats(source, file, weight)?))?;
            placed_bytes += weight.size_bytes();
        } else {
            weights::for_each_window(source, file, weight, |first_row, bytes| {
                upload.place(first_row, bytes)?;
                placed_bytes += bytes.len() as u64;
                progress(placed_bytes);
                Ok(())
            })?;
        }
        uploaded.push(upload.weight);
        waiting_bytes += weight.size_bytes();
        if waiting_bytes > UPLOAD_BYTES {
            waiting_bytes = 0;
            gpu.finish_work().await?;
        }
    }
    gpu.finish_work().await?;
    progress(placed_bytes);
    Ok(uploaded)
}

struct Upload<'a> {
    gpu: &'a GpuDevice,
    block_type: BlockType,
    blocks_per_row: usize,
    rows: Vec<Range<usize>>,
    weight: GpuWeight,
    scratch: Vec<u8>,
}

impl<'a> Upload<'a> {
    fn new(gpu: &'a GpuDevice, weight: &Weight, block_type: BlockType) -> Self {
        let rows = shards(weight, block_type);
        let blocks_per_row = weight.columns / block_type.values();
        let plane = |shard: &Range<usize>, (plane, range): &(Plane, Range<usize>)| {
            let descriptor = wgpu::BufferDescriptor {
                label: weight.tensors.first().map(String::as_str),
                // Kernels read planes as vectors of up to 16 bytes.
                size: plane_bytes(range, shard.len() * blocks_per_row).next_multiple_of(16),
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            };
            (*plane, gpu.device.create_buffer(&descriptor))
        };
        let shards = rows.iter().map(|shard| planes(block_type).iter().map(|of| plane(shard, of)).collect()).collect();
        Self { gpu, block_type, blocks_per_row, rows, weight: GpuWeight { shards }, scratch: Vec::new() }
    }

    /// Puts whole rows from `first_row` on into their place.
    fn place(&mut self, first_row: usize, bytes: &[u8]) -> Result<(), EngineError> {
        let block_bytes = self.block_type.size_bytes();
        let row_bytes = self.blocks_per_row * block_bytes;
        let last_row = first_row + bytes.len() / row_bytes;
        for (rows, buffers) in self.rows.iter().zip(&self.weight.shards) {
            let (start, end) = (first_row.max(rows.start), last_row.min(rows.end));
            if start >= end {
                continue;
            }
            let bytes = &bytes[(start - first_row) * row_bytes..(end - first_row) * row_bytes];
            for ((_, range), (_, buffer)) in planes(self.block_type).iter().zip(buffers) {
                let offset = ((start - rows.start) * self.blocks_per_row * range.len()) as u64;
                if !offset.is_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT) {
                    return Err(EngineError::Malformed(format!(
                        "a {} matrix begins at an odd row of {} blocks, which the GPU can't hold; choose the CPU",
                        self.block_type, self.blocks_per_row
                    )));
                }
                gather(bytes, block_bytes, range, &mut self.scratch);
                self.gpu.queue.write_buffer(buffer, offset, &self.scratch);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_weights_are_cut_into_shards_of_whole_rows() {
        let weight = |rows| Weight { tensors: Vec::new(), block_type: BlockType::Q8_0, rows, columns: 640 };
        assert_eq!(shards(&weight(1), BlockType::Q8_0), vec![0..1; 1]);
        // Gemma 3's embeddings.
        let cut = shards(&weight(262_144), BlockType::Q8_0);
        assert_eq!(cut, [0..196_608, 196_608..262_144]);
        assert_eq!(size_bytes(&weight(262_144), BlockType::Q8_0), 262_144 * 640 / 32 * 34);
    }
}
