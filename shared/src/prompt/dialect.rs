//! The language that prompts and expectations are written in: Jinja, as minijinja has it, with what promptfoo's
//! templates (nunjucks) write otherwise.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

/// The work that one text may take: loops in templates end.
const FUEL: u64 = 1_000_000;
const MOST_RECURSION: usize = 100;

/// Names without a value are errors, nothing is escaped, the last line keeps its end, strings and lists have Python's
/// methods. What is nothing leaves nothing behind, truth values are `true` and `false`, `dump` writes JSON, and
/// `load`, which promptfoo adds to nunjucks, reads it.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_recursion_limit(MOST_RECURSION);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_formatter(|output, state, value| match value.kind() {
        ValueKind::None => Ok(()),
        ValueKind::Bool => Ok(output.write_str(if value.is_true() { "true" } else { "false" })?),
        _ => minijinja::escape_formatter(output, state, value),
    });
    environment.add_filter("dump", dump);
    environment.add_filter("load", load);
    environment
}

/// JSON as JavaScript writes it: without spaces, or indented by a number of them. Unlike `tojson` it is not made safe
/// for HTML.
fn dump(value: Value, indent: Option<usize>) -> Result<String, Error> {
    let mut json = Vec::new();
    let written = match indent {
        None | Some(0) => serde_json::to_writer(&mut json, &value),
        Some(spaces) => {
            // JavaScript indents by ten at most.
            let indent = " ".repeat(spaces.min(10));
            let formatter = PrettyFormatter::with_indent(indent.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut json, formatter))
        }
    };
    written.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    String::from_utf8(json).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// The value that a JSON text says.
fn load(text: &str) -> Result<Value, Error> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("load takes JSON: {error}")))?;
    Ok(minijinja::value::Serde(value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By nunjucks 3.2.4.
    #[test]
    fn values_are_written_as_nunjucks_does() {
        let values =
            serde_json::json!({"o": {"a": "<b> & 'c'", "n": [1, 2.5, null, true]}, "yes": true, "nothing": null});
        let render = |text: &str| environment().render_str(text, minijinja::value::Serde(&values)).unwrap();
        assert_eq!(render("{{ yes }} {{ 1 == 2 }}{{ nothing }}|\n"), "true false|\n");
        assert_eq!(render("{{ o | dump }}"), r#"{"a":"<b> & 'c'","n":[1,2.5,null,true]}"#);
        assert_eq!(render("{{ (o | dump | load).n[1] }} {{ ('[1, 2]' | load)[1] }}"), "2.5 2");
        let broken = environment().render_str("{{ '{' | load }}", ()).unwrap_err();
        assert!(broken.to_string().contains("load takes JSON: EOF"), "{broken}");
        assert_eq!(render("{{ o.n | dump(2) }}"), "[\n  1,\n  2.5,\n  null,\n  true\n]");
    }
}
