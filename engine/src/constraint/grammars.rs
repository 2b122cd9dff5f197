//! From a JSON Schema to a grammar over a model's tokens.

use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::{JsonCompileOptions, Matcher, ParserFactory};
use serde_json::{Value, json};
use shared::model_call::{ModelCallError, ModelCallErrorKind, OutputConstraint};
use shared::tokenizer::Tokenizer;

use super::ending::Ending;
use super::token_bytes::token_environment;
use super::{Constraint, failed};
use crate::error::EngineError;

/// A model's tokens, prepared once for all its constrained answers.
pub(crate) struct Grammars {
    factory: ParserFactory,
    ending: Arc<Ending>,
}

impl Grammars {
    /// Prepares the tokens of `tokenizer` for a model whose logits are `[vocabulary_size]`.
    ///
    /// # Errors
    /// The vocabulary has no token that ends an answer.
    pub(crate) fn new(tokenizer: Arc<Tokenizer>, vocabulary_size: usize) -> Result<Self, EngineError> {
        let environment = token_environment(tokenizer, vocabulary_size)
            .ok_or_else(|| failed("the model has no token that ends an answer"))?;
        let mut factory = ParserFactory::new_simple(&environment).map_err(failed)?;
        factory.quiet();
        // Errors are for people; the parser's inner state is not.
        factory.limits_mut().verbose_errors = false;
        Ok(Self { factory, ending: Arc::new(Ending::new(environment.tok_trie())) })
    }

    /// The beginning of an answer that `constraint` describes.
    ///
    /// # Errors
    /// The schema is none, contradicts itself, or asks for what can't be enforced token by token.
    pub(crate) fn begin(&self, constraint: &OutputConstraint) -> Result<Constraint, ModelCallError> {
        let schema = match constraint {
            OutputConstraint::JsonObject => json!({ "type": "object" }),
            OutputConstraint::JsonSchema(Value::Bool(true)) => json!({}),
            OutputConstraint::JsonSchema(schema) => schema.clone(),
        };
        if !schema.is_object() {
            return Err(refused("a JSON Schema is an object such as {\"type\": \"object\"}, or true"));
        }
        let matcher = Matcher::new(self.factory.create_parser(grammar(schema)));
        match matcher.get_error() {
            None => Ok(Constraint { matcher, ending: Arc::clone(&self.ending) }),
            Some(reason) => Err(refused(&reason)),
        }
    }
}

fn grammar(mut schema: Value) -> TopLevelGrammar {
    // Spaces as Python's json.dumps writes them, which models have seen most, and no others: where any number of them
    // is allowed, a small model may write nothing else until its tokens run out. Keys and punctuation are then known
    // beforehand, and the model need not be asked for them.
    let options = JsonCompileOptions {
        item_separator: ", ".to_owned(),
        key_separator: ": ".to_owned(),
        whitespace_flexible: false,
        ..JsonCompileOptions::default()
    };
    options.apply_to(&mut schema);
    TopLevelGrammar::from_json_schema(schema)
}

fn refused(reason: &str) -> ModelCallError {
    let reason = match reason {
        // The parser's advice is for programmers; what it offers would let answers through that two schemas accept.
        reason if reason.contains("oneOf") => "oneOf needs to know that no value fits two of its schemas; use anyOf",
        reason => match reason.split_once("regex parse error") {
            Some((_, details)) => &format!("its pattern: {}", details.lines().last().unwrap_or_default()),
            None => reason,
        },
    };
    ModelCallError {
        kind: ModelCallErrorKind::InvalidRequest,
        message: format!(
            "answers can't be held to this JSON Schema: {reason}. Leave that part out of the schema, and check answers \
             for it afterwards"
        ),
        param: Some("response_format".to_owned()),
    }
}
