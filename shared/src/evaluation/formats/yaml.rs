//! YAML (and JSON, which is YAML) as a tree in which every value knows its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::finding::{Place, Refused};

/// Whole numbers up to here are the same in JSON's readers everywhere.
const MOST_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) place: Place,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the file's order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads a document. `file` is the name that places show.
    pub(super) fn read(text: &str, file: &str) -> Result<Self, Refused> {
        let options = serde_saphyr::options! {
            // As YAML 1.2 and JavaScript's readers have it: `no` is a text.
            strict_booleans: true,
            with_snippet: false,
            non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        };
        match serde_saphyr::from_str_with_options::<Node>(text, options) {
            Ok(mut node) => {
                node.name_file(file);
                Ok(node)
            }
            Err(error) => Err(Refused::at(error_place(&error, file), error_message(&error, text))),
        }
    }

    /// Reads one line of a file of JSON Lines.
    pub(super) fn read_json_line(line: &str, file: &str, number: u64) -> Result<Self, Refused> {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(line) {
            let mut words = error.to_string();
            words.truncate(words.rfind(" at line ").unwrap_or(words.len()));
            let place = Place { file: file.to_owned(), line: number, column: error.column() as u64 };
            return Err(Refused::at(place, format!("this is not JSON: {words}")));
        }
        let mut node = Self::read(line, file)?;
        node.move_to_line(number);
        Ok(node)
    }

    /// The value without places. Whole numbers are integers, as JavaScript has them.
    pub(super) fn value(&self) -> Value {
        match &self.shape {
            Shape::Null => Value::Null,
            Shape::Boolean(value) => Value::Bool(*value),
            Shape::Number(number) => Value::Number(number.clone()),
            Shape::Text(text) => Value::String(text.clone()),
            Shape::List(items) => items.iter().map(Node::value).collect(),
            Shape::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.clone(), node.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Shape::Text(text) = &self.shape { Some(text) } else { None }
    }

    /// The number, where it is one.
    pub(super) fn number(&self) -> Option<f64> {
        if let Shape::Number(number) = &self.shape { number.as_f64() } else { None }
    }

    /// The entry of that name, where it is a map that has one.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Shape::Map(entries) = &self.shape else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// What it is, for a sentence.
    pub(super) fn kind(&self) -> &'static str {
        match self.shape {
            Shape::Null => "nothing",
            Shape::Boolean(_) => "true or false",
            Shape::Number(_) => "a number",
            Shape::Text(_) => "a text",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a map",
        }
    }

    /// Says that the whole document is one line of a file.
    fn move_to_line(&mut self, line: u64) {
        self.place.line = line;
        match &mut self.shape {
            Shape::List(items) => items.iter_mut().for_each(|item| item.move_to_line(line)),
            Shape::Map(entries) => entries.iter_mut().for_each(|(_, node)| node.move_to_line(line)),
            _ => {}
        }
    }

    fn name_file(&mut self, file: &str) {
        file.clone_into(&mut self.place.file);
        match &mut self.shape {
            Shape::List(items) => items.iter_mut().for_each(|item| item.name_file(file)),
            Shape::Map(entries) => entries.iter_mut().for_each(|(_, node)| node.name_file(file)),
            _ => {}
        }
    }
}

fn error_place(error: &serde_saphyr::Error, file: &str) -> Place {
    let location = error.location();
    Place {
        file: file.to_owned(),
        line: location.map_or(0, |location| location.line()),
        column: location.map_or(0, |location| location.column()),
    }
}

/// The parser's words and the line they are about.
fn error_message(error: &serde_saphyr::Error, text: &str) -> String {
    let mut words = error.without_snippet().render();
    if let Some(end) = words.rfind(" at line ") {
        words.truncate(end);
    }
    // The parser counts what anchors unfold to, and says so in words for programmers.
    if words.contains("budget breached") || words.contains("recursion limit") {
        return "this is too much for a configuration: more than 250,000 values once anchors are unfolded, or too deeply \
                nested. Put the cases into a CSV or JSON Lines file beside it (`tests: file://cases.csv`)"
            .to_owned();
    }
    let line = error.location().and_then(|location| text.lines().nth(usize::try_from(location.line()).ok()? - 1));
    match line.map(str::trim) {
        Some(line) if !line.is_empty() => {
            let shown: String = line.chars().take(120).collect();
            format!("this is not YAML: {words}. The line is `{shown}`")
        }
        _ => format!("this is not YAML: {words}"),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Shape>::deserialize(deserializer)?;
        let place = Place { file: String::new(), line: spanned.referenced.line(), column: spanned.referenced.column() };
        Ok(Self { shape: spanned.value, place })
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Shape, E> {
        if value.fract() == 0.0 && value.abs() <= MOST_EXACT_INTEGER {
            return Ok(Shape::Number((value as i64).into()));
        }
        Number::from_f64(value).map(Shape::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Shape, E> {
        Ok(Shape::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Shape::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Shape::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_places_and_are_what_javascript_reads() {
        let text = "a: &x {b: no, c: 1.0}\nd:\n  - *x\n  - <<: *x\n    e: \"7\"\n";
        let node = Node::read(text, "cases.yaml").unwrap();
        let expected = serde_json::json!({
            "a": {"b": "no", "c": 1}, "d": [{"b": "no", "c": 1}, {"b": "no", "c": 1, "e": "7"}],
        });
        assert_eq!(node.value(), expected);
        let Shape::List(items) = &node.get("d").unwrap().shape else { panic!("d is a list") };
        assert_eq!(items[1].get("e").unwrap().place.to_string(), "cases.yaml, line 5, column 8");
    }

    #[test]
    fn broken_yaml_is_shown_with_its_line() {
        for (text, place) in
            [("a: 1\nb: [1, 2\nc: 3\n", "line 3"), ("a: 1\na: 2\n", "line 2"), ("a: \"x\nb: 1", "line ")]
        {
            let refused = Node::read(text, "").unwrap_err();
            let message = refused.to_string();
            assert!(message.starts_with(place) && message.contains("The line is `"), "{message}");
        }
    }

    #[test]
    fn what_unfolds_without_end_is_refused_in_plain_words() {
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..9 {
            let parts = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb += &format!("a{level}: &a{level} [{parts}]\n");
        }
        let deep = "[".repeat(5000);
        for text in [bomb, deep] {
            let message = Node::read(&text, "").unwrap_err().to_string();
            assert!(message.contains("too much for a configuration") && !message.contains("budget"), "{message}");
        }
    }
}
