//! Reading a file that the person chose.

use wasm_bindgen_futures::JsFuture;

use super::errors::describe;

/// The text of a file.
///
/// # Errors
/// It is larger than `most_bytes`, or can't be read; what to tell the person.
pub async fn text(file: &web_sys::File, most_bytes: f64) -> Result<String, String> {
    if file.size() > most_bytes {
        return Err(format!(
            "{} has {:.0} MB; at most {:.0} MB are taken. Split it, or take a random sample of it.",
            file.name(),
            file.size() / 1e6,
            most_bytes / 1e6
        ));
    }
    let text = JsFuture::from(file.text()).await;
    let text = text.map_err(|exception| format!("{} can't be read: {}", file.name(), describe(&exception)))?;
    Ok(text.as_string().unwrap_or_default())
}
