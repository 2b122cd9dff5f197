//! Renders chat templates as `transformers` does.

use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{Environment, ErrorKind, State, Value, context, filters};
use serde::{Deserialize, Serialize};

use super::{defaults, generation_marks};
use crate::model_call::ChatMessage;

/// A compiled chat template.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    has_generation_marks: bool,
    origin: TemplateOrigin,
    beginning_of_sequence: String,
    end_of_sequence: String,
}

/// Where a template comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateOrigin {
    /// The model file carries it.
    Model,
    /// The file carries none; this is its family's usual one.
    FamilyDefault,
}

/// What a template may ask for besides the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderOptions<'a> {
    /// End with the opening of the assistant's turn.
    pub add_generation_prompt: bool,
    /// Today, for templates that print a date, as `YYYY-MM-DD`. Shared code has no clock of its own.
    pub today: &'a str,
}

impl Default for RenderOptions<'_> {
    fn default() -> Self {
        Self { add_generation_prompt: true, today: "2026-01-01" }
    }
}

/// A template that can't be compiled or rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is no valid template.
    #[error("the chat template is not valid{place}: {message}", place = at(*.line))]
    Syntax {
        /// Line of the template, from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// It refused the messages (`raise_exception`).
    #[error("the model's chat template refuses this conversation: {0}")]
    Refused(String),
    /// It failed while rendering.
    #[error("the chat template failed{place}: {message}", place = at(*.line))]
    Render {
        /// Line of the template, from 1.
        line: Option<usize>,
        /// What went wrong.
        message: String,
    },
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}

const NAME: &str = "chat";

