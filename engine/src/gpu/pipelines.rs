//! Calls made ready to run: compiled kernels and bind groups, each made once.

use std::collections::HashMap;

use super::GpuDevice;
use super::call::{Call, Grid, Resource};
use super::shader::{Access, Shader};

/// A call that only needs to be recorded into a pass.
pub(super) struct Dispatch {
    pub(super) pipeline: usize,
    pub(super) bind_group: usize,
    pub(super) grid: Grid,
}

/// Calls that only need to be recorded into a pass.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) bind_groups: Vec<wgpu::BindGroup>,
    pub(super) dispatches: Vec<Dispatch>,
}

/// The pipelines of one model.
#[derive(Default)]
pub(super) struct Pipelines {
    pub(super) pipelines: Vec<wgpu::ComputePipeline>,
    by_shader: HashMap<Shader, usize>,
    layouts: HashMap<Vec<Access>, wgpu::BindGroupLayout>,
}

impl Pipelines {
    /// Makes `calls` ready; calls with the same text share a pipeline, those made ready before included.
    pub(super) fn prepare<'b>(
        &mut self,
        gpu: &GpuDevice,
        calls: &[Call],
        buffer: impl Fn(Resource) -> &'b wgpu::Buffer,
    ) -> Ready {
        let mut ready = Ready::default();
        let mut bind_groups: HashMap<(&[Access], &[Resource]), usize> = HashMap::new();
        for call in calls {
            let accesses = call.shader.bindings.as_slice();
            let layout =
                self.layouts.entry(accesses.to_vec()).or_insert_with(|| bind_group_layout(&gpu.device, accesses));
            let pipeline = *self.by_shader.entry(call.shader.clone()).or_insert_with(|| {
                self.pipelines.push(pipeline(&gpu.device, &call.shader, layout));
                self.pipelines.len() - 1
            });
            let bind_group = *bind_groups.entry((accesses, &call.resources)).or_insert_with(|| {
                let entries: Vec<_> = call
                    .resources
                    .iter()
                    .enumerate()
                    .map(|(index, &resource)| wgpu::BindGroupEntry {
                        binding: index as u32,
                        resource: buffer(resource).as_entire_binding(),
                    })
                    .collect();
                ready.bind_groups.push(gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some(call.shader.name),
                    layout,
                    entries: &entries,
                }));
                ready.bind_groups.len() - 1
            });
            ready.dispatches.push(Dispatch { pipeline, bind_group, grid: call.grid });
        }
        ready
    }
}

fn bind_group_layout(device: &wgpu::Device, accesses: &[Access]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = accesses
        .iter()
        .enumerate()
        .map(|(index, access)| wgpu::BindGroupLayoutEntry {
            binding: index as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match access {
                    Access::Uniform => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::Write => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

fn pipeline(device: &wgpu::Device, shader: &Shader, layout: &wgpu::BindGroupLayout) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.text.as_str().into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(shader.name),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(shader.name),
        layout: Some(&layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            // Every kernel writes workgroup memory before it reads it.
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    })
}
