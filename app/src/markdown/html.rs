//! Markdown to HTML that can't do anything: raw HTML becomes text, links go to the web or nowhere, images are links.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// What of Markdown is understood beyond `CommonMark`.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// The HTML of `markdown`.
pub fn render(markdown: &str) -> String {
    let mut output = String::with_capacity(markdown.len() * 3 / 2);
    let mut open_links = Vec::new();
    let safe = Parser::new_ext(markdown, options()).map(|event| safe_event(event, &mut open_links));
    html::push_html(&mut output, safe);
    output
}

/// `open_links` remembers, for each link that is open, whether its address was kept.
fn safe_event<'a>(event: Event<'a>, open_links: &mut Vec<bool>) -> Event<'a> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        // An image would be fetched without asking, which tells its server that this text is being read.
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => open_link(&dest_url, open_links),
        Event::End(TagEnd::Link | TagEnd::Image) => match open_links.pop() {
            Some(true) => Event::InlineHtml("</a>".into()),
            _ => Event::InlineHtml("</span>".into()),
        },
        Event::Start(Tag::CodeBlock(kind)) => Event::Html(open_code_block(&kind)),
        Event::End(TagEnd::CodeBlock) => Event::Html("</code></pre></figure>\n".into()),
        // Wide tables scroll by themselves instead of widening the page.
        Event::Start(Tag::Table(alignments)) => Event::Start(Tag::Table(alignments)),
        other => other,
    }
}

fn open_link<'a>(address: &str, open_links: &mut Vec<bool>) -> Event<'a> {
    let kept = is_harmless(address);
    open_links.push(kept);
    if kept {
        let address = escape(address);
        Event::InlineHtml(
            format!("<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">").into(),
        )
    } else {
        Event::InlineHtml("<span>".into())
    }
}

/// Only addresses that name a harmless scheme in full: browsers resolve anything else in surprising ways.
fn is_harmless(address: &str) -> bool {
    let lower = address.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
}

fn open_code_block<'a>(kind: &CodeBlockKind<'_>) -> CowStr<'a> {
    let language = match kind {
        CodeBlockKind::Fenced(info) => info.split([' ', ',', '{']).next().unwrap_or_default(),
        CodeBlockKind::Indented => "",
    };
    let language = escape(language);
    // The button is found by its data attribute: one listener serves all of an answer's code blocks.
    format!(
        "<figure class=\"code-block\"><figcaption><span>{language}</span><button type=\"button\" class=\"code-copy\" \
         data-copy-code>Copy</button></figcaption><pre tabindex=\"0\"><code>"
    )
    .into()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: &str) {
        assert_eq!(render(markdown).trim(), expected, "{markdown:?}");
    }

    #[test]
    fn plain_markdown() {
        check("Hello *there*", "<p>Hello <em>there</em></p>");
        check("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>");
    }

    #[test]
    fn raw_html_is_text() {
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>");
    }

    #[test]
    fn links_keep_harmless_addresses_only() {
        let link = |address: &str, text: &str| {
            format!("<p><a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{text}</a></p>")
        };
        check("[a](https://example.org/?x=1&y=2)", &link("https://example.org/?x=1&amp;y=2", "a"));
        check("[a](javascript:alert(1))", "<p><span>a</span></p>");
        check("[a](JaVaScRiPt:alert(1))", "<p><span>a</span></p>");
        check("[a](data:text/html,x)", "<p><span>a</span></p>");
        check("[a](/admin)", "<p><span>a</span></p>");
        check("![alt](https://example.org/x.png)", &link("https://example.org/x.png", "alt"));
        check("<javascript:alert(1)>", "<p><span>javascript:alert(1)</span></p>");
        check(
            "[a](https://example.org/\"onmouseover=alert(1))",
            &link("https://example.org/&quot;onmouseover=alert(1)", "a"),
        );
    }

    #[test]
    fn code_is_escaped_and_can_be_copied() {
        let html = render("```rust<x>\nlet a = \"<b>\";\n```");
        assert!(html.contains("<span>rust&lt;x&gt;</span>"), "{html}");
        assert!(html.contains("let a = &quot;&lt;b&gt;&quot;;") || html.contains("let a = \"&lt;b&gt;\";"), "{html}");
        assert!(html.contains("data-copy-code"));
    }
}
