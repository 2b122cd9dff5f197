//! From a template and values to the messages that a model is asked with.

use std::ops::Range;

use minijinja::{Environment, ErrorKind};
use serde_json::Value;

use super::dialect::environment;
use super::template::{PromptTemplate, Variable, VariableKind, Variables};
use crate::model_call::ChatMessage;

/// Why a template can't be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// It has no message.
    #[error("the prompt {0:?} has no message; add one")]
    Empty(String),
    /// A required variable has no value.
    #[error("the variable {0} needs a value; give it one, or a default in the prompt")]
    Missing(String),
    /// A value is of the wrong kind.
    #[error("the variable {name} takes {expected}, but got {came}")]
    WrongKind {
        /// The variable.
        name: String,
        /// What it takes.
        expected: String,
        /// What came.
        came: String,
    },
    /// A message's text is no valid template, or can't be filled in.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// What is wrong with a message's text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message {number}, line {line}, column {column}: {what}\n  {excerpt}\n  {marker}", number = .message + 1, marker = marker(.column))]
pub struct TextError {
    /// Which message, from 0.
    pub message: usize,
    /// Line of its text, from 1.
    pub line: usize,
    /// Column in that line, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// The line.
    pub excerpt: String,
}

/// Points at a column of the line above.
fn marker(column: &usize) -> String {
    format!("{}^", " ".repeat(column.saturating_sub(1)))
}

/// Something about a template that a person should know while writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A text that can't be rendered.
    Broken(TextError),
    /// A name that is used in a text, but not declared.
    Undeclared(String),
    /// A variable that is declared, but not used.
    Unused(String),
}

impl PromptTemplate {
    /// The messages: examples as turns before the last message of the user, every variable filled in. Values are put in
    /// as they are; what looks like a template in them stays text. Values for names that are not declared are handed on.
    ///
    /// # Errors
    /// A value is missing or of the wrong kind, or a text is no valid template.
    pub fn render(&self, variables: &Variables) -> Result<Vec<ChatMessage>, PromptError> {
        if self.messages.is_empty() {
            return Err(PromptError::Empty(self.name.clone()));
        }
        let environment = environment();
        let values = self.complete(variables)?;
        let turn = |index: usize, values: &Variables| -> Result<ChatMessage, PromptError> {
            let message = &self.messages[index];
            let content = render_text(&environment, &message.text, values, index)?;
            Ok(ChatMessage { role: message.role.clone(), content })
        };
        let asked_at = self.messages.iter().rposition(|message| message.role == "user");
        let mut turns = Vec::with_capacity(self.messages.len() + 2 * self.examples.len());
        for index in 0..self.messages.len() {
            if Some(index) == asked_at {
                for example in &self.examples {
                    turns.push(turn(index, &self.complete(&example.variables)?)?);
                    turns.push(ChatMessage { role: "assistant".to_owned(), content: example.answer.clone() });
                }
            }
            turns.push(turn(index, &values)?);
        }
        Ok(turns)
    }

    /// What a person should know while writing: broken texts first, then undeclared and unused variables by name.
    pub fn remarks(&self) -> Vec<Remark> {
        let environment = environment();
        let mut used = std::collections::BTreeSet::new();
        let mut remarks = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            match environment.template_from_str(&message.text) {
                Ok(template) => used.extend(template.undeclared_variables(false)),
                Err(error) => remarks.push(Remark::Broken(text_error(&error, &message.text, index))),
            }
        }
        let is_whole = remarks.is_empty();
        // Functions of the template language are no variables.
        let functions: std::collections::BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
        let declared = |name: &str| self.variables.iter().any(|variable| variable.name == name);
        let undeclared = used.iter().filter(|name| !declared(name) && !functions.contains(name.as_str()));
        remarks.extend(undeclared.cloned().map(Remark::Undeclared));
        if is_whole {
            let unused = self.variables.iter().filter(|variable| !used.contains(&variable.name));
            remarks.extend(unused.map(|variable| Remark::Unused(variable.name.clone())));
        }
        remarks
    }

    /// The values with defaults in the place of absent ones, each checked.
    fn complete(&self, given: &Variables) -> Result<Variables, PromptError> {
        let mut values = given.clone();
        for variable in &self.variables {
            let is_given = values.get(&variable.name).is_some_and(|value| !value.is_null());
            if !is_given && let Some(default) = &variable.default {
                values.insert(variable.name.clone(), default.clone());
            }
            match values.get(&variable.name) {
                Some(value) if !value.is_null() => variable.check(value)?,
                _ if variable.required => return Err(PromptError::Missing(variable.name.clone())),
                // A template may ask whether it is there.
                _ => drop(values.insert(variable.name.clone(), Value::Null)),
            }
        }
        Ok(values)
    }
}

