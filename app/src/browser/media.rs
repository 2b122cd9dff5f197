//! What the browser tells of the screen and of what the person asked of their system.

/// True where animations should be skipped.
pub fn is_motion_reduced() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

/// True where the screen is touched, and typing covers half of it with a keyboard.
pub fn has_finger() -> bool {
    matches("(pointer: coarse)")
}

fn matches(query: &str) -> bool {
    web_sys::window().and_then(|window| window.match_media(query).ok()?).is_some_and(|list| list.matches())
}
