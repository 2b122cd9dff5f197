//! From what is expected of a case to the verdict on an answer, combined as promptfoo does.

use std::collections::BTreeMap;

use futures::future::LocalBoxFuture;

use super::assertions::{Assertion, Graders, JudgeError, Observation, choose_best, render};
use super::{Answer, Case, Check, Verdict, WeightedAssertion};

/// Judges an answer by its case's checks, except `select-best`, which [`compare`] judges.
///
/// The score is the mean of the checks' scores by their weights. With a threshold it decides; without one, every check
/// must pass. A check of weight 0 is in the parts and decides nothing. One that can't be judged counts as failed.
pub async fn judge(case: &Case, answer: &Answer, graders: &Graders) -> Verdict {
    let sum = add_up(&case.checks, case, answer, graders).await;
    if sum.parts.is_empty() {
        return Verdict::new(true, 1.0, "nothing is expected of this answer");
    }
    sum.verdict(case.threshold).0
}

/// Judges all answers of one case against each other, where the case asks for the best (`select-best`); `verdicts` are
/// those of [`judge`] on the same answers. Answers that aren't the best fail.
pub async fn compare(case: &Case, answers: &[&Answer], mut verdicts: Vec<Verdict>, graders: &Graders) -> Vec<Verdict> {
    let Some(criterion) = case.checks.iter().find_map(|check| match check {
        Check::One(WeightedAssertion { assertion: Assertion::SelectBest { criterion }, .. }) => Some(criterion),
        _ => None,
    }) else {
        return verdicts;
    };
    let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    let choice = match render(criterion, case) {
        Ok(criterion) => choose_best(&criterion, &texts, graders).await,
        Err(error) => Err(error),
    };
    for (index, verdict) in verdicts.iter_mut().enumerate() {
        let part = match &choice {
            Ok((best, reason)) if *best == index => Verdict::new(true, 1.0, format!("the best answer: {reason}")),
            Ok((best, reason)) => Verdict::new(false, 0.0, format!("answer {} is better: {reason}", best + 1)),
            Err(error) => Verdict::error(error.to_string()),
        };
        if !part.is_passed {
            verdict.is_passed = false;
            verdict.is_error |= part.is_error;
            verdict.score = part.score;
            verdict.reason.clone_from(&part.reason);
        }
        verdict.parts.push(("select-best".to_owned(), part));
    }
    verdicts
}

/// Most calls that judging one answer of `case` makes to the grading model and to the embedding model. The one call
/// that compares all answers is counted too.
pub fn most_model_calls(case: &Case) -> (u32, u32) {
    fn of_all(checks: &[Check]) -> (u32, u32) {
        let calls = checks.iter().map(|check| match check {
            Check::One(check) => check.assertion.most_model_calls(),
            Check::Set(set) => of_all(&set.checks),
        });
        calls.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1))
    }
    of_all(&case.checks)
}

/// Weighted scores that share a metric's name.
#[derive(Clone, Copy, Debug, Default)]
struct NamedScore {
    weighted_score: f64,
    weight: f64,
}

/// What checks add up to.
#[derive(Default)]
struct Sum {
    weighted_score: f64,
    weight: f64,
    /// The reason of the last check that failed.
    failure: Option<String>,
    has_error: bool,
    parts: Vec<(String, Verdict)>,
    named: BTreeMap<String, NamedScore>,
}

/// Judges checks one after the other; boxed, because sets may hold sets.
fn add_up<'a>(
    checks: &'a [Check],
    case: &'a Case,
    answer: &'a Answer,
    graders: &'a Graders,
) -> LocalBoxFuture<'a, Sum> {
    Box::pin(async move {
        let mut sum = Sum::default();
        for check in checks {
            match check {
                Check::One(WeightedAssertion { assertion: Assertion::SelectBest { .. }, .. }) => {}
                Check::One(check) => {
                    let verdict = as_verdict(check.assertion.observe(case, answer, graders).await, check.is_negated);
                    let metric = metric_name(check.metric.as_deref(), case);
                    sum.add(&check.type_name(), verdict, check.weight, metric, BTreeMap::new());
                }
                Check::Set(set) => {
                    let (verdict, named) = add_up(&set.checks, case, answer, graders).await.verdict(set.threshold);
                    sum.add("assert-set", verdict, set.weight, metric_name(set.metric.as_deref(), case), named);
                }
            }
        }
        sum
    })
}

