//! Lines over two linear axes that begin at 0, with a legend that a screen reader can read.

use leptos::prelude::*;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct PlottedLine {
    /// What it is of.
    pub label: String,
    /// Its points, from left to right; no coordinate is below 0.
    pub points: Vec<(f64, f64)>,
}

/// A place on the horizontal axis that has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// Where.
    pub x: f64,
    /// Its name.
    pub label: String,
}

const WIDTH: f64 = 600.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 260.0;
const HEIGHT: f64 = 304.0;
/// Looks of lines; more lines begin again.
const STYLES: usize = 6;

/// Lines over two axes.
#[component]
pub fn LinePlot(
    /// What is shown, in words.
    #[prop(into)]
    label: String,
    /// What the horizontal axis counts.
    #[prop(into)]
    x_label: String,
    /// What the vertical axis counts.
    #[prop(into)]
    y_label: Signal<String>,
    /// The lines.
    #[prop(into)]
    lines: Signal<Vec<PlottedLine>>,
    /// Named places on the horizontal axis.
    #[prop(into)]
    markers: Signal<Vec<Marker>>,
) -> impl IntoView {
    let scrolled_label = label.clone();
    let plot = move || {
        let (lines, markers) = (lines.get(), markers.get());
        let points = || lines.iter().flat_map(|line| &line.points);
        let (x_axis, y_axis) = (
            // Lines reach the right end, and hardly ever the top.
            Axis::up_to(points().map(|&(x, _)| x).fold(0.0, f64::max)).cut(),
            Axis::up_to(points().map(|&(_, y)| y).fold(0.0, f64::max)),
        );
        let x = move |value: f64| LEFT + value / x_axis.end * (RIGHT - LEFT);
        let y = move |value: f64| BOTTOM - value / y_axis.end * (BOTTOM - TOP);
        let x_ticks = x_axis
            .ticks()
            .map(|tick| {
                view! {
                    <line class="plot-grid" x1=x(tick) x2=x(tick) y1=TOP y2=BOTTOM />
                    <text class="plot-tick" x=x(tick) y=BOTTOM + 17.0 text-anchor="middle">{x_axis.words(tick)}</text>
                }
            })
            .collect_view();
        let y_ticks = y_axis
            .ticks()
            .map(|tick| {
                view! {
                    <line class="plot-grid" x1=LEFT x2=RIGHT y1=y(tick) y2=y(tick) />
                    <text class="plot-tick" x=LEFT - 8.0 y=y(tick) text-anchor="end" dominant-baseline="central">
                        {y_axis.words(tick)}
                    </text>
                }
            })
            .collect_view();
        let markers = markers
            .into_iter()
            .filter(|marker| (0.0..=x_axis.end).contains(&marker.x))
            .enumerate()
            .map(|(index, marker)| {
                let at = x(marker.x);
                // Beside the line, on the side where there is room; the second a line lower than the first.
                let (anchor, beside) = if at > f64::midpoint(LEFT, RIGHT) { ("end", -6.0) } else { ("start", 6.0) };
                view! {
                    <line class="plot-marker" x1=at x2=at y1=TOP y2=BOTTOM />
                    <text x=at + beside y=TOP + 10.0 + 16.0 * index as f64 text-anchor=anchor>{marker.label}</text>
                }
            })
            .collect_view();
        let paths = lines
            .iter()
            .enumerate()
            .map(|(index, line)| {
                let points: Vec<String> =
                    line.points.iter().map(|&(along, up)| format!("{:.1},{:.1}", x(along), y(up))).collect();
                view! {
                    <polyline class=style(index) points=points.join(" ")>
                        <title>{line.label.clone()}</title>
                    </polyline>
                }
            })
            .collect_view();
        view! {
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=label.clone()>
                {x_ticks}
                {y_ticks}
                {markers}
                {paths}
                <text class="plot-tick" x=LEFT - 8.0 y=TOP - 16.0>{y_label.get()}</text>
                <text class="plot-tick" x=RIGHT y=BOTTOM + 36.0 text-anchor="end">{x_label.clone()}</text>
            </svg>
        }
    };
    let legend = move || {
        let lines = lines.get().into_iter().enumerate();
        lines
            .map(|(index, line)| {
                view! {
                    <li>
                        <svg viewBox="0 0 28 8" aria-hidden="true">
                            <line class=style(index) x1="1" x2="27" y1="4" y2="4" />
                        </svg>
                        {line.label}
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <figure class="line-plot">
            // Narrow screens scroll it, by keyboard too.
            <div class="plot" tabindex="0" role="group" aria-label=scrolled_label>
                {plot}
            </div>
            <figcaption>
                <ul class="plot-legend">{legend}</ul>
            </figcaption>
        </figure>
    }
}

fn style(index: usize) -> String {
    format!("plot-line plot-line-{}", index % STYLES + 1)
}

/// A linear axis from 0 with round ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    step: f64,
    largest: f64,
    end: f64,
}

impl Axis {
    /// The axis that has room for `largest`, in four to ten steps of 1, 2 or 5 times a power of ten.
    fn up_to(largest: f64) -> Self {
        let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
        let rough = largest / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|&step| step >= rough);
        let step = step.unwrap_or(10.0 * power);
        Self { step, largest, end: (largest / step).ceil() * step }
    }

    /// The axis that ends at its largest value, between two ticks perhaps.
    fn cut(self) -> Self {
        Self { end: self.largest, ..self }
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        // A hair more, because a quotient may fall short of its whole number.
        let count = (self.end / self.step + 1e-9).floor() as u32;
        (0..=count).map(move |index| f64::from(index) * self.step)
    }

    /// A tick with as many digits as the step has.
    fn words(self, tick: f64) -> String {
        let decimals = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        if tick >= 10_000.0 && decimals == 0 {
            return crate::quantities::grouped(tick as u64);
        }
        format!("{tick:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks() {
        let ticks = |largest| {
            let axis = Axis::up_to(largest);
            axis.ticks().map(|tick| axis.words(tick)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ticks(100_000.0), "0 20,000 40,000 60,000 80,000 100,000");
        assert_eq!(ticks(28.1), "0 10 20 30");
        assert_eq!(ticks(0.0123), "0.000 0.005 0.010 0.015");
        let cut = Axis::up_to(28.1).cut();
        assert_eq!((cut.end, cut.ticks().last()), (28.1, Some(20.0)));
        assert_eq!(ticks(0.0), "0.0 0.2 0.4 0.6 0.8 1.0");
    }
}
