//! `latency`: the answer was there in time.

use super::observation::Observation;
use crate::evaluation::Answer;

pub(super) fn observe(answer: &Answer, most_milliseconds: f64) -> Observation {
    let milliseconds = (answer.usage.prefill_seconds + answer.usage.decode_seconds) * 1000.0;
    Observation::at_most(
        "the time to the last token",
        (milliseconds, format!("{milliseconds:.0} ms")),
        (most_milliseconds, format!("{most_milliseconds} ms")),
    )
}
