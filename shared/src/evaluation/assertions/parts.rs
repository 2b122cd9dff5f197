//! Assertions as promptfoo's configuration writes them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::contains_any::Texts;
use super::{Assertion, BleuVariant, RougeVariant, json_schema};
use crate::catalog::Money;
use crate::evaluation::WeightedAssertion;

/// Every type, without `not-`.
pub const KNOWN_TYPES: [&str; 23] = [
    "answer-relevance",
    "bleu",
    "contains",
    "contains-all",
    "contains-any",
    "contains-json",
    "cost",
    "equals",
    "factuality",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-json",
    "latency",
    "levenshtein",
    "llm-rubric",
    "perplexity",
    "regex",
    "rouge-l",
    "rouge-n",
    "select-best",
    "similar",
    "starts-with",
];

/// Types of promptfoo that run code or call an address.
const CODE_TYPES: [&str; 4] = ["javascript", "python", "ruby", "webhook"];

/// An assertion's fields in promptfoo's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssertionParts {
    /// The type, such as `contains`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// From where, or up to where, it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// What promptfoo has no field for: `n` of rouge-n, `currency` of cost, and `implementation` of rouge-n
    /// (`rouge-score`) and bleu (`sacrebleu`) for the scores of those programs. promptfoo ignores these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
}

/// Fields that make no assertion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAssertion {
    /// The type can't be judged here.
    #[error("there is no assertion type {type_name:?}{reason}. Known ones are {known}", known = KNOWN_TYPES.join(", "))]
    UnknownType {
        /// The type.
        type_name: String,
        /// Why not, if that is known.
        reason: String,
    },
    /// `not-` before a type that has no opposite.
    #[error("{0} can't be negated; leave out its \"not-\"")]
    NotNegatable(String),
    /// A field is missing or of the wrong kind.
    #[error("{type_name} needs {expected}, but {field} is {found}")]
    Field {
        /// The assertion's type.
        type_name: String,
        /// The field's name.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The JSON Schema is none.
    #[error("{type_name}: {message}")]
    Schema {
        /// The assertion's type.
        type_name: String,
        /// What is wrong.
        message: String,
    },
}

impl WeightedAssertion {
    /// Reads an assertion whose type may begin with `not-`. Without a weight it counts as 1.
    ///
    /// # Errors
    /// The fields make no assertion.
    pub fn parse(
        parts: &AssertionParts,
        weight: Option<f64>,
        metric: Option<String>,
    ) -> Result<Self, InvalidAssertion> {
        let (type_name, is_negated) = match parts.type_name.strip_prefix("not-") {
            Some(type_name) => (type_name.to_owned(), true),
            None => (parts.type_name.clone(), false),
        };
        let assertion = Assertion::parse(&AssertionParts { type_name, ..parts.clone() })?;
        // promptfoo doesn't know `not-select-best`, and judges the other two as if `not-` weren't there.
        let has_no_opposite = matches!(
            assertion,
            Assertion::SelectBest { .. }
                | Assertion::Factuality { .. }
                | Assertion::AnswerRelevance { .. }
                | Assertion::Perplexity { most: None }
        );
        if is_negated && has_no_opposite {
            return Err(InvalidAssertion::NotNegatable(assertion.type_name().to_owned()));
        }
        Ok(Self { assertion, is_negated, weight: weight.unwrap_or(1.0), metric })
    }

    /// Its type, with `not-` where it is negated.
    pub fn type_name(&self) -> String {
        format!("{}{}", if self.is_negated { "not-" } else { "" }, self.assertion.type_name())
    }

    /// The fields to write, weight and metric aside.
    pub fn to_parts(&self) -> AssertionParts {
        AssertionParts { type_name: self.type_name(), ..self.assertion.to_parts() }
    }
}

