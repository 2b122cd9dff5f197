//! Logits and losses of some tokens at a time.

use std::ops::Range;

use super::driver::Element;
use super::operations;
use super::tensor::Tensor;
use super::walk::Walk;
use crate::error::EngineError;
use crate::training::program::ValueId;

/// Logits that are held at once (256 MiB, and half of that of their derivatives), at the least those of a few tokens. More than
/// the processor has: here each product reads the whole matrix of the logits from slow memory.
const MOST_LOGITS: usize = 1 << 26;
const FEWEST_TOKENS: usize = 64;

impl Walk<'_> {
    /// The losses of all learned tokens, and adds the derivative of `scale` times their sum by the residual stream to `gradient`.
    pub(super) fn head(&self, stream: ValueId, scale: f32, gradient: Option<&Tensor>) -> Result<Tensor, EngineError> {
        let head = self.program.head;
        let stream = self.value(stream);
        let vocabulary = self.plan.vocabulary_size;
        let (norm_weight, weight) = (self.norm_weight(head.norm), self.weight(head.weight)?);
        let targets = self.batch.targets();
        let losses = self.room(Element::F32, 1, targets.len())?;
        let mut done = 0;
        for targets in targets.chunks((MOST_LOGITS / vocabulary).max(FEWEST_TOKENS)) {
            let count = targets.len();
            let rows: Vec<u32> = targets.iter().map(|target| target.row as u32).collect();
            let tokens: Vec<u32> = targets.iter().map(|target| target.token).collect();
            let rows = Tensor::of(self.driver, Element::U32, &rows)?;
            let tokens = Tensor::of(self.driver, Element::U32, &tokens)?;
            let scales = Tensor::of(self.driver, Element::F32, &vec![scale; count])?;
            let input = self.room(Element::F32, count, stream.columns)?;
            operations::gather_rows(&stream, &rows, &input)?;
            let (normed, inverses, logits) = self.logits_of(&input, &norm_weight, &weight)?;
            let losses = losses.matrix(&(done..done + count), 1, count);
            done += count;
            let Some(gradient) = gradient else {
                operations::cross_entropy(&logits, &tokens, &scales, &losses, None)?;
                continue;
            };
            let to_logits = self.room(Element::Bf16, count, vocabulary)?;
            operations::cross_entropy(&logits, &tokens, &scales, &losses, Some(&to_logits))?;
            drop(logits);
            let to_normed = self.room(Element::Bf16, count, stream.columns)?;
            operations::multiply(&to_normed, false, 1.0, &to_logits, &weight)?;
            let to_input = Tensor::zeros(self.driver, Element::F32, count, stream.columns)?;
            operations::norm_back(&input, &norm_weight, &inverses, &to_normed, &to_input)?;
            operations::scatter_rows(gradient, &rows, &to_input)?;
            if let Some(to_weight) = self.gradient_of(head.weight) {
                operations::product(&to_weight, true, 1.0, (&to_logits, true), (&normed, false))?;
            }
            if let Some(to_weight) = self.gradient_of(head.norm) {
                operations::norm_back_to_weight(&input, &inverses, &to_normed, &to_weight)?;
            }
        }
        Ok(losses)
    }

    /// The logits of some rows of a result, `[rows, vocabulary]`.
    pub(super) fn logits(&self, stream: ValueId, places: &Range<usize>) -> Result<Vec<f32>, EngineError> {
        let head = self.program.head;
        let rows = self.value(stream).some_rows(places);
        let (.., logits) = self.logits_of(&rows, &self.norm_weight(head.norm), &self.weight(head.weight)?)?;
        logits.download()
    }

    /// The normed rows, what they were divided by, and their logits.
    fn logits_of(
        &self,
        input: &Tensor,
        norm_weight: &Tensor,
        weight: &Tensor,
    ) -> Result<(Tensor, Tensor, Tensor), EngineError> {
        let normed = self.room(Element::Bf16, input.rows, input.columns)?;
        let inverses = self.room(Element::F32, input.rows, 1)?;
        operations::norm(input, norm_weight, self.program.head.epsilon, &normed, &inverses)?;
        let logits = self.room(Element::F32, input.rows, weight.rows)?;
        operations::product(&logits, false, 1.0, (&normed, false), (weight, true))?;
        Ok((normed, inverses, logits))
    }
}
