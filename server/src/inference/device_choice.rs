//! Which device runs a model: the one asked for, or the faster one, measured once and remembered.

use std::path::Path;

use shared::model_call::ModelCallError;

use super::backend::{Backend, LoadedModel, Target};
use crate::config::DeviceChoice;
use crate::database::{Database, DeviceSpeed};

/// The exchange that speeds are compared by: a prompt of this many tokens,
const TYPICAL_PROMPT_TOKENS: f64 = 300.0;
/// and an answer of this many.
const TYPICAL_ANSWER_TOKENS: f64 = 150.0;

/// Loads a model on the device asked for; with `Auto` on the faster one. `model` is what speeds are remembered under.
///
/// # Errors
/// The model can't be loaded on any device that may be used.
pub fn load_on_best_device(
    backend: &dyn Backend,
    database: &Database,
    choice: DeviceChoice,
    model: &str,
    path: &Path,
) -> Result<Box<dyn LoadedModel>, ModelCallError> {
    match choice {
        DeviceChoice::Cpu => return backend.load(path, Target::Cpu),
        DeviceChoice::Wgpu => return backend.load(path, Target::Gpu),
        DeviceChoice::Auto => {}
    }
    let Some(gpu_name) = backend.device_name(Target::Gpu) else {
        return backend.load(path, Target::Cpu);
    };
    let cpu_name = backend.device_name(Target::Cpu).unwrap_or_else(|| "cpu".to_owned());
    let cpu = speed_and_model(backend, database, model, path, Target::Cpu, &cpu_name)?;
    let gpu = match speed_and_model(backend, database, model, path, Target::Gpu, &gpu_name) {
        Ok(gpu) => gpu,
        Err(error) => {
            tracing::warn!(device = gpu_name, %error, "the graphics card can't run this model; the processor does");
            return cpu.loaded.map_or_else(|| backend.load(path, Target::Cpu), Ok);
        }
    };
    let (target, chosen) = if typical_seconds(gpu.speed) < typical_seconds(cpu.speed) {
        drop(cpu);
        (Target::Gpu, gpu)
    } else {
        drop(gpu);
        (Target::Cpu, cpu)
    };
    tracing::info!(model, ?target, "device chosen by measurement");
    chosen.loaded.map_or_else(|| backend.load(path, target), Ok)
}

struct Measured {
    speed: DeviceSpeed,
    /// There if it had to be loaded to be measured.
    loaded: Option<Box<dyn LoadedModel>>,
}

fn speed_and_model(
    backend: &dyn Backend,
    database: &Database,
    model: &str,
    path: &Path,
    target: Target,
    device: &str,
) -> Result<Measured, ModelCallError> {
    let failed = |error: crate::database::DatabaseError| ModelCallError::unavailable(error.to_string());
    if let Some(speed) = database.speed(device, model).map_err(failed)? {
        return Ok(Measured { speed, loaded: None });
    }
    tracing::info!(model, device, "measuring the speed of this device once");
    let mut loaded = backend.load(path, target)?;
    let speed = loaded.measure()?;
    tracing::info!(
        model,
        device,
        prefill_tokens_per_second = speed.prefill_tokens_per_second,
        decode_tokens_per_second = speed.decode_tokens_per_second,
        "measured"
    );
    database.remember_speed(device, model, speed).map_err(failed)?;
    Ok(Measured { speed, loaded: Some(loaded) })
}