impl Variable {
    /// Checks that it takes this value.
    ///
    /// # Errors
    /// What it takes, and what came.
    pub fn check(&self, value: &Value) -> Result<(), PromptError> {
        let is_right = match &self.kind {
            // Files and forms give numbers where texts are meant.
            VariableKind::Text => value.is_string() || value.is_number() || value.is_boolean(),
            VariableKind::Integer => value.is_i64() || value.is_u64(),
            VariableKind::Number => value.is_number(),
            VariableKind::Boolean => value.is_boolean(),
            VariableKind::Choice { options } => value.as_str().is_some_and(|it| options.iter().any(|one| one == it)),
            VariableKind::List => value.is_array(),
            VariableKind::Object => value.is_object(),
        };
        if is_right {
            return Ok(());
        }
        Err(PromptError::WrongKind { name: self.name.clone(), expected: self.kind.words(), came: describe(value) })
    }
}

impl VariableKind {
    /// What it takes, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice { options } => format!("one of {}", options.join(", ")),
            Self::List => "a list".to_owned(),
            Self::Object => "an object".to_owned(),
        }
    }
}

/// A value in few words.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(items) => format!("a list of {} items", items.len()),
        Value::Object(fields) => format!("an object of {} fields", fields.len()),
        other => {
            let text = other.to_string();
            let short: String = text.chars().take(40).collect();
            if short == text { text } else { format!("{short}…") }
        }
    }
}

fn render_text(
    environment: &Environment<'_>,
    text: &str,
    values: &Variables,
    message: usize,
) -> Result<String, TextError> {
    environment
        .template_from_str(text)
        .and_then(|template| template.render(minijinja::value::Serde(values)))
        .map_err(|error| text_error(&error, text, message))
}

fn text_error(error: &minijinja::Error, text: &str, message: usize) -> TextError {
    let range = error.range().unwrap_or(Range { start: text.len(), end: text.len() });
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let (mut line, mut column) = (text[..start].matches('\n').count() + 1, text[line_start..start].chars().count() + 1);
    if error.range().is_none()
        && let Some(known) = error.line()
    {
        (line, column) = (known, 1);
    }
    let excerpt = text.lines().nth(line - 1).unwrap_or_default().to_owned();
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let named = excerpt_of(text, &range);
    let what = match error.kind() {
        ErrorKind::UndefinedError => {
            format!("{} has no value; declare the variable, or give it one", named.unwrap_or("a variable"))
        }
        ErrorKind::OutOfFuel => "the template takes too long; does a loop in it end?".to_owned(),
        ErrorKind::SyntaxError => format!("the template is not valid here: {detail}"),
        _ => detail,
    };
    TextError { message, line, column, what, excerpt }
}

