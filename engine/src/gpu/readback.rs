//! Results on their way back from the GPU, through one buffer that is made once and grows where it must.

use futures::channel::oneshot;

use super::GpuDevice;
use crate::error::EngineError;

/// A copy of a range of a buffer that was recorded, and can be read once the commands are submitted.
pub(super) struct Readback {
    buffer: Option<wgpu::Buffer>,
}

impl Readback {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { buffer: None }
    }

    /// Records the copy of `size_bytes` bytes of `source`.
    pub(super) fn copy(
        &mut self,
        gpu: &GpuDevice,
        encoder: &mut wgpu::CommandEncoder,
        source: &wgpu::Buffer,
        size_bytes: u64,
    ) {
        if self.buffer.as_ref().is_none_or(|buffer| buffer.size() < size_bytes) {
            self.buffer = Some(gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: size_bytes,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }));
        }
        if let Some(buffer) = &self.buffer {
            encoder.copy_buffer_to_buffer(source, 0, buffer, 0, size_bytes);
        }
    }

    /// The first `count` values of what was copied.
    ///
    /// # Errors
    /// The device failed.
    pub(super) async fn read<T: bytemuck::AnyBitPattern>(
        &self,
        gpu: &GpuDevice,
        count: usize,
    ) -> Result<Vec<T>, EngineError> {
        let Some(buffer) = &self.buffer else { return Ok(Vec::new()) };
        let slice = buffer.slice(..(count * size_of::<T>()) as u64);
        let (sender, receiver) = oneshot::channel();
        slice.map_async(wgpu::MapMode::Read, move |result| {
            // The receiver is gone only where nobody waits any more.
            let _ = sender.send(result);
        });
        gpu.wait()?;
        let mapped = receiver.await;
        gpu.check()?;
        match mapped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(EngineError::Gpu(error.to_string())),
            Err(_) => return Err(EngineError::DeviceLost("it never answered".to_owned())),
        }
        let values = {
            let view = slice.get_mapped_range().map_err(|error| EngineError::Gpu(error.to_string()))?;
            view.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
        };
        buffer.unmap();
        Ok(values)
    }
}
