//! The page bundle's entry: mounts the app.

fn main() {
    console_error_panic_hook::set_once();
    app::storage::service_worker::register();
    if app::test_hooks::wanted() {
        app::test_hooks::install();
    }
    leptos::mount::mount_to_body(app::app::App);
    if let Some(splash) = leptos::prelude::document().get_element_by_id("splash") {
        splash.remove();
    }
}
