//! Nunjucks templates as promptfoo has them, in the dialect that prompts are rendered with here (minijinja).
//!
//! The two are all but the same language. What differs in a small way is rewritten; what would come out differently
//! is refused.

use std::ops::Range;
use std::sync::LazyLock;

use fancy_regex::Regex;
use minijinja::UndefinedBehavior;
use serde_json::Value;

use crate::prompt::{Variables, template_environment};

/// Filters that give the same text in both dialects.
const SAME_FILTERS: [&str; 28] = [
    "abs",
    "batch",
    "capitalize",
    "d",
    "default",
    "dump",
    "first",
    "float",
    "indent",
    "int",
    "join",
    "last",
    "length",
    "list",
    "load",
    "lower",
    "replace",
    "reverse",
    "round",
    "safe",
    "slice",
    "sort",
    "string",
    "sum",
    "title",
    "trim",
    "upper",
    "urlencode",
];

/// Statements that both dialects know.
const SAME_STATEMENTS: [&str; 13] = [
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "macro",
    "endmacro",
    "filter",
    "endfilter",
    "endraw",
];

/// Each pattern of this file is compiled once. None of them is broken, as every test of this file shows.
struct Patterns {
    /// `{{ name }}`.
    placeholder: Regex,
    left_open: Regex,
    raw: Regex,
    end_of_raw: Regex,
    /// What is rewritten, and how; `$1` is the first group.
    rewritten: Vec<(Regex, &'static str)>,
    environment: Regex,
    method: Regex,
    function: Regex,
    other_answers: Regex,
    pairs: Regex,
    filter: Regex,
}

static PATTERNS: LazyLock<Result<Patterns, fancy_regex::Error>> = LazyLock::new(|| {
    let rewritten = [
        (r"^\{%\s*elseif\b", "{% elif"),
        (r"===", "=="),
        (r"!==", "!="),
        (r"\b([A-Za-z_][\w.]*)\.length\b", "($1|length)"),
    ];
    let rewritten = rewritten.into_iter().map(|(pattern, replacement)| Ok((Regex::new(pattern)?, replacement)));
    Ok(Patterns {
        placeholder: Regex::new(r"\{\{\s*(\w+)\s*\}\}")?,
        left_open: Regex::new(r"(?m)(\{%[^%]*$|\{\{[^}]*$|\{#[^#]*$)")?,
        raw: Regex::new(r"\{%\s*raw\s*%\}")?,
        end_of_raw: Regex::new(r"\{%\s*endraw\s*%\}")?,
        rewritten: rewritten.collect::<Result<_, fancy_regex::Error>>()?,
        environment: Regex::new(r"(?<![\w.])(env)\s*[.\[]")?,
        method: Regex::new(r"\.\s*([A-Za-z_]\w*)\s*\(")?,
        function: Regex::new(r"(?<![\w.|])(cycler|joiner|super|caller)\s*\(")?,
        other_answers: Regex::new(r"(?<![\w.])(_conversation|__outputs)\b")?,
        pairs: Regex::new(r"^\{%[-+]?\s*for\s+\w+\s*(,)")?,
        filter: Regex::new(r"\|\s*([A-Za-z_]\w*)")?,
    })
});

fn patterns() -> Result<&'static Patterns, String> {
    PATTERNS.as_ref().map_err(ToString::to_string)
}

/// Something in a template that can't be taken over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TemplateFault {
    /// Its line in the template, from 1.
    pub(super) line: usize,
    /// What it is and what to write instead.
    pub(super) message: String,
}

/// A template, or several parts of one, and the variables that it uses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) text: String,
    /// Sorted by name.
    pub(super) variables: Vec<String>,
}

/// A nunjucks template in our dialect.
pub(super) fn translate(text: &str) -> Result<Translated, TemplateFault> {
    let patterns = patterns().map_err(|message| TemplateFault { line: 1, message })?;
    if is_left_open(text, patterns) {
        // promptfoo takes a text with a tag that is never closed as it is.
        return Ok(Translated { text: format!("{{% raw %}}{text}{{% endraw %}}"), variables: Vec::new() });
    }
    let mut translated = String::with_capacity(text.len());
    let mut copied = 0;
    for tag in tags(text) {
        let line = line_of(text, tag.start);
        let replacement =
            translate_tag(&text[tag.clone()], patterns).map_err(|message| TemplateFault { line, message })?;
        translated.push_str(&text[copied..tag.start]);
        translated.push_str(&replacement);
        copied = tag.end;
    }
    translated.push_str(&text[copied..]);
    let variables = variables_of(&translated)?;
    Ok(Translated { text: translated, variables })
}

