//! Handing a file to the person: the browser's own download.

use wasm_bindgen::{JsCast, JsValue};

/// Saves `text` as a file called `name`, where the browser saves downloads.
///
/// # Errors
/// The browser refused; what to tell the person.
pub fn save_text(name: &str, mime_type: &str, text: &str) -> Result<(), String> {
    let refused = |_| "The browser did not save the file; check whether it blocks downloads.".to_owned();
    click_link_to(name, mime_type, text).map_err(refused)
}

/// Saves a file that the browser keeps, however long it is.
///
/// # Errors
/// The browser refused; what to tell the person.
pub fn save_file(name: &str, file: &web_sys::File) -> Result<(), String> {
    let refused = |_| "The browser did not save the file; check whether it blocks downloads.".to_owned();
    click_link_to_blob(name, file).map_err(refused)
}

fn click_link_to(name: &str, mime_type: &str, text: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&text.into());
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime_type);
    click_link_to_blob(name, &web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?)
}

fn click_link_to_blob(name: &str, blob: &web_sys::Blob) -> Result<(), JsValue> {
    let url = web_sys::Url::create_object_url_with_blob(blob)?;
    let link: web_sys::HtmlAnchorElement = leptos::prelude::document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken the address by the time the click returns; the bytes stay until it has read them.
    web_sys::Url::revoke_object_url(&url)
}