impl Sum {
    fn add(
        &mut self,
        name: &str,
        verdict: Verdict,
        weight: f64,
        metric: Option<String>,
        inner: BTreeMap<String, NamedScore>,
    ) {
        self.weighted_score += verdict.score * weight;
        self.weight += weight;
        if weight != 0.0 && !verdict.is_passed {
            self.failure = Some(verdict.reason.clone());
            self.has_error |= verdict.is_error;
        }
        for (name, score) in inner.into_iter().filter(|(name, _)| Some(name) != metric.as_ref()) {
            let sum = self.named.entry(name).or_default();
            sum.weighted_score += score.weighted_score * weight;
            sum.weight += score.weight * weight;
        }
        if let Some(metric) = metric {
            let sum = self.named.entry(metric).or_default();
            sum.weighted_score += verdict.score * weight;
            sum.weight += weight;
        }
        self.parts.push((name.to_owned(), verdict));
    }

    fn verdict(self, threshold: Option<f64>) -> (Verdict, BTreeMap<String, NamedScore>) {
        let score = if self.weight > 0.0 { self.weighted_score / self.weight } else { 0.0 };
        let (is_passed, reason) = match threshold {
            Some(threshold) if score >= threshold => (true, format!("the score is {score:.2}, at least {threshold}")),
            Some(threshold) => {
                let why = self.failure.map(|failure| format!("; {failure}")).unwrap_or_default();
                (false, format!("the score is {score:.2}, below {threshold}{why}"))
            }
            None => match self.failure {
                Some(failure) => (false, failure),
                None => (true, "all checks passed".to_owned()),
            },
        };
        let mean = |named: &NamedScore| if named.weight > 0.0 { named.weighted_score / named.weight } else { 0.0 };
        let verdict = Verdict {
            is_passed,
            is_error: !is_passed && self.has_error,
            score,
            reason,
            parts: self.parts,
            named_scores: self.named.iter().map(|(name, named)| (name.clone(), mean(named))).collect(),
        };
        (verdict, self.named)
    }
}

fn as_verdict(observation: Result<Observation, JudgeError>, is_negated: bool) -> Verdict {
    match observation {
        Ok(Observation { holds, score, reason }) if is_negated => Verdict::new(!holds, 1.0 - score, reason),
        Ok(Observation { holds, score, reason }) => Verdict::new(holds, score, reason),
        Err(error) => Verdict::error(error.to_string()),
    }
}

