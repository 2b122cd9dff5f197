//! Pictures of numbers, in SVG: they follow the theme, and say the numbers to screen readers.

pub mod interval_plot;

pub use interval_plot::{Interval, IntervalPlot};