impl ChatTemplate {
    /// Compiles `source`.
    ///
    /// # Errors
    /// It is no valid template.
    pub fn new(
        source: &str,
        origin: TemplateOrigin,
        beginning_of_sequence: &str,
        end_of_sequence: &str,
    ) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // The settings of `transformers` (chat_template_utils), which all templates are written for.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment
            .set_syntax(syntax.map_err(|error| TemplateError::Syntax { line: None, message: describe(&error) })?);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, format!("{REFUSAL}{message}")))
        });
        environment.add_filter("tojson", to_json);
        // Jinja's own make 0 of what is no number; Mistral's templates try whether a tool's answer is one.
        environment.add_filter("int", |state: &State, value: &Value, default: Option<Value>, options: Kwargs| {
            filters::int(state, value, default, None, options).or_else(|_| Ok::<_, minijinja::Error>(Value::from(0)))
        });
        environment.add_filter("float", |state: &State, value: &Value, default: Option<Value>, options: Kwargs| {
            filters::float(state, value, default, options).or_else(|_| Ok::<_, minijinja::Error>(Value::from(0.0)))
        });
        environment.set_recursion_limit(100);
        // About as many instructions, or 64 bytes of text each: thousands of messages, and never a tab's memory.
        environment.set_fuel(Some(1_000_000));
        let (readable, has_generation_marks) = generation_marks::as_variables(source);
        environment
            .add_template_owned(NAME, readable)
            .map_err(|error| TemplateError::Syntax { line: error.line(), message: describe(&error) })?;
        Ok(Self {
            environment,
            source: source.to_owned(),
            has_generation_marks,
            origin,
            beginning_of_sequence: beginning_of_sequence.to_owned(),
            end_of_sequence: end_of_sequence.to_owned(),
        })
    }

    /// The usual template of `architecture`'s family, for a file that has none.
    ///
    /// # Errors
    /// Never in fact: a test compiles them.
    pub fn family_default(
        architecture: &str,
        beginning_of_sequence: &str,
        end_of_sequence: &str,
    ) -> Result<Self, TemplateError> {
        let source = defaults::for_architecture(architecture);
        Self::new(source, TemplateOrigin::FamilyDefault, beginning_of_sequence, end_of_sequence)
    }

    /// The prompt that `messages` make.
    ///
    /// # Errors
    /// The template refuses the messages or fails.
    pub fn render(&self, messages: &[ChatMessage], options: RenderOptions<'_>) -> Result<String, TemplateError> {
        let messages: Vec<Value> = messages.iter().map(as_value).collect();
        self.render_values(&messages, &Value::from(()), options)
    }

    /// The text that messages with all their fields make, with the tools that the model is offered (none: null).
    ///
    /// # Errors
    /// The template refuses the messages or fails.
    pub(crate) fn render_values(
        &self,
        messages: &[Value],
        tools: &Value,
        options: RenderOptions<'_>,
    ) -> Result<String, TemplateError> {
        self.render_with_marks(messages, tools, options, ["", ""])
    }

    /// The parts of `rendered`, which is what [`Self::render_values`] makes of the same, that the template encloses in
    /// `{% generation %}`, in bytes; none where its marks can't be told from the text.
    ///
    /// # Errors
    /// The template refuses the messages or fails.
    pub(crate) fn generated_parts(
        &self,
        messages: &[Value],
        tools: &Value,
        options: RenderOptions<'_>,
        rendered: &str,
    ) -> Result<Option<Vec<Range<usize>>>, TemplateError> {
        let marks = generation_marks::not_in(rendered);
        let marks = [marks[0].as_str(), marks[1].as_str()];
        let marked = self.render_with_marks(messages, tools, options, marks)?;
        Ok(generation_marks::parts(&marked, marks, rendered))
    }

    fn render_with_marks(
        &self,
        messages: &[Value],
        tools: &Value,
        options: RenderOptions<'_>,
        [begin, end]: [&str; 2],
    ) -> Result<String, TemplateError> {
        let today = options.today.to_owned();
        let mut environment = self.environment.clone();
        environment.add_function("strftime_now", move |format: String| format_date(&today, &format));
        let fail = |error: minijinja::Error| {
            let message = describe(&error);
            match message.split_once(REFUSAL) {
                Some((_, reason)) => TemplateError::Refused(reason.to_owned()),
                None => TemplateError::Render { line: error.line(), message },
            }
        };
        environment
            .get_template(NAME)
            .and_then(|template| {
                // `transformers` gives templates tools and documents always, as `none` where there are none.
                template.render(context! {
                    messages => messages,
                    tools => tools,
                    documents => (),
                    add_generation_prompt => options.add_generation_prompt,
                    bos_token => self.beginning_of_sequence.as_str(),
                    eos_token => self.end_of_sequence.as_str(),
                    quern_generation_begins => begin,
                    quern_generation_ends => end,
                })
            })
            .map_err(fail)
    }

    /// Whether the template says itself what the assistant generates, in `{% generation %}` and `{% endgeneration %}`.
    pub fn has_generation_marks(&self) -> bool {
        self.has_generation_marks
    }

    /// The template's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it comes from.
    pub fn origin(&self) -> TemplateOrigin {
        self.origin
    }
}

fn as_value(message: &ChatMessage) -> Value {
    context! { role => message.role.as_str(), content => message.content.as_str() }
}

/// Marks the message of `raise_exception` inside minijinja's error.
const REFUSAL: &str = "refused: ";

