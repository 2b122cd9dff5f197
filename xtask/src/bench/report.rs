//! What a benchmark prints: a table with ratios to the peer, a summary; and its raw figures as JSON.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};

use super::rounds::{Figures, Measured, Side, fastest};
use crate::terminal::print_line;

/// A line of the table.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) better: Better,
    pub(super) of: fn(&Figures) -> f64,
    /// The least ratio to the peer that will do.
    pub(super) floor: Option<f64>,
}

/// Which of two values is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
}

/// Two sides compared.
#[derive(Debug)]
pub(super) struct Report {
    /// Such as "wllama 3.13.0".
    peer: String,
    rows: Vec<Row>,
    measured: Vec<Measured>,
    /// What was measured besides the task.
    besides: Vec<Measured>,
    /// Figures of a task of another kind.
    others: Value,
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: &'static str,
    unit: &'static str,
    quern: f64,
    peer: f64,
    /// The peer's candidate that has this value.
    peer_candidate: String,
    /// Above 1, Quern is better.
    ratio: f64,
    floor: Option<f64>,
}

impl Row {
    /// A value and the peer's.
    pub(super) fn new(
        name: &'static str,
        unit: &'static str,
        better: Better,
        quern: f64,
        peer: f64,
        floor: Option<f64>,
    ) -> Self {
        let ratio = if better == Better::Higher { quern / peer } else { peer / quern };
        Self { name, unit, quern, peer, peer_candidate: "the peer".to_owned(), ratio, floor }
    }

    /// A value that has no peer and is to be at least `least`.
    pub(super) fn against_floor(name: &'static str, unit: &'static str, quern: f64, least: f64) -> Self {
        let peer_candidate = "what is promised".to_owned();
        Self { peer_candidate, ..Self::new(name, unit, Better::Higher, quern, least, Some(1.0)) }
    }

    /// A value that has no peer and is to be at most `most`.
    pub(super) fn at_most(name: &'static str, unit: &'static str, quern: f64, most: f64) -> Self {
        let peer_candidate = "what is promised".to_owned();
        Self { peer_candidate, ..Self::new(name, unit, Better::Lower, quern, most, Some(1.0)) }
    }

    fn is_missed(&self) -> bool {
        // A ratio that is no number is no success either.
        self.floor.is_some_and(|floor| self.ratio.is_nan() || self.ratio < floor)
    }
}

impl Report {
    /// Compares our fastest candidate with the best that any of the peer's reached, metric by metric: a peer that has
    /// one configuration for reading and another one for writing gets credit for both.
    pub(super) fn new(peer: String, metrics: &[Metric], measured: Vec<Measured>) -> Result<Self> {
        let quern = fastest(&measured, Side::Quern)?;
        let mut rows = Vec::new();
        for metric in metrics {
            let mut peers: Vec<(f64, &Measured)> = measured
                .iter()
                .filter(|measured| measured.side == Side::Peer)
                .map(|measured| (measured.median(metric.of), measured))
                .collect();
            peers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            let best = if metric.better == Better::Higher { peers.last() } else { peers.first() };
            let &(value, candidate) = best.context("the peer was not measured")?;
            rows.push(row(metric, quern.median(metric.of), value, &candidate.name));
        }
        let peer_side = fastest(&measured, Side::Peer)?;
        if let (Some(ours), Some(theirs)) = (quern.peak_memory_bytes, peer_side.peak_memory_bytes) {
            rows.push(row(&PEAK_MEMORY, ours / MEBIBYTE, theirs / MEBIBYTE, &peer_side.name));
        }
        Ok(Self { peer, rows, measured, besides: Vec::new(), others: Value::Null })
    }

    /// A report of a task that is not a model's: its rows, and its raw figures.
    pub(super) fn of_rows(peer: String, rows: Vec<Row>, raw: Value) -> Self {
        Self { peer, rows, measured: Vec::new(), besides: Vec::new(), others: raw }
    }

    /// Adds a line that compares us with something else than the peer.
    pub(super) fn compare(&mut self, metric: &Metric, quern: Measured, other: Measured) {
        self.rows.push(row(metric, quern.median(metric.of), other.median(metric.of), &other.name));
        self.besides.extend([quern, other]);
    }

    /// Prints the table, then a summary in one line.
    pub(super) fn print(&self, name: &str) {
        let width = self.peer.len().max(10);
        print_line(&format!("{:24} {:>10}  {:>width$}  {:>6}  {:>6}", "", "Quern", self.peer, "ratio", "floor"));
        for row in &self.rows {
            let floor = row.floor.map_or(String::new(), |floor| format!("{floor:.2}"));
            let label = format!("{}, {}", row.name, row.unit);
            print_line(&format!(
                "{label:24} {:>10.2}  {:>width$.2}  {:>5.2}x  {floor:>6}   against {}",
                row.quern, row.peer, row.ratio, row.peer_candidate
            ));
        }
        print_line("Medians. Above 1x, Quern is better. The peer's value is the best of its configurations.");
        if let Ok(quern) = fastest(&self.measured, Side::Quern) {
            print_line(&format!("Quern's is its fastest: {}.\n", quern.name));
        }
        print_line(&self.summary(name));
    }

    /// Every figure of every run.
    pub(super) fn to_json(&self, name: &str) -> Result<String> {
        let value = json!({
            "benchmark": name,
            "peer": self.peer,
            "rows": self.rows,
            "measured": self.measured,
            "measured_besides": self.besides,
            "figures": self.others,
            "missed_floors": self.missed_floors(),
        });
        serde_json::to_string_pretty(&value).context("writing figures as JSON")
    }