/// Whether a template of ours means the same in nunjucks.
pub(super) fn check_ours(text: &str) -> Result<(), TemplateFault> {
    let patterns = patterns().map_err(|message| TemplateFault { line: 1, message })?;
    for tag in tags(text) {
        let line = line_of(text, tag.start);
        translate_tag(&text[tag], patterns).map_err(|message| TemplateFault { line, message })?;
    }
    Ok(())
}

/// A value with the other variables filled in, as promptfoo does before it renders the prompt.
///
/// # Errors
/// The value is a template that can't be rendered, and why.
pub(super) fn resolve_values(variables: &mut Variables) -> Result<(), String> {
    for value in variables.values_mut() {
        if let Value::String(text) = value
            && let Some(shorter) = text.strip_suffix('\n')
        {
            *text = shorter.to_owned();
        }
    }
    substitute_names(variables, &patterns()?.placeholder);
    let resolved: Variables = variables
        .iter()
        .map(|(name, value)| {
            Ok((name.clone(), render_value(value, variables).map_err(|why| format!("{name}: {why}"))?))
        })
        .collect::<Result<_, String>>()?;
    *variables = resolved;
    Ok(())
}

/// `{{ name }}` in a value becomes that variable's value, five times over at most, as in promptfoo.
fn substitute_names(variables: &mut Variables, placeholder: &Regex) {
    for _ in 0..5 {
        let mut is_changed = false;
        for name in variables.keys().cloned().collect::<Vec<_>>() {
            let Some(Value::String(text)) = variables.get(&name) else { continue };
            let Ok(Some(found)) = placeholder.captures(text) else { continue };
            let (Some(whole), Some(inner)) = (found.get(0), found.get(1)) else { continue };
            let Some(value) = variables.get(inner.as_str()) else { continue };
            let replaced = format!("{}{}{}", &text[..whole.start()], plain_text(value), &text[whole.end()..]);
            // A value that names itself grows with each round.
            if replaced.len() > 1 << 20 {
                return;
            }
            variables.insert(name, Value::String(replaced));
            is_changed = true;
        }
        if !is_changed {
            return;
        }
    }
}

/// One value, rendered with the others, unless it names something that there isn't.
pub(super) fn render_value(value: &Value, variables: &Variables) -> Result<Value, String> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
        return Ok(value.clone());
    }
    if is_left_open(text, patterns()?) {
        return Ok(value.clone());
    }
    let translated = translate(text).map_err(|fault| fault.message)?;
    if translated.variables.iter().any(|name| !variables.contains_key(name)) {
        return Ok(value.clone());
    }
    let mut environment = template_environment();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    let context = minijinja::value::Serde(variables);
    environment.render_str(&translated.text, context).map(Value::String).map_err(|error| error.to_string())
}

/// A text that [`resolve_values`] gives back as `text`.
pub(super) fn escape_value(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // Only a file's name may begin like one.
    let mut rest = match text.strip_prefix("file://") {
        Some(rest) => {
            escaped.push_str("{{ 'file' }}://");
            rest
        }
        None => text,
    };
    while let Some(position) = rest.find('{') {
        escaped.push_str(&rest[..position]);
        rest = &rest[position + 1..];
        match rest.chars().next() {
            Some('{') => {
                escaped.push_str("{{ '{{' }}");
                rest = &rest[1..];
            }
            Some('%' | '#') => escaped.push_str("{{ '{' }}"),
            _ => escaped.push('{'),
        }
    }
    escaped.push_str(rest);
    if escaped.ends_with('\n') {
        escaped.push('\n');
    }
    escaped
}

/// A value as JavaScript writes it into a text.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The text with every tag replaced by a word that means nothing to JSON and YAML, and the tags.
pub(super) fn mask_tags(text: &str) -> (String, Vec<String>) {
    let mut masked = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut copied = 0;
    for tag in tags(text) {
        masked.push_str(&text[copied..tag.start]);
        masked.push_str(&mask_of(found.len()));
        found.push(text[tag.clone()].to_owned());
        copied = tag.end;
    }
    masked.push_str(&text[copied..]);
    (masked, found)
}

/// Puts the tags back.
pub(super) fn unmask_tags(masked: &str, tags: &[String]) -> String {
    let mut text = masked.to_owned();
    for (index, tag) in tags.iter().enumerate() {
        text = text.replace(&mask_of(index), tag);
    }
    text
}

/// Private-use characters, which no prompt has.
fn mask_of(index: usize) -> String {
    format!("\u{e000}{index}\u{e001}")
}

/// Whether a tag is opened and never closed in its line, which promptfoo takes for plain text.
fn is_left_open(text: &str, patterns: &Patterns) -> bool {
    let is_in = |pattern: &Regex| pattern.is_match(text).unwrap_or(false);
    is_in(&patterns.left_open) && !(is_in(&patterns.raw) && is_in(&patterns.end_of_raw))
}

