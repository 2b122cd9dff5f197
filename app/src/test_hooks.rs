//! Hooks.
/// x
pub fn wanted() -> bool { false }
/// x
pub fn install() {}
