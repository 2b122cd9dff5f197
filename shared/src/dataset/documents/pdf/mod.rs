//! PDF: what is written on its pages, by the `hayro` crates, which know objects and fonts. Glyphs have places and no order
//! but that in which they are drawn; lines and paragraphs are made of that here.

mod glyphs;
mod limits;
mod lines;

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_font::FontCache;
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::glyphs::{Glyphs, PageText};
use self::limits::Limits;
use self::lines::Paragraph;
use super::outline::HeadingPath;
use super::sentences::ends_sentence;
use super::{Block, BlockKind, BrokenPart, Part};
use crate::dataset::records::{FaultPlace, Place};

/// Reads paragraphs, page by page.
///
/// # Errors
/// Why nothing of it can be read.
pub(super) fn read(bytes: Vec<u8>) -> Result<Vec<Part>, String> {
    limits::check_object_streams(&bytes)?;
    let damaged = || "is damaged or no PDF; open it in a viewer and save it again".to_owned();
    let pdf = contained(|| Pdf::new(bytes)).ok_or_else(damaged)?.map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            "can be opened with its password only; save it without one (`qpdf --decrypt --password=… in.pdf out.pdf`)"
                .to_owned()
        }
        LoadPdfError::Decryption(_) => {
            "is encrypted in a way that can't be read here; save it without (`qpdf --decrypt in.pdf out.pdf`)"
                .to_owned()
        }
        LoadPdfError::Invalid => damaged(),
    })?;
    let (fonts, mut limits) = (FontCache::new(), Limits::default());
    let (mut parts, mut has_text) = (Vec::new(), false);
    for (page, number) in pdf.pages().iter().zip(1..) {
        let read = contained(|| read_page(page, &fonts, &mut limits));
        let read = read.unwrap_or_else(|| Err("it can't be read: what is in it contradicts itself".to_owned()));
        let place = Place::Page { page: number };
        match read {
            Ok(paragraphs) => {
                has_text |= !paragraphs.is_empty();
                for (at, Paragraph { text, is_code }) in paragraphs.into_iter().enumerate() {
                    match parts.last_mut() {
                        Some(Part::Block(block)) if at == 0 && !is_code && goes_on(block, &text) => {
                            lines::join(&mut block.text, &text);
                        }
                        _ => {
                            let kind = if is_code { BlockKind::Lines } else { BlockKind::Paragraph };
                            let headings = HeadingPath::default();
                            parts.push(Part::Block(Block { text, kind, headings, place, is_verbatim: false }));
                        }
                    }
                }
            }
            Err(reason) => {
                parts.push(Part::Broken(BrokenPart { at: FaultPlace::beginning_of(place), reason, bytes: Vec::new() }));
            }
        }
    }
    let first_fault = parts.iter().find_map(|part| match part {
        Part::Broken(broken) => Some(format!("{}: {}", broken.at, broken.reason)),
        Part::Block(_) => None,
    });
    match first_fault {
        _ if has_text => Ok(parts),
        Some(fault) => Err(format!("has no text on any of its pages ({fault})")),
        None => Err("has no text on any of its pages".to_owned()),
    }
}

/// Whether a paragraph goes on at the beginning of the next page.
fn goes_on(last: &Block, next: &str) -> bool {
    last.kind == BlockKind::Paragraph && !ends_sentence(&last.text) && next.starts_with(char::is_lowercase)
}

/// The paragraphs of a page, or why they can't be read.
fn read_page<'a>(page: &Page<'a>, fonts: &FontCache<'a>, limits: &mut Limits) -> Result<Vec<Paragraph>, String> {
    let PageText { lines, known, unknown, has_image } = Glyphs::new(fonts, limits).read(page)?;
    if unknown > known {
        return Err(
            "most of its letters are drawn only, and the file does not say which they are; recognize them first \
             (OCR, as with `ocrmypdf --force-ocr in.pdf out.pdf`)"
                .to_owned(),
        );
    }
    let paragraphs = lines::paragraphs(&lines);
    if paragraphs.is_empty() && has_image {
        return Err("it is a picture without text; recognize the text first (OCR, as with `ocrmypdf in.pdf out.pdf`)"
            .to_owned());
    }
    Ok(paragraphs)
}

/// Keeps a panic of the crates, which damaged files might cause, from ending the program. In a tab a panic ends the worker,
/// and the page says so.
fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