/// Where the tags are, those between `raw` and `endraw` and comments left out.
fn tags(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('{').map(|offset| from + offset) {
        let end = match text[start + 1..].chars().next() {
            Some('{') => end_of(text, start + 2, "}}"),
            Some('%') => end_of(text, start + 2, "%}"),
            Some('#') => text[start..].find("#}").map(|offset| start + offset + 2),
            _ => None,
        };
        let Some(end) = end else {
            from = start + 1;
            continue;
        };
        let word = statement(&text[start..end]);
        from = end;
        if text[start..].starts_with("{#") {
            continue;
        }
        found.push(start..end);
        if let Some(ending) = word.and_then(|word| match word {
            "raw" => Some("endraw"),
            "verbatim" => Some("endverbatim"),
            _ => None,
        }) {
            // The content of a raw block isn't looked at; its closing tag is.
            let mut closing = text[end..].match_indices("{%").map(|(offset, _)| end + offset);
            let is_ending = |position: &usize| {
                text[position + 2..].trim_start_matches(['-', ' ', '\t', '\n', '\r']).starts_with(ending)
            };
            from = closing.find(is_ending).unwrap_or(text.len());
        }
    }
    found
}

/// The end of a tag, quoted texts in it skipped.
fn end_of(text: &str, from: usize, closing: &str) -> Option<usize> {
    let mut quotes = Quotes::default();
    text[from..].char_indices().find_map(|(offset, character)| {
        let is_end = !quotes.is_inside(character) && text[from + offset..].starts_with(closing);
        is_end.then_some(from + offset + closing.len())
    })
}

/// The first word of a statement tag.
fn statement(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix("{%")?.strip_suffix("%}")?;
    inner.trim_start_matches(['-', '+']).split_whitespace().next().map(|word| word.trim_end_matches('-'))
}

/// Follows quotes through a tag.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    is_escaped: bool,
}

impl Quotes {
    /// Whether the next character is within a quoted text; the quotes themselves are not.
    fn is_inside(&mut self, character: char) -> bool {
        match self.open {
            Some(open) if character == open && !self.is_escaped => {
                self.open = None;
                false
            }
            Some(_) => {
                self.is_escaped = character == '\\' && !self.is_escaped;
                true
            }
            None => {
                self.open = matches!(character, '"' | '\'').then_some(character);
                false
            }
        }
    }
}

/// The same text with the content of quoted texts blanked, byte for byte.
fn mask_texts(text: &str) -> String {
    let mut quotes = Quotes::default();
    let mut masked = String::with_capacity(text.len());
    for character in text.chars() {
        if quotes.is_inside(character) {
            masked.extend(std::iter::repeat_n(' ', character.len_utf8()));
        } else {
            masked.push(character);
        }
    }
    masked
}

/// Replaces a pattern, but not within quoted texts. `$1` is the first group.
fn replace_outside_texts(tag: &str, pattern: &Regex, replacement: &str) -> String {
    let masked = mask_texts(tag);
    let mut replaced = String::with_capacity(tag.len());
    let mut copied = 0;
    for found in pattern.captures_iter(&masked).flatten() {
        let Some(whole) = found.get(0) else { continue };
        let group = found.get(1).map_or("", |group| &tag[group.range()]);
        replaced.push_str(&tag[copied..whole.start()]);
        replaced.push_str(&replacement.replace("$1", group));
        copied = whole.end();
    }
    replaced.push_str(&tag[copied..]);
    replaced
}

