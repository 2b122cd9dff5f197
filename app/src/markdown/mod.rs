//! A model's Markdown as safe HTML, cheap enough to follow a stream.

pub mod blocks;
pub mod html;

pub use blocks::MarkdownBlocks;