fn typical_seconds(speed: DeviceSpeed) -> f64 {
    TYPICAL_PROMPT_TOKENS / speed.prefill_tokens_per_second + TYPICAL_ANSWER_TOKENS / speed.decode_tokens_per_second
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model_call::{Embedding, GenerationEvent, GenerationRequest, Prompt};
    use std::ops::ControlFlow;
    use std::sync::Mutex;

    /// Devices with given decode speeds; it notes what is loaded and measured.
    struct Devices {
        cpu: f64,
        gpu: Option<f64>,
        log: &'static Mutex<Vec<String>>,
    }

    struct Loaded {
        target: Target,
        speed: f64,
        log: &'static Mutex<Vec<String>>,
    }

    impl Backend for Devices {
        fn device_name(&self, target: Target) -> Option<String> {
            match target {
                Target::Cpu => Some("c".to_owned()),
                Target::Gpu => self.gpu.map(|_| "g".to_owned()),
            }
        }

        fn load(&self, _: &Path, target: Target) -> Result<Box<dyn LoadedModel>, ModelCallError> {
            self.log.lock().unwrap().push(format!("load {target:?}"));
            let speed = if target == Target::Cpu { self.cpu } else { self.gpu.unwrap() };
            if speed == 0.0 {
                Err(ModelCallError::unavailable("no memory"))
            } else {
                Ok(Box::new(Loaded { target, speed, log: self.log }))
            }
        }

        fn read_text(&self, _: &Path) -> Result<engine::ModelText, ModelCallError> {
            Err(ModelCallError::unavailable("devices have no text"))
        }
    }

    impl LoadedModel for Loaded {
        fn device_name(&self) -> &str {
            if self.target == Target::Cpu { "c" } else { "g" }
        }

        fn use_adapter(&mut self, _: Option<&Path>) -> Result<(), ModelCallError> {
            Err(ModelCallError::unavailable("devices have no adapters"))
        }

        fn generate(
            &mut self,
            _: &GenerationRequest,
            _: &mut dyn FnMut(GenerationEvent) -> ControlFlow<()>,
        ) -> Result<(), ModelCallError> {
            Ok(())
        }

        fn embed(&mut self, _: &Prompt) -> Result<Embedding, ModelCallError> {
            Err(ModelCallError::unavailable("devices have no vectors"))
        }

        fn measure(&mut self) -> Result<DeviceSpeed, ModelCallError> {
            self.log.lock().unwrap().push(format!("measure {:?}", self.target));
            Ok(DeviceSpeed { prefill_tokens_per_second: self.speed, decode_tokens_per_second: self.speed })
        }
    }

    /// Loads twice, as two runs of the program would; returns what happened, and what was chosen in the end.
    fn twice(choice: DeviceChoice, cpu: f64, gpu: Option<f64>) -> (Vec<String>, String) {
        let log: &'static Mutex<Vec<String>> = Box::leak(Box::default());
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("d")).unwrap();
        let load =
            || load_on_best_device(&Devices { cpu, gpu, log }, &database, choice, "m", Path::new("m.gguf")).unwrap();
        let first = load().device_name().to_owned();
        log.lock().unwrap().push("again".to_owned());
        assert_eq!(load().device_name(), first);
        (log.lock().unwrap().clone(), first)
    }

    #[test]
    fn the_faster_device_is_measured_once_and_remembered() {
        let (log, chosen) = twice(DeviceChoice::Auto, 10.0, Some(100.0));
        assert_eq!(log, ["load Cpu", "measure Cpu", "load Gpu", "measure Gpu", "again", "load Gpu"]);
        assert_eq!(chosen, "g");
        assert_eq!(twice(DeviceChoice::Auto, 100.0, Some(10.0)).1, "c");
    }

    #[test]
    fn nothing_is_measured_where_there_is_no_choice() {
        assert_eq!(twice(DeviceChoice::Auto, 10.0, None).0, ["load Cpu", "again", "load Cpu"]);
        assert_eq!(twice(DeviceChoice::Wgpu, 10.0, Some(1.0)).0, ["load Gpu", "again", "load Gpu"]);
        assert_eq!(twice(DeviceChoice::Cpu, 10.0, Some(100.0)).0, ["load Cpu", "again", "load Cpu"]);
    }

    #[test]
    fn a_graphics_card_that_fails_leaves_the_processor() {
        let (log, chosen) = twice(DeviceChoice::Auto, 10.0, Some(0.0));
        assert_eq!(log, ["load Cpu", "measure Cpu", "load Gpu", "again", "load Gpu", "load Cpu"]);
        assert_eq!(chosen, "c");
    }
}