fn translate_tag(tag: &str, patterns: &Patterns) -> Result<String, String> {
    if let Some(word) = statement(tag) {
        match word {
            "raw" => return Ok(tag.to_owned()),
            "verbatim" => return Ok(tag.replacen("verbatim", "raw", 1)),
            "endverbatim" => return Ok(tag.replacen("endverbatim", "endraw", 1)),
            "include" | "import" | "from" | "extends" | "block" | "endblock" => {
                return Err(format!("`{tag}` takes in another template; write its text here instead"));
            }
            "elseif" => {}
            word if !SAME_STATEMENTS.contains(&word) => {
                return Err(format!("`{tag}` is a statement that is not known here"));
            }
            _ => {}
        }
    }
    let mut translated = tag.to_owned();
    for (pattern, replacement) in &patterns.rewritten {
        translated = replace_outside_texts(&translated, pattern, replacement);
    }
    let masked = mask_texts(&translated);
    let first = |pattern: &Regex| -> Option<String> {
        let found = pattern.captures(&masked).ok()??;
        Some(found.get(1)?.as_str().to_owned())
    };
    if first(&patterns.environment).is_some() {
        return Err(format!("`{tag}` reads an environment variable, which a prompt can't do here; write the value"));
    }
    if let Some(method) = first(&patterns.method) {
        return Err(format!("`{tag}` calls the JavaScript method {method}; use a filter, such as `| upper`"));
    }
    if let Some(function) = first(&patterns.function) {
        return Err(format!("`{tag}` calls {function}, which is not known here"));
    }
    if let Some(name) = first(&patterns.other_answers) {
        return Err(format!("`{tag}` uses {name}, the answers to other cases; here every case stands alone"));
    }
    if first(&patterns.pairs).is_some() {
        return Err(format!("`{tag}` walks over a map's names and values, which the two dialects write differently"));
    }
    for filter in patterns.filter.captures_iter(&masked).flatten().filter_map(|found| found.get(1)) {
        if !SAME_FILTERS.contains(&filter.as_str()) {
            let known = SAME_FILTERS.join(", ");
            return Err(format!("`{tag}` uses the filter {}; known in both dialects are {known}", filter.as_str()));
        }
    }
    Ok(translated)
}

/// The variables that a template of ours uses, sorted.
pub(super) fn variables_of(text: &str) -> Result<Vec<String>, TemplateFault> {
    let environment = template_environment();
    let template = environment.template_from_str(text).map_err(|error| TemplateFault {
        line: error.line().unwrap_or(1),
        message: format!("the template has a mistake: {}", error.detail().unwrap_or("it can't be read")),
    })?;
    let globals: Vec<&str> = environment.globals().map(|(name, _)| name).collect();
    let mut names: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|name| !globals.contains(&name.as_str())).collect();
    names.sort();
    Ok(names)
}

fn line_of(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_differences_are_rewritten() {
        for (nunjucks, ours, variables) in [
            ("Hi {{name}}!", "Hi {{name}}!", &["name"][..]),
            (
                "{% if a === 'x===y' %}1{% elseif b !== 2 %}2{% endif %}",
                "{% if a == 'x===y' %}1{% elif b != 2 %}2{% endif %}",
                &["a", "b"],
            ),
            ("{{ items.length }} {{ o | dump }}", "{{ (items|length) }} {{ o | dump }}", &["items", "o"]),
            ("{% verbatim %}{{ x }}{% endverbatim %}", "{% raw %}{{ x }}{% endraw %}", &[]),
            ("a {{ b", "{% raw %}a {{ b{% endraw %}", &[]),
            ("{% for x in xs %}{{ loop.index }} {{ x }}{% endfor %}{# env.X #}", "", &["xs"]),
        ] {
            let ours = if ours.is_empty() { nunjucks } else { ours };
            let translated = translate(nunjucks);
            let variables = variables.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(translated, Ok(Translated { text: ours.into(), variables }));
        }
    }

    #[test]
    fn what_would_come_out_differently_is_refused_with_its_line() {
        for (text, word) in [
            ("a\n{{ env.HOME }}", "environment variable"),
            ("a\n{{ name.toUpperCase() }}", "toUpperCase"),
            ("a\n{{ name | nl2br }}", "nl2br"),
            ("a\n{% include 'x' %}", "another template"),
            ("a\n{{ _conversation }}", "_conversation"),
            ("a\n{% if %}{% endif %}", "mistake"),
        ] {
            let fault = translate(text).unwrap_err();
            assert!(fault.message.contains(word) && fault.line == 2, "{text:?}: {fault:?}");
        }
    }

    #[test]
    fn values_are_filled_in_as_promptfoo_does() {
        let json = serde_json::json!({
            "name": "Ada\n", "greeting": "Hello {{ name }}", "twice": "{{greeting}}, {{ name | upper }}",
            "unknown": "{{ nobody }}", "open": "a {{ b", "number": 3,
        });
        let Value::Object(mut variables) = json else { unreachable!() };
        resolve_values(&mut variables).unwrap();
        let expected = serde_json::json!({
            "name": "Ada", "greeting": "Hello Ada", "twice": "Hello Ada, ADA",
            "unknown": "{{ nobody }}", "open": "a {{ b", "number": 3,
        });
        assert_eq!(Value::Object(variables), expected);
    }

    proptest! {
        #[test]
        fn an_escaped_value_is_given_back(text in r"[{}%# 'a\n-]{0,24}") {
            let mut variables = Variables::new();
            variables.insert("a".into(), "other".into());
            variables.insert("text".into(), escape_value(&text).into());
            resolve_values(&mut variables).unwrap();
            prop_assert_eq!(&variables["text"], &Value::String(text));
        }
    }
}
