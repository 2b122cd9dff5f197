//! Markdown, by `pulldown-cmark`: each block stays as it is written, marks included, because models read those well. Only
//! HTML between blocks becomes text.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::encoding::Places;
use super::html;
use super::outline::Outline;
use super::{Block, BlockKind, Part};
use crate::dataset::records::Place;

/// Reads blocks.
pub(super) fn read(text: &str) -> Vec<Part> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let (mut outline, mut places, mut parts) = (Outline::default(), Places::new(text, 1), Vec::new());
    // Within a block there are others; those stay parts of it. A list is none, but each of its items.
    let mut open: Option<(usize, BlockKind)> = None;
    let mut title = String::new();
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match (&mut open, event) {
            (None, Event::Start(Tag::List(_))) => {}
            (None, Event::Start(tag)) => {
                title.clear();
                open = Some((1, kind(&tag)));
            }
            (None, Event::Rule | Event::End(_)) => {}
            (None, _) => parts.extend(block(text, range, BlockKind::Paragraph, &outline, &mut places)),
            (Some((levels, _)), Event::Start(_)) => *levels += 1,
            (Some((levels, _)), Event::End(_)) if *levels > 1 => *levels -= 1,
            (Some((_, kind)), Event::End(end)) => {
                let kind = *kind;
                open = None;
                match end {
                    TagEnd::MetadataBlock(_) => {}
                    TagEnd::HtmlBlock => {
                        let Place::Line { line, .. } = places.at(range.start) else { continue };
                        parts.extend(html::read_under(&text[range], line, &mut outline));
                    }
                    _ => {
                        if let BlockKind::Heading(level) = kind {
                            outline.enter(level, &title);
                        }
                        parts.extend(block(text, range, kind, &outline, &mut places));
                    }
                }
            }
            (Some((_, BlockKind::Heading(_))), Event::Text(words) | Event::Code(words)) => title.push_str(&words),
            (Some((_, BlockKind::Heading(_))), Event::SoftBreak | Event::HardBreak) => title.push(' '),
            (Some(_), _) => {}
        }
    }
    parts
}

fn kind(tag: &Tag<'_>) -> BlockKind {
    match tag {
        Tag::Heading { level, .. } => BlockKind::Heading(*level as u8),
        Tag::Item => BlockKind::Item,
        Tag::CodeBlock(_) | Tag::Table(_) => BlockKind::Lines,
        _ => BlockKind::Paragraph,
    }
}

/// A block as it is written, if anything is.
fn block(text: &str, range: Range<usize>, kind: BlockKind, outline: &Outline, places: &mut Places<'_>) -> Option<Part> {
    let written = text.get(range.clone())?;
    let words = written.trim_end().trim_start_matches('\n');
    let start = range.start + written.len() - written.trim_start_matches('\n').len();
    (!words.trim().is_empty()).then(|| {
        Part::Block(Block {
            text: words.to_owned(),
            kind,
            headings: outline.path(),
            place: places.at(start),
            is_verbatim: true,
        })
    })
}
