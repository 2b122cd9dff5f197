//! The worker bundle's entry: the only bundle that links the engine.

fn main() {
    app::engine_worker::host::start();
}
