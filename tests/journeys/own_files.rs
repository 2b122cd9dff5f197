//! Files of one's own: a good one is used, a bad one gets a clear sentence, and the tab goes on.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tests::environment::{SMOLLM2, model_file};
use tests::pages::{ModelsPage, Outcome};
use tests::stage::{Stage, Start, journey};
use tests::wait::{EVENTUALLY, SOON};

#[tokio::test]
async fn a_good_file_is_used_and_bad_ones_are_explained() {
    journey("own_files", Start::Bare, own_files).await;
}

async fn own_files(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app().await?;
    let models = app.go_to_models().await?;
    let good = model_file(SMOLLM2)?.context("the reference model is there")?;
    let folder = tempfile::tempdir()?;

    // Bad in different places: no GGUF at all, cut in the header, sizes that can't be true, cut in the weights.
    let mut beginning = vec![0; 4 << 20];
    std::io::Read::read_exact(&mut std::fs::File::open(&good)?, &mut beginning)?;
    let mut hostile = beginning.clone();
    // The number of tensors: 2^63.
    hostile[8..16].copy_from_slice(&(1_u64 << 63).to_le_bytes());
    let bad: [(&str, &[u8], &[&str]); 5] = [
        ("empty", b"", &["GGUF"]),
        ("letters", b"This is a letter to a friend, not a model. Not a model at all.", &["GGUF"]),
        ("cut-header", &beginning[..1000], &["ends", "truncated", "short"]),
        ("hostile", &hostile, &["tensors"]),
        ("cut-weights", &beginning, &["ends", "truncated", "short"]),
    ];
    for (name, bytes, words) in bad {
        let file = folder.path().join(format!("{name}.gguf"));
        std::fs::write(&file, bytes)?;
        let problem = refused(&models, &file, name).await?;
        ensure!(words.iter().any(|word| problem.contains(word)), "{name} is refused with {problem:?}");
    }

    // A good one under a name of one's own, and the tab is as alive as before.
    let own = folder.path().join("my own (model).gguf");
    std::os::unix::fs::symlink(&good, &own)?;
    models.choose_file(&own).await?;
    let card = models.card("my-own--model");
    let chat = card.chat(EVENTUALLY).await?;
    chat.be_greedy().await?;
    chat.send("What is the capital of France?").await?;
    let answer = chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(answer.text.contains("Paris"), "{answer:?}");
    Ok(())
}

/// Adds a file that can't be used, and returns what the page says about it.
async fn refused(models: &ModelsPage<'_>, file: &Path, name: &str) -> Result<String> {
    models.choose_file(file).await?;
    let card = models.card(name);
    card.wait_for("model-problem", SOON).await?;
    ensure!(!card.has("use-model").await?, "{name} can be used: {}", card.text().await?);
    card.text().await
}