impl Assertion {
    /// Reads an assertion; its type has no `not-`.
    ///
    /// # Errors
    /// The fields make no assertion.
    pub fn parse(parts: &AssertionParts) -> Result<Self, InvalidAssertion> {
        let fields = Fields(parts);
        Ok(match parts.type_name.as_str() {
            "equals" => Self::Equals { value: fields.value("a value to compare with")?.clone() },
            "contains" => Self::Contains { text: fields.text()?, ignores_case: false },
            "icontains" => Self::Contains { text: fields.text()?, ignores_case: true },
            "contains-any" => Self::ContainsAny { texts: fields.texts()?, ignores_case: false },
            "icontains-any" => Self::ContainsAny { texts: fields.texts()?, ignores_case: true },
            "contains-all" => Self::ContainsAll { texts: fields.texts()?, ignores_case: false },
            "icontains-all" => Self::ContainsAll { texts: fields.texts()?, ignores_case: true },
            "starts-with" => Self::StartsWith { text: fields.text()? },
            "regex" => Self::Regex { pattern: fields.text()? },
            "is-json" => Self::IsJson { schema: fields.schema()? },
            "contains-json" => Self::ContainsJson { schema: fields.schema()? },
            "levenshtein" => Self::Levenshtein { text: fields.text()?, most_edits: parts.threshold.unwrap_or(5.0) },
            "similar" | "similar:cosine" => {
                Self::Similar { texts: fields.one_or_more()?, least: parts.threshold.unwrap_or(0.75) }
            }
            "rouge-n" => Self::RougeN {
                text: fields.text()?,
                run_words: fields.run_words()?,
                least: parts.threshold.unwrap_or(0.75),
                variant: match fields.implementation("rouge-score")? {
                    Implementation::Promptfoo => RougeVariant::Promptfoo,
                    Implementation::Reference => RougeVariant::RougeScore,
                },
            },
            "rouge-l" => Self::RougeL { text: fields.text()?, least: parts.threshold.unwrap_or(0.75) },
            "bleu" => Self::Bleu {
                references: fields.one_or_more()?,
                least: parts.threshold.unwrap_or(0.5),
                variant: match fields.implementation("sacrebleu")? {
                    Implementation::Promptfoo => BleuVariant::Promptfoo,
                    Implementation::Reference => BleuVariant::Sacrebleu,
                },
            },
            "perplexity" => Self::Perplexity { most: parts.threshold },
            "latency" => Self::Latency { most_milliseconds: fields.threshold("a threshold in milliseconds")? },
            "cost" => Self::Cost {
                most: Money {
                    amount: fields.threshold("a threshold, the highest cost of an answer")?,
                    currency: fields.currency()?,
                },
            },
            "llm-rubric" => Self::LlmRubric { rubric: fields.rubric()?, least: parts.threshold },
            "select-best" => Self::SelectBest { criterion: fields.text()? },
            "factuality" | "model-graded-factuality" => Self::Factuality { reference: fields.text()? },
            "answer-relevance" => Self::AnswerRelevance { least: parts.threshold.unwrap_or(0.0) },
            other => return Err(unknown(other)),
        })
    }

    /// Its type in promptfoo's configuration, without `not-`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Equals { .. } => "equals",
            Self::Contains { ignores_case: false, .. } => "contains",
            Self::Contains { ignores_case: true, .. } => "icontains",
            Self::ContainsAny { ignores_case: false, .. } => "contains-any",
            Self::ContainsAny { ignores_case: true, .. } => "icontains-any",
            Self::ContainsAll { ignores_case: false, .. } => "contains-all",
            Self::ContainsAll { ignores_case: true, .. } => "icontains-all",
            Self::StartsWith { .. } => "starts-with",
            Self::Regex { .. } => "regex",
            Self::IsJson { .. } => "is-json",
            Self::ContainsJson { .. } => "contains-json",
            Self::Levenshtein { .. } => "levenshtein",
            Self::Similar { .. } => "similar",
            Self::RougeN { .. } => "rouge-n",
            Self::RougeL { .. } => "rouge-l",
            Self::Bleu { .. } => "bleu",
            Self::Perplexity { .. } => "perplexity",
            Self::Latency { .. } => "latency",
            Self::Cost { .. } => "cost",
            Self::LlmRubric { .. } => "llm-rubric",
            Self::SelectBest { .. } => "select-best",
            Self::Factuality { .. } => "factuality",
            Self::AnswerRelevance { .. } => "answer-relevance",
        }
    }

    /// The fields to write. What reads as the default is written out all the same.
    pub fn to_parts(&self) -> AssertionParts {
        let text = |text: &String| Some(json!(text));
        let (value, threshold, config) = match self {
            Self::Equals { value } => (Some(value.clone()), None, None),
            Self::Contains { text: value, .. }
            | Self::StartsWith { text: value }
            | Self::Regex { pattern: value }
            | Self::SelectBest { criterion: value }
            | Self::Factuality { reference: value } => (text(value), None, None),
            Self::ContainsAny { texts: Texts::CommaSeparated(value), .. }
            | Self::ContainsAll { texts: Texts::CommaSeparated(value), .. } => (text(value), None, None),
            Self::ContainsAny { texts: Texts::List(texts), .. }
            | Self::ContainsAll { texts: Texts::List(texts), .. } => (Some(json!(texts)), None, None),
            Self::IsJson { schema } | Self::ContainsJson { schema } => (schema.clone(), None, None),
            Self::Levenshtein { text: value, most_edits } => (text(value), Some(*most_edits), None),
            Self::Similar { texts, least } => (Some(one_or_list(texts)), Some(*least), None),
            Self::RougeN { text: value, run_words, least, variant } => {
                let mut config = Map::new();
                if *run_words != 1 {
                    config.insert("n".to_owned(), json!(run_words));
                }
                if *variant == RougeVariant::RougeScore {
                    config.insert("implementation".to_owned(), json!("rouge-score"));
                }
                (text(value), Some(*least), Some(config))
            }
            Self::RougeL { text: value, least } => (text(value), Some(*least), None),
            Self::Bleu { references, least, variant } => {
                let mut config = Map::new();
                if *variant == BleuVariant::Sacrebleu {
                    config.insert("implementation".to_owned(), json!("sacrebleu"));
                }
                (Some(one_or_list(references)), Some(*least), Some(config))
            }
            Self::Perplexity { most } => (None, *most, None),
            Self::Latency { most_milliseconds } => (None, Some(*most_milliseconds), None),
            Self::Cost { most } => {
                let mut config = Map::new();
                if most.currency != USUAL_CURRENCY {
                    config.insert("currency".to_owned(), json!(most.currency));
                }
                (None, Some(most.amount), Some(config))
            }
            Self::LlmRubric { rubric, least } => (text(rubric), *least, None),
            Self::AnswerRelevance { least } => (None, Some(*least), None),
        };
        let config = config.filter(|config| !config.is_empty());
        AssertionParts { type_name: self.type_name().to_owned(), value, threshold, config }
    }
}

