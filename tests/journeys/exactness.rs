//! Teacher forcing in the browser against the float32 reference, as `engine/tests/golden_tokens.rs` does natively.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::json;
use tests::environment::{GEMMA3, SMOLLM2, checkout, model_file};
use tests::pages::AppPage;
use tests::stage::{Stage, Start, journey};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    prompt_ids: Vec<u32>,
    new_ids: Vec<u32>,
    top5_ids: Vec<[u32; 5]>,
    top5_logits: Vec<[f32; 5]>,
}

#[derive(Deserialize)]
struct Scores {
    device_name: String,
    positions: Vec<Position>,
}

#[derive(Deserialize)]
struct Position {
    argmax: u32,
}

/// The reference is sure where its best logit leads by more than this.
const SURE_MARGIN: f32 = 1.0;

/// Where activations stay in float; both backends' do.
const LEAST_AGREEMENT: f64 = 0.99;

/// Where Chromium's GPU is a software one, all cases take too long for every day: the first of eight, `capital`.
/// `QUERN_ALL_CASES=1` runs all.
fn cases_on_gpu() -> usize {
    if std::env::var("QUERN_ALL_CASES").is_ok_and(|value| value == "1") { usize::MAX } else { 1 }
}

#[tokio::test]
async fn smollm2_on_the_cpu() {
    journey("exactness_smollm2_cpu", Start::WithModel(SMOLLM2), async |stage: &mut Stage| {
        check(stage, SMOLLM2, "greedy-smollm2.json", "cpu", usize::MAX).await
    })
    .await;
}

#[tokio::test]
async fn gemma3_on_the_cpu() {
    if is_skipped(GEMMA3) {
        return;
    }
    journey("exactness_gemma3_cpu", Start::WithModel(GEMMA3), async |stage: &mut Stage| {
        check(stage, GEMMA3, "greedy-gemma3.json", "cpu", usize::MAX).await
    })
    .await;
}

#[tokio::test]
async fn smollm2_on_the_gpu() {
    journey("exactness_smollm2_gpu", Start::WithModel(SMOLLM2), async |stage: &mut Stage| {
        check(stage, SMOLLM2, "greedy-smollm2.json", "gpu", cases_on_gpu()).await
    })
    .await;
}

#[tokio::test]
async fn gemma3_on_the_gpu() {
    if is_skipped(GEMMA3) {
        return;
    }
    journey("exactness_gemma3_gpu", Start::WithModel(GEMMA3), async |stage: &mut Stage| {
        check(stage, GEMMA3, "greedy-gemma3.json", "gpu", cases_on_gpu()).await
    })
    .await;
}

fn is_skipped(model: &str) -> bool {
    let is_missing = model_file(model).is_ok_and(|file| file.is_none());
    if is_missing {
        println!("skipped: {model} was not fetched, because nobody accepted its terms");
    }
    is_missing
}

async fn check(stage: &mut Stage, model: &str, reference: &str, backend: &str, most_cases: usize) -> Result<()> {
    let file = checkout()?.join("engine/tests/golden").join(reference);
    let golden: Golden = serde_json::from_slice(&std::fs::read(&file)?).context("reading the reference")?;
    AppPage::open(&stage.browser, &format!("{}/?bench", stage.companion.url())).await?;
    let (mut positions, mut agreed) = (0_u32, 0_u32);
    let mut device_name = String::new();
    for case in golden.cases.iter().take(most_cases) {
        let ids: Vec<u32> = case.prompt_ids.iter().chain(&case.new_ids).copied().collect();
        let options = json!({"model": model, "ids": ids, "backend": backend}).to_string();
        let body = "return JSON.parse(await window.quern_score(arguments[0]))";
        let scores: Scores = stage.browser.run_async(body, vec![json!(options)]).await?;
        ensure!(scores.positions.len() == ids.len(), "{} positions of {}", scores.positions.len(), ids.len());
        // The last token of the prompt is followed by the first new one.
        let new = &scores.positions[case.prompt_ids.len() - 1..][..case.new_ids.len()];
        for (step, position) in new.iter().enumerate() {
            let (expected, [best, second, ..]) = (case.top5_ids[step][0], case.top5_logits[step]);
            positions += 1;
            agreed += u32::from(position.argmax == expected);
            ensure!(
                position.argmax == expected || best - second <= SURE_MARGIN,
                "{} step {step}: token {} instead of {expected}, which leads by {}",
                case.name,
                position.argmax,
                best - second
            );
        }
        device_name = scores.device_name;
    }
    let agreement = f64::from(agreed) / f64::from(positions);
    println!("{model} on {backend} ({device_name}): {agreed} of {positions} agree");
    ensure!(agreement >= LEAST_AGREEMENT, "only {agreement} of the positions agree");
    Ok(())
}