fn describe(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// Python's `json.dumps`: a space after colons and commas, nothing escaped beyond JSON's own rules.
fn to_json(value: Value, options: Kwargs) -> Result<String, minijinja::Error> {
    let indent: Option<usize> = options.get("indent")?;
    let fail = |error: serde_json::Error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string());
    match indent {
        None => {
            let mut bytes = Vec::new();
            let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PythonSpacing);
            Serialize::serialize(&value, &mut serializer).map_err(fail)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        Some(width) => {
            let mut bytes = Vec::new();
            let spaces = " ".repeat(width);
            let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
            Serialize::serialize(&value, &mut serializer).map_err(fail)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}

struct PythonSpacing;

impl serde_json::ser::Formatter for PythonSpacing {
    fn begin_array_value<W: std::io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: std::io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: std::io::Write + ?Sized>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// `strftime` for the directives that templates use, of a date `YYYY-MM-DD`.
fn format_date(date: &str, format: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let mut parts = date.split('-');
    let (year, month, day) =
        (parts.next().unwrap_or("1970"), parts.next().unwrap_or("01"), parts.next().unwrap_or("01"));
    let name = month.parse().ok().and_then(|month: usize| MONTHS.get(month.wrapping_sub(1))).copied().unwrap_or(month);
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('Y') => text.push_str(year),
            Some('m') => text.push_str(month),
            Some('d') => text.push_str(day),
            Some('B') => text.push_str(name),
            Some('b') => text.push_str(name.get(..3).unwrap_or(name)),
            Some('%') => text.push('%'),
            Some(other) => text.extend(['%', other]),
            None => text.push('%'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(turns: &[(&str, &str)]) -> Vec<ChatMessage> {
        turns
            .iter()
            .map(|&(role, content)| ChatMessage { role: role.to_owned(), content: content.to_owned() })
            .collect()
    }

    #[track_caller]
    fn check(source: &str, turns: &[(&str, &str)], expected: &str) {
        let template = ChatTemplate::new(source, TemplateOrigin::Model, "<s>", "</s>").unwrap();
        assert_eq!(template.render(&messages(turns), RenderOptions::default()).unwrap(), expected);
    }

    const SMOLLM2: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    #[test]
    fn smollm2_adds_its_system_message() {
        check(
            SMOLLM2,
            &[("user", "What is the capital of France?")],
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n",
        );
        check(
            SMOLLM2,
            &[("system", "S"), ("user", "U")],
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n",
        );
    }

    #[test]
    fn python_habits_work() {
        check(
            "{{ bos_token }}{%- set ns = namespace(found=false) %}\n{%- for m in messages %}\n    {%- if m.role == 'user' and not ns.found %}{% set ns.found = true %}[{{ m.content.strip().split(' ')[-1].upper() }}]{% endif %}\n{%- endfor %}{{ eos_token }}",
            &[("user", " hello world "), ("user", "x")],
            "<s>[WORLD]</s>",
        );
        check("{{ 'x' | int }} {{ '7' | int }} {{ 'x' | float }}", &[("user", "x")], "0 7 0.0");
        check("{{ tools is none }} {{ messages[0].name is defined }}", &[("user", "x")], "True False");
        check("{{ {'a': [1, 'é']} | tojson }}", &[("user", "x")], "{\"a\": [1, \"é\"]}");
        check("{{ strftime_now('%d %b %Y') }}", &[("user", "x")], "01 Jan 2026");
        check(
            "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}",
            &[("assistant", "x")],
            "x",
        );
        check(
            "{% for m in messages %}{% if loop.index0 == 1 %}{% break %}{% endif %}{{ m.content }}{% endfor %}",
            &[("user", "a"), ("user", "b")],
            "a",
        );
    }

    #[test]
    fn families_without_a_template_get_the_usual_one() {
        let gemma = ChatTemplate::family_default("gemma3", "<bos>", "<eos>").unwrap();
        assert_eq!(
            gemma
                .render(&messages(&[("system", "S"), ("user", "U"), ("assistant", "A")]), RenderOptions::default())
                .unwrap(),
            "<bos><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n<start_of_turn>model\n"
        );
        let llama = ChatTemplate::family_default("llama", "", "").unwrap();
        assert_eq!(llama.origin(), TemplateOrigin::FamilyDefault);
        assert!(
            llama
                .render(&messages(&[("user", "U")]), RenderOptions::default())
                .unwrap()
                .starts_with("<|im_start|>user\nU")
        );
    }

    #[test]
    fn errors_say_where_and_why() {
        let broken = ChatTemplate::new("a\n{% if %}", TemplateOrigin::Model, "", "").unwrap_err();
        assert!(broken.to_string().contains("at line 2"), "{broken}");
        let template =
            ChatTemplate::new("{{ raise_exception('roles must alternate') }}", TemplateOrigin::Model, "", "").unwrap();
        assert_eq!(
            template.render(&messages(&[("user", "x")]), RenderOptions::default()).unwrap_err(),
            TemplateError::Refused("roles must alternate".to_owned())
        );
        let endless = ChatTemplate::new(
            "{% for i in range(99999999) %}{% for j in range(99999999) %}x{% endfor %}{% endfor %}",
            TemplateOrigin::Model,
            "",
            "",
        )
        .unwrap();
        assert!(matches!(
            endless.render(&messages(&[("user", "x")]), RenderOptions::default()),
            Err(TemplateError::Render { .. })
        ));
    }
}