impl TryFrom<AssertionParts> for Assertion {
    type Error = InvalidAssertion;

    fn try_from(parts: AssertionParts) -> Result<Self, InvalidAssertion> {
        Self::parse(&parts)
    }
}

impl From<Assertion> for AssertionParts {
    fn from(assertion: Assertion) -> Self {
        assertion.to_parts()
    }
}

/// What promptfoo's costs are in.
const USUAL_CURRENCY: &str = "USD";

fn one_or_list(texts: &[String]) -> Value {
    match texts {
        [one] => json!(one),
        several => json!(several),
    }
}

fn unknown(type_name: &str) -> InvalidAssertion {
    let reason = if CODE_TYPES.contains(&type_name) {
        " here: it runs code or calls an address, which evaluations don't do".to_owned()
    } else if type_name == "rouge-s" || type_name.starts_with("similar:") {
        " here, only others of its family".to_owned()
    } else {
        String::new()
    };
    InvalidAssertion::UnknownType { type_name: type_name.to_owned(), reason }
}

/// Whose way of counting was asked for.
enum Implementation {
    Promptfoo,
    Reference,
}

/// Reads fields, and says which one is wrong.
struct Fields<'a>(&'a AssertionParts);

impl Fields<'_> {
    fn wrong(&self, field: &'static str, expected: &'static str, found: Option<&Value>) -> InvalidAssertion {
        let found = found.map_or_else(|| "missing".to_owned(), Value::to_string);
        InvalidAssertion::Field { type_name: self.0.type_name.clone(), field, expected, found }
    }

    fn value(&self, expected: &'static str) -> Result<&Value, InvalidAssertion> {
        self.0.value.as_ref().ok_or_else(|| self.wrong("value", expected, None))
    }

    fn text(&self) -> Result<String, InvalidAssertion> {
        const EXPECTED: &str = "a text";
        let value = self.value(EXPECTED)?;
        as_text(value).ok_or_else(|| self.wrong("value", EXPECTED, Some(value)))
    }

    fn texts(&self) -> Result<Texts, InvalidAssertion> {
        const EXPECTED: &str = "a list of texts, or a text with commas between them";
        match self.value(EXPECTED)? {
            Value::String(text) if !text.is_empty() => Ok(Texts::CommaSeparated(text.clone())),
            value => as_texts(value).map(Texts::List).ok_or_else(|| self.wrong("value", EXPECTED, Some(value))),
        }
    }

    fn one_or_more(&self) -> Result<Vec<String>, InvalidAssertion> {
        const EXPECTED: &str = "a text or a list of texts";
        let value = self.value(EXPECTED)?;
        let texts = as_text(value).map(|text| vec![text]).or_else(|| as_texts(value));
        texts.filter(|texts| !texts.is_empty()).ok_or_else(|| self.wrong("value", EXPECTED, Some(value)))
    }

    fn schema(&self) -> Result<Option<Value>, InvalidAssertion> {
        match &self.0.value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(json!(text))),
            Some(value @ Value::Object(_)) => match json_schema::compile_value(value) {
                Ok(_) => Ok(Some(value.clone())),
                Err(message) => Err(InvalidAssertion::Schema { type_name: self.0.type_name.clone(), message }),
            },
            Some(other) => Err(self.wrong("value", "a JSON Schema, or no value", Some(other))),
        }
    }

    /// The criterion; what isn't a text is written as JSON.
    fn rubric(&self) -> Result<String, InvalidAssertion> {
        let value = self.value("a criterion in words")?;
        Ok(as_text(value).unwrap_or_else(|| value.to_string()))
    }

    fn threshold(&self, expected: &'static str) -> Result<f64, InvalidAssertion> {
        self.0.threshold.ok_or_else(|| self.wrong("threshold", expected, None))
    }

    fn config(&self, key: &str) -> Option<&Value> {
        self.0.config.as_ref().and_then(|config| config.get(key))
    }

    fn run_words(&self) -> Result<u32, InvalidAssertion> {
        let Some(value) = self.config("n") else { return Ok(1) };
        let words = value.as_u64().and_then(|words| u32::try_from(words).ok()).filter(|words| (1..=9).contains(words));
        words.ok_or_else(|| self.wrong("config.n", "1 to 9 words in a run", Some(value)))
    }

    fn implementation(&self, reference: &str) -> Result<Implementation, InvalidAssertion> {
        match self.config("implementation") {
            None => Ok(Implementation::Promptfoo),
            Some(Value::String(name)) if name == "promptfoo" => Ok(Implementation::Promptfoo),
            Some(Value::String(name)) if name == reference => Ok(Implementation::Reference),
            Some(other) => Err(self.wrong(
                "config.implementation",
                "promptfoo, or rouge-score for rouge-n and sacrebleu for bleu",
                Some(other),
            )),
        }
    }

    fn currency(&self) -> Result<String, InvalidAssertion> {
        match self.config("currency") {
            None => Ok(USUAL_CURRENCY.to_owned()),
            Some(Value::String(code)) if code.len() == 3 => Ok(code.clone()),
            Some(other) => Err(self.wrong("config.currency", "a currency by ISO 4217, such as USD", Some(other))),
        }
    }
}

