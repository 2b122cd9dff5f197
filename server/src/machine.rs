//! What this machine can hold: memory, storage, and the GPU with its own memory.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use engine::gpu::GpuDevice;
use shared::api::companion::CompanionDevice;
use shared::catalog::{DeviceLimits, DevicePeak, GpuLimits};
use sysinfo::{DiskRefreshKind, Disks, System};

/// This machine. What takes time to ask and stays the same is asked once.
#[derive(Debug, Default)]
pub struct Machine {
    gpu: OnceLock<Option<Gpu>>,
    peak: OnceLock<Option<DevicePeak>>,
}

#[derive(Clone, Debug)]
struct Gpu {
    name: String,
    limits: GpuLimits,
}

impl Machine {
    /// What there is now; blocks for some milliseconds, the first time longer. The GPU only where `has_gpu`, and not where
    /// the CPU computes it. Models are computed on `threads` threads.
    pub fn look(&self, models_dir: &Path, has_gpu: bool, threads: u16) -> CompanionDevice {
        let gpu = if has_gpu { self.gpu.get_or_init(gpu).as_ref() } else { None };
        let limits = DeviceLimits {
            memory_bytes: available_memory_bytes(),
            storage_bytes: free_bytes(models_dir),
            gpu: gpu.map(|gpu| gpu.limits),
        };
        let peak = self.peak.get_or_init(|| peak(threads)).clone();
        CompanionDevice { limits, gpu_name: gpu.map(|gpu| gpu.name.clone()), peak }
    }
}

/// Memory that a process may still take; files that lie in memory make room, those of loaded models too. In a container it is
/// the container's.
pub(crate) fn available_memory_bytes() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let of_machine = system.available_memory();
    let available = system.cgroup_limits().map_or(of_machine, |limits| limits.free_memory.min(of_machine));
    // A system that does not say reports 0.
    (available > 0).then_some(available)
}

/// What is left on the disk of `folder`, which need not exist yet.
fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = folder.ancestors().find_map(|folder| folder.canonicalize().ok())?;
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    let on_path = disks.iter().filter(|disk| folder.starts_with(disk.mount_point()));
    on_path.max_by_key(|disk| disk.mount_point().components().count()).map(sysinfo::Disk::available_space)
}

/// All threads at once, because they share the memory's bandwidth.
fn peak(threads: u16) -> Option<DevicePeak> {
    let started = Instant::now();
    std::thread::scope(|scope| {
        let probe = || DevicePeak::probe(|| started.elapsed().as_secs_f64());
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(probe)).collect();
        let peaks = running.into_iter().filter_map(|thread| thread.join().ok().flatten());
        peaks.reduce(|sum, peak| DevicePeak {
            memory_bytes_per_second: sum.memory_bytes_per_second + peak.memory_bytes_per_second,
            operations_per_second: sum.operations_per_second + peak.operations_per_second,
        })
    })
}

fn gpu() -> Option<Gpu> {
    let device = match pollster::block_on(GpuDevice::request()) {
        Ok(device) if !device.is_software() => device,
        Ok(_) => return None,
        Err(error) => {
            tracing::debug!(%error, "no graphics card to use");
            return None;
        }
    };
    let limits = device.limits();
    let name = device.name().to_owned();
    let limits = GpuLimits {
        largest_buffer_bytes: limits.max_buffer_size,
        largest_binding_bytes: limits.max_storage_buffer_binding_size,
        memory_bytes: memory_of_nvidia(&name).or_else(memory_of_amd),
    };
    Some(Gpu { name, limits })
}

/// The memory of the NVIDIA card of that name, as its driver's own program tells; WebGPU does not.
fn memory_of_nvidia(name: &str) -> Option<u64> {
    let output = Command::new("nvidia-smi")
        .args(["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    nvidia_memory_bytes(&String::from_utf8_lossy(&output.stdout), name)
}

/// From lines such as `NVIDIA GeForce RTX 4090, 24564`, in MiB.
fn nvidia_memory_bytes(lines: &str, name: &str) -> Option<u64> {
    let cards = lines.lines().filter_map(|line| line.rsplit_once(','));
    let (_, mebibytes) = cards.rev().find(|(card, _)| card.trim() == name)?;
    mebibytes.trim().parse::<u64>().ok()?.checked_mul(1 << 20)
}

/// The memory of the AMD card with the most, as Linux tells.
fn memory_of_amd() -> Option<u64> {
    let cards = std::fs::read_dir("/sys/class/drm").ok()?.filter_map(Result::ok);
    let sizes = cards.filter_map(|card| {
        let text = std::fs::read_to_string(card.path().join("device/mem_info_vram_total")).ok()?;
        text.trim().parse::<u64>().ok()
    });
    sizes.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_the_memory_that_its_driver_tells() {
        let lines = "NVIDIA GeForce RTX 4090, 24564\nNVIDIA T400 4GB, 4096\n";
        assert_eq!(nvidia_memory_bytes(lines, "NVIDIA T400 4GB"), Some(4 << 30));
        assert_eq!(nvidia_memory_bytes(lines, "Mesa Intel UHD"), None);
        assert_eq!(nvidia_memory_bytes("NVIDIA GB10, [N/A]", "NVIDIA GB10"), None, "it shares the machine's");
    }

    #[test]
    fn the_disk_of_a_folder_that_is_not_there_yet_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let there = free_bytes(folder.path());
        assert!(there.is_some_and(|bytes| bytes > 0), "{there:?}");
        assert!(free_bytes(&folder.path().join("not/yet")).is_some());
    }
}