/// A metric's name may be a template too; one that fails is its own name.
fn metric_name(template: Option<&str>, case: &Case) -> Option<String> {
    template.map(|template| render(template, case).unwrap_or_else(|_| template.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use futures::stream;
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::AssertionSet;
    use crate::evaluation::assertions::AssertionParts;
    use crate::model_call::{
        ChatMessage, EmbeddingFuture, Embeddings, FinishReason, GenerationEvent, GenerationRequest, GenerationStream,
        GenerationUsage, ModelCall, Prompt,
    };

    /// Says its lines in order; the embedding of a text is how often `a` and `b` are in it.
    #[derive(Default)]
    struct Script {
        lines: RefCell<Vec<&'static str>>,
        asked: RefCell<Vec<GenerationRequest>>,
    }

    impl ModelCall for Script {
        fn generate(&self, request: GenerationRequest) -> GenerationStream {
            self.asked.borrow_mut().push(request);
            let line = self.lines.borrow_mut().remove(0);
            let events = [
                GenerationEvent::Text { text: line.to_owned(), ids: vec![] },
                GenerationEvent::Finished { reason: FinishReason::Stop, usage: GenerationUsage::default() },
            ];
            Box::pin(stream::iter(events.map(Ok)))
        }

        fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
            let count = |text: &String, letter: &str| text.matches(letter).count() as f32;
            let vectors = texts.iter().map(|text| vec![count(text, "a"), count(text, "b")]).collect();
            Box::pin(std::future::ready(Ok(Embeddings { vectors, prompt_tokens: 1 })))
        }
    }

    fn graders(lines: &[&'static str]) -> (Graders, Rc<Script>) {
        let script = Rc::new(Script { lines: RefCell::new(lines.to_vec()), ..Script::default() });
        (Graders { grader: Some(script.clone()), embedder: Some(script.clone()) }, script)
    }

    fn answer(text: &str) -> Answer {
        Answer {
            prompt: vec![ChatMessage { role: "user".to_owned(), content: "What is a?".to_owned() }],
            text: text.to_owned(),
            finish_reason: FinishReason::Stop,
            usage: GenerationUsage { prefill_seconds: 0.2, decode_seconds: 0.3, ..GenerationUsage::default() },
            cost: None,
            log_probabilities: Some(vec![-1.0, -1.0]),
        }
    }

    fn check(parts: Value) -> Check {
        let (weight, metric) = (parts["weight"].as_f64(), parts["metric"].as_str().map(str::to_owned));
        let parts: AssertionParts = serde_json::from_value(parts).unwrap();
        Check::One(WeightedAssertion::parse(&parts, weight, metric).unwrap())
    }

    fn case(checks: Vec<Check>, threshold: Option<f64>) -> Case {
        let variables = json!({"name": "Ada"}).as_object().unwrap().clone();
        Case { variables, checks, threshold, ..Case::default() }
    }

    fn judged(case: &Case, text: &str, lines: &[&'static str]) -> Verdict {
        pollster::block_on(judge(case, &answer(text), &graders(lines).0))
    }

    /// What promptfoo 0.121.20 gives for the same assertions.
    #[test]
    fn scores_add_up_by_weight_and_sets_count_as_one() {
        let yes = || check(json!({"type": "icontains", "value": "ADA", "weight": 3, "metric": "naming"}));
        let no = || check(json!({"type": "equals", "value": "{{ name }}", "metric": "naming"}));
        let verdict = judged(&case(vec![yes(), no()], None), "I am Ada", &[]);
        assert_eq!((verdict.is_passed, verdict.score), (false, 0.75));
        assert_eq!(verdict.reason, "the answer is “I am Ada”, not “Ada”");
        assert_eq!(verdict.named_scores["naming"], 0.75);
        assert_eq!(verdict.parts[0].0, "icontains");

        assert!(judged(&case(vec![yes(), no()], Some(0.75)), "I am Ada", &[]).is_passed);
        assert!(!judged(&case(vec![yes(), no()], Some(0.8)), "I am Ada", &[]).is_passed);

        let set = AssertionSet { checks: vec![yes(), no()], threshold: Some(0.5), weight: 2.0, metric: None };
        let silent = check(json!({"type": "contains", "value": "never", "weight": 0}));
        let last = check(json!({"type": "not-contains", "value": "x"}));
        let verdict = judged(&case(vec![Check::Set(set), silent, last], None), "I am Ada", &[]);
        assert!(verdict.is_passed && !verdict.parts[1].1.is_passed);
        assert_eq!(verdict.score, (0.75 * 2.0 + 1.0) / 3.0);
        assert_eq!(verdict.named_scores["naming"], 0.75);
        assert_eq!(judged(&case(vec![], None), "x", &[]).score, 1.0);
    }

    #[test]
    fn a_grader_is_asked_for_json_and_read_strictly() {
        let rubric = case(vec![check(json!({"type": "llm-rubric", "value": "is about {{ name }}"}))], None);
        let (graders, script) = graders(&[r#"{"reason": "It is.", "score": 0.9, "pass": true}"#]);
        let verdict = pollster::block_on(judge(&rubric, &answer("Ada!"), &graders));
        assert_eq!((verdict.is_passed, verdict.score), (true, 0.9));
        let asked = script.asked.borrow();
        assert!(asked[0].constraint.is_some());
        assert!(matches!(&asked[0].prompt, Prompt::Chat(messages)
            if messages[1].content.contains("is about Ada") && messages[1].content.contains("Ada!")));

        let stern = case(vec![check(json!({"type": "llm-rubric", "value": "x", "threshold": 0.95}))], None);
        assert!(!judged(&stern, "", &[r#"{"reason": "", "score": 0.9, "pass": true}"#]).is_passed);
        let not = case(vec![check(json!({"type": "not-llm-rubric", "value": "x"}))], None);
        let verdict = judged(&not, "", &[r#"{"reason": "", "score": 0.25, "pass": false}"#]);
        assert_eq!((verdict.is_passed, verdict.score), (true, 0.75));
        for nonsense in ["", "Sure!", r#"{"score": 1, "pass": true}"#, r#"{"reason": "", "score": 7, "pass": true}"#] {
            for case in [&rubric, &not] {
                let verdict = judged(case, "", &[nonsense]);
                assert!(!verdict.is_passed && verdict.is_error && verdict.score == 0.0, "{nonsense:?}: {verdict:?}");
            }
        }
        let verdict = pollster::block_on(judge(&rubric, &answer(""), &Graders::default()));
        assert!(verdict.is_error && verdict.reason.contains("choose one"), "{verdict:?}");
    }

    #[test]
    fn facts_meanings_and_relevance_are_judged_by_models() {
        let facts = case(vec![check(json!({"type": "factuality", "value": "Paris"}))], None);
        assert!(judged(&facts, "", &[r#"{"reason": "r", "relation": "superset"}"#]).is_passed);
        let verdict = judged(&facts, "", &[r#"{"reason": "r", "relation": "contradiction"}"#]);
        assert!(!verdict.is_passed && !verdict.is_error);
        assert!(judged(&facts, "", &[r#"{"reason": "r", "relation": "dunno"}"#]).is_error);

        let similar =
            |kind: &str| case(vec![check(json!({"type": kind, "value": ["b", "ab"], "threshold": 0.7}))], None);
        let verdict = judged(&similar("similar"), "a", &[]);
        assert!(verdict.is_passed && (verdict.score - 0.5_f64.sqrt()).abs() < 1e-9, "{verdict:?}");
        assert!(!judged(&similar("not-similar"), "a", &[]).is_passed);
        assert!(judged(&similar("similar"), "none", &[]).is_error, "a text without direction");

        let relevance = case(vec![check(json!({"type": "answer-relevance", "threshold": 0.5}))], None);
        let guesses = [r#"{"question": "a"}"#, r#"{"question": "aa"}"#, r#"{"question": "b"}"#];
        let verdict = judged(&relevance, "", &guesses);
        assert!(verdict.is_passed && verdict.score > 0.6, "{verdict:?}");
        assert_eq!(most_model_calls(&relevance), (3, 1));
    }

    #[test]
    fn of_several_answers_the_best_passes() {
        let best = check(json!({"type": "select-best", "value": "greets {{ name }}"}));
        let case = case(vec![best, check(json!({"type": "contains", "value": "H"}))], None);
        let answers = [answer("Ho"), answer("Hi Ada"), answer("what")];
        let compared = |lines: &[&'static str]| {
            let (graders, _) = graders(lines);
            pollster::block_on(async {
                let mut verdicts = Vec::new();
                for answer in &answers {
                    verdicts.push(judge(&case, answer, &graders).await);
                }
                compare(&case, &answers.each_ref(), verdicts, &graders).await
            })
        };
        let verdicts = compared(&[r#"{"reason": "by name", "best": 1}"#]);
        let passed: Vec<bool> = verdicts.iter().map(|verdict| verdict.is_passed).collect();
        assert_eq!(passed, [false, true, false]);
        assert_eq!(verdicts[0].reason, "answer 2 is better: by name");
        assert!(compared(&[r#"{"reason": "", "best": 3}"#]).iter().all(|verdict| verdict.is_error));
    }

    #[test]
    fn measures_of_the_call_have_limits() {
        let one = |parts| case(vec![check(parts)], None);
        assert!(judged(&one(json!({"type": "latency", "threshold": 500})), "", &[]).is_passed);
        let verdict = judged(&one(json!({"type": "latency", "threshold": 499})), "", &[]);
        assert_eq!(verdict.reason, "the time to the last token is 500 ms, above 499 ms");
        assert!(judged(&one(json!({"type": "perplexity", "threshold": 2.72})), "", &[]).is_passed);
        assert!(!judged(&one(json!({"type": "perplexity", "threshold": 2.71})), "", &[]).is_passed);
        let unknown = judged(&one(json!({"type": "cost", "threshold": 1})), "", &[]);
        assert!(unknown.is_error, "an unknown price is not 0");
    }
}
