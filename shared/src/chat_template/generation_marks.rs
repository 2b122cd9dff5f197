//! `{% generation %}` … `{% endgeneration %}`, with which a template of Hugging Face says what the assistant writes. Jinja
//! knows no such tags, so each becomes a variable: empty when text is wanted, a mark when its place is.

use std::ops::Range;

/// A template that Jinja can read, and whether it had such tags. They keep their white-space control.
pub(super) fn as_variables(source: &str) -> (String, bool) {
    let mut readable = String::with_capacity(source.len());
    let mut has_marks = false;
    let mut rest = source;
    while let Some(start) = rest.find('{') {
        let length = length_of_tag(&rest[start..]);
        let tag = &rest[start..start + length];
        readable.push_str(&rest[..start]);
        let inside = tag.strip_prefix("{%").and_then(|tag| tag.strip_suffix("%}")).unwrap_or_default();
        let variable = match inside.trim_matches(['-', '+', ' ', '\n', '\r', '\t']) {
            "generation" => Some("quern_generation_begins"),
            "endgeneration" => Some("quern_generation_ends"),
            _ => None,
        };
        match variable {
            Some(variable) => {
                has_marks = true;
                // Statements around the variable trim the same white space as the tag would.
                readable.push_str(&format!("{{%{} if true %}}{{{{ {variable} }}}}", control(inside.chars().next())));
                readable.push_str(&format!("{{% endif {}%}}", control(inside.chars().last())));
            }
            None => readable.push_str(tag),
        }
        rest = &rest[start + length..];
    }
    readable.push_str(rest);
    (readable, has_marks)
}

fn control(character: Option<char>) -> &'static str {
    match character {
        Some('-') => "-",
        Some('+') => "+",
        _ => "",
    }
}

/// Bytes of the tag at the beginning of `text`, which may say `%}` in quotation marks; 1 where none begins.
fn length_of_tag(text: &str) -> usize {
    let (end, has_quotes) = match text.as_bytes().get(1) {
        Some(b'#') => ("#}", false),
        Some(b'%') => ("%}", true),
        Some(b'{') => ("}}", true),
        _ => return 1,
    };
    let mut quote = None;
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(2) {
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if has_quotes => quote = Some(character),
            (None, _) if text[at..].starts_with(end) => return at + end.len(),
            (None, _) => {}
        }
    }
    1
}

/// Marks for the beginning and the end of a part, which do not occur in `text`.
pub(super) fn not_in(text: &str) -> [String; 2] {
    let mut number = 0_u32;
    loop {
        // Of Unicode's private use, which hardly anybody writes; the number is for those who do.
        let marks = ["begins", "ends"].map(|what| format!("\u{F0000}generation {number} {what}\u{F0000}"));
        if !marks.iter().any(|mark| text.contains(mark)) {
            return marks;
        }
        number += 1;
    }
}

/// The parts between marks, in bytes of `plain`, which is `marked` without them; none if it is not, as where a filter
/// saw the marks too, or where they don't pair.
pub(super) fn parts(marked: &str, [begin, end]: [&str; 2], plain: &str) -> Option<Vec<Range<usize>>> {
    let mut text = String::with_capacity(plain.len());
    let mut parts = Vec::new();
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once(begin) {
        text.push_str(before);
        let (inside, after) = after.split_once(end)?;
        let start = text.len();
        text.push_str(inside);
        parts.push(start..text.len());
        rest = after;
    }
    text.push_str(rest);
    (text == plain).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_all_their_spellings_and_nowhere_else() {
        let (readable, has_marks) = as_variables("a {%- generation -%} b {%endgeneration%}\n{{ '%}' }}");
        assert!(has_marks);
        assert_eq!(
            readable,
            "a {%- if true %}{{ quern_generation_begins }}{% endif -%} b {% if true %}{{ quern_generation_ends }}{% endif %}\n{{ '%}' }}"
        );
        for source in
            ["{# {% generation %} it's #}", "{{ '{% generation %}' }}", "{ {% if generation %}{% endif %}", "{{ 'x"]
        {
            assert_eq!(as_variables(source), (source.to_owned(), false));
        }
    }

    #[test]
    fn parts_are_places_in_the_plain_text() {
        let marks = not_in("x");
        let marks = [marks[0].as_str(), marks[1].as_str()];
        let [begin, end] = marks;
        assert_eq!(parts(&format!("a{begin}bc{end}d{begin}{end}"), marks, "abcd"), Some(vec![1..3, 4..4]));
        assert_eq!(parts(&format!("a{begin} b{end}"), marks, "ab"), None, "a filter saw the mark");
        assert_eq!(parts(&format!("a{begin}b"), marks, "ab"), None, "it never ends");
        assert_ne!(not_in(begin), not_in("x"));
    }
}
