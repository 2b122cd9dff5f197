//! Which examples to show a model, out of many.

mod draw;
mod similarity;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::{Example, Variables};
use crate::model_call::{ModelCall, ModelCallError};

pub use draw::{at_random, balanced};
pub use similarity::most_similar;
pub use words::most_words_in_common;

/// How to choose examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ExampleChoice {
    /// These, in this order.
    Hand {
        /// Their places in the pool.
        indices: Vec<usize>,
    },
    /// Those that mean about what is asked, or share words with it where the model makes no embeddings.
    Similarity {
        /// How many.
        count: usize,
        /// From 0, only likeness to the question, to 1, only unlikeness to each other.
        diversity: f64,
    },
    /// Those that share rare words with what is asked.
    Words {
        /// How many.
        count: usize,
    },
    /// About as many of each answer, drawn at random.
    Labels {
        /// How many.
        count: usize,
        /// Same seed, same examples.
        seed: u64,
    },
    /// Any, drawn at random.
    Random {
        /// How many.
        count: usize,
        /// Same seed, same examples.
        seed: u64,
    },
}

impl Default for ExampleChoice {
    /// Three, by likeness: enough to show a form, few enough for a small model.
    fn default() -> Self {
        Self::Similarity { count: 3, diversity: 0.3 }
    }
}

/// The examples that were chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenExamples {
    /// Their places in the pool, in the order to show them: the one most like the question last, next to it.
    pub indices: Vec<usize>,
    /// Meanings were to be compared, but the model makes no embeddings, so words were.
    pub is_by_words_instead: bool,
}

/// Why no examples could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExampleChoiceError {
    /// One that isn't there was chosen by hand.
    #[error("example {number} was chosen, but there are only {count}; choose among those", number = .index + 1)]
    Absent {
        /// Its place, from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The embedding model failed.
    #[error("the examples could not be compared with the question: {0}")]
    Model(#[from] ModelCallError),
}

impl ExampleChoice {
    /// Chooses from `pool` for a question with these values.
    ///
    /// # Errors
    /// A choice by hand that isn't there, or an embedding model that fails.
    pub async fn choose(
        &self,
        pool: &[Example],
        question: &Variables,
        embedder: Option<&dyn ModelCall>,
    ) -> Result<ChosenExamples, ExampleChoiceError> {
        let by_words = |count| {
            let texts: Vec<String> = pool.iter().map(|example| text_of(&example.variables)).collect();
            nearest_last(most_words_in_common(&text_of(question), &texts, count))
        };
        let mut is_by_words_instead = false;
        let indices = match self {
            Self::Hand { indices } => {
                if let Some(&index) = indices.iter().find(|&&index| index >= pool.len()) {
                    return Err(ExampleChoiceError::Absent { index, count: pool.len() });
                }
                indices.clone()
            }
            Self::Similarity { count, diversity } => match embed(pool, question, embedder).await? {
                Some((question, vectors)) => nearest_last(most_similar(&question, &vectors, *count, *diversity)),
                None => {
                    is_by_words_instead = true;
                    by_words(*count)
                }
            },
            Self::Words { count } => by_words(*count),
            Self::Labels { count, seed } => {
                let labels: Vec<&str> = pool.iter().map(|example| example.answer.as_str()).collect();
                balanced(&labels, *count, *seed)
            }
            Self::Random { count, seed } => at_random(pool.len(), *count, *seed),
        };
        Ok(ChosenExamples { indices, is_by_words_instead })
    }
}

fn nearest_last(mut nearest_first: Vec<usize>) -> Vec<usize> {
    nearest_first.reverse();
    nearest_first
}

/// What values say, in their order.
fn text_of(variables: &Variables) -> String {
    let words = variables.values().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join("\n")
}

/// Vectors of the question and of the pool; `None` where there is no model that makes any.
async fn embed(
    pool: &[Example],
    question: &Variables,
    embedder: Option<&dyn ModelCall>,
) -> Result<Option<(Vec<f32>, Vec<Vec<f32>>)>, ModelCallError> {
    let Some(embedder) = embedder else { return Ok(None) };
    let texts: Vec<String> =
        std::iter::once(question).chain(pool.iter().map(|example| &example.variables)).map(text_of).collect();
    let expected = texts.len();
    match embedder.embed(texts).await {
        Ok(embeddings) => {
            let came = embeddings.vectors.len();
            let mut vectors = embeddings.vectors.into_iter();
            match vectors.next() {
                Some(question) if came == expected => Ok(Some((question, vectors.collect()))),
                _ => Err(ModelCallError::unavailable(format!(
                    "the embedding model gave {came} vectors for {expected} texts"
                ))),
            }
        }
        Err(error) if error.param.as_deref() == Some("model") => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_call::{EmbeddingFuture, Embeddings, GenerationRequest, GenerationStream};

    /// Embeds a text by how many `a` and `b` it has.
    struct Letters;

    impl ModelCall for Letters {
        fn generate(&self, _: GenerationRequest) -> GenerationStream {
            unreachable!()
        }

        fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
            let count = |text: &str, letter| text.chars().filter(|&it| it == letter).count() as f32;
            let vectors = texts.iter().map(|text| vec![count(text, 'a'), count(text, 'b')]).collect();
            Box::pin(std::future::ready(Ok(Embeddings { vectors, prompt_tokens: 1 })))
        }
    }

    /// Makes no embeddings.
    struct Mute;

    impl ModelCall for Mute {
        fn generate(&self, _: GenerationRequest) -> GenerationStream {
            unreachable!()
        }
    }

    fn example(text: &str) -> Example {
        Example { variables: question(text), answer: "x".into() }
    }

    fn question(text: &str) -> Variables {
        [("text".to_owned(), text.into())].into_iter().collect()
    }

    #[test]
    fn the_most_alike_is_shown_last_and_words_stand_in_for_meanings() {
        let pool = ["bbbb", "aab", "aaaa", "ab"].map(example);
        let choose = |choice: ExampleChoice, text: &str, model: Option<&dyn ModelCall>| {
            pollster::block_on(choice.choose(&pool, &question(text), model))
        };
        let similar = ExampleChoice::Similarity { count: 2, diversity: 0.0 };
        let chosen = choose(similar.clone(), "aaa", Some(&Letters)).unwrap();
        assert_eq!(chosen, ChosenExamples { indices: vec![1, 2], is_by_words_instead: false });
        let chosen = choose(similar, "is it bbbb or ab, or ab?", Some(&Mute)).unwrap();
        assert!(chosen.is_by_words_instead && chosen.indices.len() == 2 && chosen.indices.contains(&0));
        let absent = choose(ExampleChoice::Hand { indices: vec![0, 4] }, "", None).unwrap_err();
        assert_eq!(absent.to_string(), "example 5 was chosen, but there are only 4; choose among those");
    }
}
