//! Measuring in rounds: both sides by turns, so that what slows the machine for a while slows both.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::terminal::{Step, note};

/// Whose engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Quern,
    Peer,
}

/// One way to do the task, such as "wllama, 2 threads".
pub(super) struct Candidate<'a> {
    pub(super) side: Side,
    pub(super) name: String,
    pub(super) run: Box<dyn Fn(WithMemory) -> Result<Figures> + 'a>,
}

/// Whether memory is measured too, where looking at it slows the measured program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithMemory {
    Yes,
    No,
}

/// What one run came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Figures {
    pub(super) load_seconds: f64,
    pub(super) prefill_tokens_per_second: f64,
    pub(super) decode_tokens_per_second: f64,
    pub(super) time_to_first_token_seconds: f64,
    #[serde(default)]
    pub(super) peak_memory_bytes: Option<f64>,
    /// Whatever else the side said, for the JSON file.
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

/// A candidate and its runs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measured {
    pub(super) side: Side,
    pub(super) name: String,
    pub(super) runs: Vec<Figures>,
    /// From a run of its own where looking at memory slows the program.
    pub(super) peak_memory_bytes: Option<f64>,
}

impl Measured {
    pub(super) fn median(&self, of: fn(&Figures) -> f64) -> f64 {
        median(self.runs.iter().map(of).collect())
    }

    /// Seconds for a task of as many prompt tokens and four times fewer new ones: what "fastest" means for a side.
    fn cost(&self) -> f64 {
        4.0 / self.median(|run| run.prefill_tokens_per_second) + 1.0 / self.median(|run| run.decode_tokens_per_second)
    }
}

/// A candidate goes on after the first round if it reaches this part of its side's best, in reading or in writing.
const WORTH_MEASURING_AGAIN: f64 = 0.8;

