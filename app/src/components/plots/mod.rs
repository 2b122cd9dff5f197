//! Pictures of numbers, in SVG: they follow the theme, and say the numbers to screen readers.

pub mod interval_plot;
pub mod line_plot;

pub use interval_plot::{Interval, IntervalPlot};
pub use line_plot::{LinePlot, Marker, PlottedLine};