fn excerpt_of<'a>(text: &'a str, range: &Range<usize>) -> Option<&'a str> {
    text.get(range.clone()).map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Example, MessageTemplate};
    use proptest::prelude::*;
    use serde_json::json;

    fn template(texts: &[(&str, &str)]) -> PromptTemplate {
        let messages =
            texts.iter().map(|(role, text)| MessageTemplate { role: (*role).into(), text: (*text).into() }).collect();
        PromptTemplate { name: "p".into(), messages, ..PromptTemplate::default() }
    }

    fn variable(name: &str, kind: VariableKind) -> Variable {
        Variable { name: name.into(), kind, default: None, required: false, description: String::new() }
    }

    fn values(json: Value) -> Variables {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn examples_are_turns_before_the_last_question() {
        let mut prompt = template(&[("system", "Labels: {{ labels | join(', ') }}."), ("user", "Text: {{ text }}\n")]);
        prompt.variables =
            vec![Variable { default: Some(json!(["a", "b"])), ..variable("labels", VariableKind::List) }];
        prompt.examples = vec![Example { variables: values(json!({"text": "one"})), answer: "a".into() }];
        let turns = prompt.render(&values(json!({"text": "two <&> {{ labels }}", "unknown": 1}))).unwrap();
        let turns: Vec<(&str, &str)> = turns.iter().map(|turn| (turn.role.as_str(), turn.content.as_str())).collect();
        let expected = [
            ("system", "Labels: a, b."),
            ("user", "Text: one\n"),
            ("assistant", "a"),
            ("user", "Text: two <&> {{ labels }}\n"),
        ];
        assert_eq!(turns, expected);
    }

    #[test]
    fn values_are_checked_by_kind() {
        let mut prompt = template(&[("user", "{{ n }}{% if style %} in {{ style }}{% endif %}{{ style }}")]);
        let choice = VariableKind::Choice { options: vec!["prose".into(), "verse".into()] };
        prompt.variables =
            vec![Variable { required: true, ..variable("n", VariableKind::Integer) }, variable("style", choice)];
        let render = |json| prompt.render(&values(json)).map(|turns| turns[0].content.clone());
        assert_eq!(render(json!({"n": 3})).unwrap(), "3", "an optional variable may be absent");
        assert_eq!(render(json!({"n": 3, "style": "verse"})).unwrap(), "3 in verseverse");
        let message = |json| render(json).unwrap_err().to_string();
        assert_eq!(message(json!({})), "the variable n needs a value; give it one, or a default in the prompt");
        assert_eq!(message(json!({"n": "3"})), "the variable n takes a whole number, but got \"3\"");
        assert_eq!(
            message(json!({"n": 1, "style": "song"})),
            "the variable style takes one of prose, verse, but got \"song\""
        );
    }

    #[test]
    fn a_broken_text_is_shown_with_line_and_column() {
        let place = |text: &str| {
            let error = template(&[("system", "ok"), ("user", text)]).render(&Variables::new()).unwrap_err();
            let PromptError::Text(error) = error else { panic!("{error}") };
            (error.message, error.line, error.column, error.to_string())
        };
        let (message, line, column, words) = place("Dear reader,\nüber {{ topik }}!");
        assert_eq!((message, line, column), (1, 2, 9));
        assert_eq!(
            words,
            "message 2, line 2, column 9: topik has no value; declare the variable, or give it one\n  über {{ topik }}!\n          ^"
        );
        assert_eq!(place("a\n\n  {% if x %}").1, 3);
        assert!(
            place("{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}").3.contains("loop")
        );
    }

    #[test]
    fn remarks_name_what_is_undeclared_and_unused() {
        let mut prompt = template(&[("user", "{{ a }} {{ b.c }} {% for i in range(3) %}{{ i }}{% endfor %}")]);
        prompt.variables = vec![variable("a", VariableKind::Text), variable("z", VariableKind::Text)];
        assert_eq!(prompt.remarks(), [Remark::Undeclared("b".into()), Remark::Unused("z".into())]);
        let broken = template(&[("user", "{{ a")]).remarks();
        assert!(matches!(&broken[..], [Remark::Broken(TextError { line: 1, .. })]), "{broken:?}");
    }

    proptest! {
        #[test]
        fn values_are_never_read_as_templates(text in any::<String>()) {
            let turns = template(&[("user", "[{{ text }}]")]).render(&values(json!({"text": text}))).unwrap();
            prop_assert_eq!(&turns[0].content, &format!("[{text}]"));
        }
    }
}