/// Measures all candidates once, and those that may be their side's fastest again. Leaves out the others.
pub(super) fn measure(candidates: Vec<Candidate<'_>>, runs: usize) -> Result<Vec<Measured>> {
    let mut going_on: Vec<(Candidate<'_>, Measured)> = Vec::new();
    for candidate in candidates {
        match run(&candidate, 1, WithMemory::No) {
            Ok(figures) => {
                let (side, name) = (candidate.side, candidate.name.clone());
                let measured = Measured { side, name, runs: vec![figures], peak_memory_bytes: None };
                going_on.push((candidate, measured));
            }
            // Such as a GPU path where there is no GPU; the side is still measured if it has another.
            Err(error) => note(&format!("{}: left out: {error:#}", candidate.name)),
        }
    }
    let first_round: Vec<Measured> = going_on.iter().map(|(_, measured)| measured.clone()).collect();
    for side in [Side::Quern, Side::Peer] {
        if !first_round.iter().any(|measured| measured.side == side) {
            bail!("nothing to compare: {side:?} could not be measured, for the reason above");
        }
    }
    going_on.retain(|(_, measured)| {
        let stays = may_be_fastest(measured, &first_round);
        if !stays {
            note(&format!("{}: far from its side's fastest; not measured again", measured.name));
        }
        stays
    });
    for round in 2..=runs {
        for (candidate, measured) in &mut going_on {
            measured.runs.push(run(candidate, round, WithMemory::No)?);
        }
    }
    for side in [Side::Quern, Side::Peer] {
        let of_side = going_on.iter_mut().filter(|(candidate, _)| candidate.side == side);
        let fastest = of_side.min_by(|(_, a), (_, b)| a.cost().total_cmp(&b.cost()));
        let (candidate, measured) = fastest.context("each side has a candidate left")?;
        measured.peak_memory_bytes = match measured.runs.iter().map(|run| run.peak_memory_bytes).collect() {
            Some(peaks) => Some(median(peaks)),
            None => run(candidate, runs, WithMemory::Yes)?.peak_memory_bytes,
        };
    }
    Ok(going_on.into_iter().map(|(_, measured)| measured).collect())
}

/// Measures all candidates in every round, each before the others by turns.
pub(super) fn measure_by_turns<const N: usize>(candidates: [Candidate<'_>; N], runs: usize) -> Result<[Measured; N]> {
    let mut measured: [Measured; N] = std::array::from_fn(|index| {
        let (side, name) = (candidates[index].side, candidates[index].name.clone());
        Measured { side, name, runs: Vec::new(), peak_memory_bytes: None }
    });
    for round in 0..runs {
        for turn in 0..N {
            let index = (round + turn) % N;
            measured[index].runs.push(run(&candidates[index], round + 1, WithMemory::No)?);
        }
    }
    Ok(measured)
}

fn run(candidate: &Candidate<'_>, round: usize, memory: WithMemory) -> Result<Figures> {
    let what = if memory == WithMemory::Yes { "memory".to_owned() } else { format!("run {round}") };
    let step = Step::begin(&format!("{}, {what}", candidate.name));
    let figures = (candidate.run)(memory).with_context(|| format!("measuring {}", candidate.name))?;
    step.finish();
    note(&format!(
        "    reads {:.1} and writes {:.1} tokens/s",
        figures.prefill_tokens_per_second, figures.decode_tokens_per_second
    ));
    Ok(figures)
}

fn may_be_fastest(measured: &Measured, all: &[Measured]) -> bool {
    let metrics: [fn(&Figures) -> f64; 2] = [|run| run.prefill_tokens_per_second, |run| run.decode_tokens_per_second];
    metrics.into_iter().any(|of| {
        let of_side = all.iter().filter(|other| other.side == measured.side);
        let best = of_side.map(|other| other.median(of)).fold(0.0, f64::max);
        measured.median(of) >= WORTH_MEASURING_AGAIN * best
    })
}

/// The side's candidate that does a whole task fastest.
pub(super) fn fastest(measured: &[Measured], side: Side) -> Result<&Measured> {
    let of_side = measured.iter().filter(|measured| measured.side == side);
    of_side.min_by(|a, b| a.cost().total_cmp(&b.cost())).with_context(|| format!("{side:?} was not measured"))
}

/// The middle value; of an even number, the mean of both.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Figures with these speeds.
    pub(in super::super) fn figures(prefill: f64, decode: f64) -> Figures {
        Figures {
            load_seconds: 1.0,
            prefill_tokens_per_second: prefill,
            decode_tokens_per_second: decode,
            time_to_first_token_seconds: 300.0 / prefill,
            peak_memory_bytes: None,
            others: Map::new(),
        }
    }

    fn candidate(side: Side, name: &str, prefill: f64, decode: f64) -> Candidate<'static> {
        let run = Box::new(move |memory| {
            let peak_memory_bytes = (memory == WithMemory::Yes).then_some(7.0);
            Ok(Figures { peak_memory_bytes, ..figures(prefill, decode) })
        });
        Candidate { side, name: name.to_owned(), run }
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn by_turns_each_goes_first() {
        let order = std::cell::RefCell::new(String::new());
        let noted = |name: &'static str| Candidate {
            side: Side::Quern,
            name: name.to_owned(),
            run: Box::new(|_| {
                order.borrow_mut().push_str(name);
                Ok(figures(1.0, 1.0))
            }),
        };
        let measured = measure_by_turns([noted("a"), noted("b")], 3).unwrap();
        assert_eq!(*order.borrow(), "abbaab");
        assert!(measured.iter().all(|measured| measured.runs.len() == 3));
    }

    #[test]
    fn only_what_may_be_fastest_is_measured_again() {
        let candidates = vec![
            candidate(Side::Quern, "cpu", 40.0, 20.0),
            candidate(Side::Quern, "gpu", 4.0, 2.0),
            candidate(Side::Peer, "reads well", 33.0, 10.0),
            candidate(Side::Peer, "writes well", 10.0, 21.0),
        ];
        let measured = measure(candidates, 3).unwrap();
        let names: Vec<&str> = measured.iter().map(|measured| measured.name.as_str()).collect();
        assert_eq!(names, ["cpu", "reads well", "writes well"]);
        assert!(measured.iter().all(|measured| measured.runs.len() == 3));
        assert_eq!(fastest(&measured, Side::Quern).unwrap().peak_memory_bytes, Some(7.0));
        assert_eq!(fastest(&measured, Side::Peer).unwrap().name, "reads well");
    }

    #[test]
    fn a_candidate_that_fails_is_left_out_unless_it_is_the_last_of_its_side() {
        let failing = |side| Candidate { side, name: "failing".to_owned(), run: Box::new(|_| bail!("no GPU")) };
        let quern = || candidate(Side::Quern, "cpu", 40.0, 20.0);
        let candidates = vec![quern(), failing(Side::Quern), candidate(Side::Peer, "peer", 1.0, 1.0)];
        assert_eq!(measure(candidates, 1).unwrap().len(), 2);
        assert!(measure(vec![quern(), failing(Side::Peer)], 1).is_err());
    }
}