    /// Names of the metrics below their floor.
    pub(super) fn missed_floors(&self) -> Vec<&'static str> {
        self.rows.iter().filter(|row| row.is_missed()).map(|row| row.name).collect()
    }

    fn summary(&self, name: &str) -> String {
        // Of a model its speeds count most.
        let is_of_model = !self.measured.is_empty();
        let speeds = self.rows.iter().filter(|row| !is_of_model || row.unit == TOKENS_PER_SECOND);
        let ratios: Vec<String> = speeds.map(|row| format!("{} {:.2}x", row.name, row.ratio)).collect();
        let has_floors = self.rows.iter().any(|row| row.floor.is_some());
        let verdict = match self.missed_floors().as_slice() {
            [] if has_floors => "; above the floors".to_owned(),
            [] => String::new(),
            missed => format!("; BELOW THE FLOOR: {}", missed.join(", ")),
        };
        format!("bench {name}: {} of {}{verdict}", ratios.join(", "), self.peer)
    }
}

fn row(metric: &Metric, quern: f64, peer: f64, peer_candidate: &str) -> Row {
    let row = Row::new(metric.name, metric.unit, metric.better, quern, peer, metric.floor);
    Row { peer_candidate: peer_candidate.to_owned(), ..row }
}

const MEBIBYTE: f64 = 1_048_576.0;

const TOKENS_PER_SECOND: &str = "tokens/s";

/// Measured apart from the others, for the fastest candidate of each side.
const PEAK_MEMORY: Metric = Metric {
    name: "peak memory",
    unit: "MiB",
    better: Better::Lower,
    of: |run| run.peak_memory_bytes.unwrap_or(f64::NAN),
    floor: None,
};

/// Tokens read per second.
pub(super) const fn prefill(floor: Option<f64>) -> Metric {
    let of = |run: &Figures| run.prefill_tokens_per_second;
    Metric { name: "prefill", unit: TOKENS_PER_SECOND, better: Better::Higher, of, floor }
}

/// Tokens written per second, after the first.
pub(super) const fn decode(floor: Option<f64>) -> Metric {
    let of = |run: &Figures| run.decode_tokens_per_second;
    Metric { name: "decode", unit: TOKENS_PER_SECOND, better: Better::Higher, of, floor }
}

/// Tokens written per second while the answer is held to a JSON Schema, against as many of free text.
pub(super) const fn constrained_decode(floor: f64) -> Metric {
    Metric { name: "decode by schema", ..decode(Some(floor)) }
}

/// From the request to the first token.
pub(super) const fn time_to_first_token() -> Metric {
    let of = |run: &Figures| run.time_to_first_token_seconds;
    Metric { name: "first token", unit: "s", better: Better::Lower, of, floor: None }
}

/// From a file on this machine to a model that can answer.
pub(super) const fn load_time() -> Metric {
    let of = |run: &Figures| run.load_seconds;
    Metric { name: "load", unit: "s", better: Better::Lower, of, floor: None }
}

#[cfg(test)]
mod tests {
    use super::super::rounds::tests::figures;
    use super::*;

    fn measured(side: Side, name: &str, prefill: f64, decode: f64) -> Measured {
        Measured { side, name: name.to_owned(), runs: vec![figures(prefill, decode)], peak_memory_bytes: None }
    }

    fn report(metrics: &[Metric]) -> Report {
        let all = vec![
            measured(Side::Quern, "cpu", 30.0, 15.0),
            measured(Side::Peer, "reads well", 33.0, 10.0),
            measured(Side::Peer, "writes well", 10.0, 20.0),
        ];
        Report::new("peer 1.0".to_owned(), metrics, all).unwrap()
    }

    #[test]
    fn each_metric_is_compared_with_the_best_of_the_peer() {
        let report = report(&[prefill(Some(0.9)), decode(Some(0.8)), time_to_first_token()]);
        let ratios: Vec<f64> = report.rows.iter().map(|row| (row.ratio * 100.0).round()).collect();
        assert_eq!(ratios, [91.0, 75.0, 91.0]);
        assert_eq!(report.missed_floors(), ["decode"]);
        let summary = report.summary("browser");
        assert_eq!(summary, "bench browser: prefill 0.91x, decode 0.75x of peer 1.0; BELOW THE FLOOR: decode");
    }

    #[test]
    fn a_comparison_with_oneself_is_a_line_of_its_own() {
        let mut report = report(&[prefill(None)]);
        let (held, free) = (measured(Side::Quern, "held", 1.0, 9.0), measured(Side::Peer, "free", 1.0, 10.0));
        report.compare(&constrained_decode(0.95), held, free);
        assert_eq!(report.missed_floors(), ["decode by schema"]);
        assert_eq!(report.rows.last().map(|row| row.peer_candidate.as_str()), Some("free"));
    }

    #[test]
    fn without_floors_nothing_is_said_about_them() {
        let summary = report(&[prefill(None)]).summary("native");
        assert_eq!(summary, "bench native: prefill 0.91x of peer 1.0");
    }

    #[test]
    fn a_ratio_that_is_no_number_misses_its_floor() {
        assert!(row(&prefill(Some(0.1)), f64::NAN, 1.0, "").is_missed());
    }
}
