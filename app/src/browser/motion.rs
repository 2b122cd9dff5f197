//! What the person asked of their system about motion and width.

/// True where animations should be skipped.
pub fn is_reduced() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

fn matches(query: &str) -> bool {
    web_sys::window().and_then(|window| window.match_media(query).ok()?).is_some_and(|list| list.matches())
}