/// A text, or a number or truth value written as one.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn as_texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(as_text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(parts: Value) -> Result<WeightedAssertion, InvalidAssertion> {
        WeightedAssertion::parse(&serde_json::from_value(parts).unwrap(), None, None)
    }

    #[test]
    fn every_type_is_read_as_it_is_written() {
        for type_name in KNOWN_TYPES {
            let parts = json!({"type": type_name, "value": "a, {{ b }}", "threshold": 0.25});
            let assertion = parse(parts).unwrap();
            assert_eq!(assertion.type_name(), type_name);
            let again = WeightedAssertion::parse(&assertion.to_parts(), None, None).unwrap();
            assert_eq!(again, assertion);
            let wire = serde_json::to_value(&assertion).unwrap();
            assert_eq!(serde_json::from_value::<WeightedAssertion>(wire).unwrap(), assertion);
        }
        for parts in [
            json!({"type": "not-contains-all", "value": ["a", 3]}),
            json!({"type": "rouge-n", "value": "a", "config": {"n": 2, "implementation": "rouge-score"}}),
            json!({"type": "bleu", "value": ["a", "b"], "config": {"implementation": "sacrebleu"}}),
            json!({"type": "cost", "threshold": 0.1, "config": {"currency": "EUR"}}),
            json!({"type": "is-json", "value": {"type": "object"}}),
            json!({"type": "equals", "value": {"a": 1}}),
        ] {
            let assertion = parse(parts).unwrap();
            assert_eq!(WeightedAssertion::parse(&assertion.to_parts(), None, None).unwrap(), assertion);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |parts| parse(parts).unwrap_err().to_string();
        let unknown = message(json!({"type": "javascript", "value": "output.length"}));
        assert!(unknown.starts_with("there is no assertion type \"javascript\" here: it runs code"), "{unknown}");
        assert!(unknown.ends_with("similar, starts-with"), "{unknown}");
        assert!(message(json!({"type": "contians"})).starts_with("there is no assertion type \"contians\". Known"));
        assert_eq!(
            message(json!({"type": "contains", "value": {"a": 1}})),
            "contains needs a text, but value is {\"a\":1}"
        );
        assert_eq!(
            message(json!({"type": "not-latency"})),
            "latency needs a threshold in milliseconds, but threshold is missing"
        );
        assert_eq!(
            message(json!({"type": "not-factuality", "value": "x"})),
            "factuality can't be negated; leave out its \"not-\""
        );
        assert!(
            message(json!({"type": "is-json", "value": {"type": 3}})).starts_with("is-json: the JSON Schema is not")
        );
    }
}
