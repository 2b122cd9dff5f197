//! What the workload costs: at providers, on hardware of one's own, in this browser; as a table and over requests of a month.

use leptos::prelude::*;
use shared::catalog::{CandidatePlace, CostLine, CostModel, Ranking, compare_costs};

use super::hardware::HardwareFields;
use crate::components::{Card, Disclosure, LinePlot, Marker, Notice, PlottedLine, Tone};
use crate::quantities::grouped;
use crate::stores::Stores;
use crate::stores::requirements::RequirementData;

/// The best of each place, so that lines can be told apart.
const PROVIDERS_SHOWN: usize = 4;

/// What the workload costs.
#[component]
pub fn CostCard(
    /// All candidates, judged.
    ranking: Memo<Ranking>,
) -> impl IntoView {
    let stores = expect_context::<Stores>();
    let data = stores.requirements.part(Clone::clone);
    let comparison = Memo::new(move |_| ranking.with(|ranking| data.with(|data| compare(ranking, data))));
    let fault = stores.requirements.part(|data| data.hardware.hardware.validate().err().map(|fault| fault.to_string()));
    view! {
        <Card
            title="What it costs"
            lead="The best of each place with your workload. In the browser it costs no money; its electricity is not counted."
        >
            {move || {
                fault
                    .get()
                    .map(|fault| {
                        view! {
                            <Notice tone=Tone::Danger>
                                <p>{fault}</p>
                            </Notice>
                        }
                    })
            }}
            <CostTable comparison=comparison />
            <ul class="break-evens" data-testid="break-evens">
                {move || {
                    comparison
                        .with(|comparison| {
                            let sentences = comparison.break_evens.iter().map(|(sentence, _)| sentence.clone());
                            sentences.map(|sentence| view! { <li>{sentence}</li> }).collect_view()
                        })
                }}
            </ul>
            <LinePlot
                label="Cost of a month over the number of requests"
                x_label="requests per month"
                y_label=Signal::derive(move || {
                    format!("{} per month", data.with(|data| data.hardware.hardware.currency.clone()))
                })
                lines=Signal::derive(move || comparison.with(Comparison::lines))
                markers=Signal::derive(move || comparison.with(Comparison::markers))
            />
            <Disclosure summary=|| "Your own GPU: price, power, speed" testid="hardware">
                <div class="stack">
                    <HardwareFields />
                </div>
            </Disclosure>
        </Card>
    }
}

/// Ways of answering, beside each other.
#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    lines: Vec<CostLine>,
    requests_per_month: u64,
    currency: String,
    /// Sentences on own hardware against each provider, with the number of requests where there is one.
    break_evens: Vec<(String, Option<u64>)>,
}

fn compare(ranking: &Ranking, data: &RequirementData) -> Comparison {
    let (workload, plan) = (&data.requirements.workload, &data.hardware);
    let currency = &plan.hardware.currency;
    let mut providers = 0;
    let (mut has_browser, mut has_companion) = (false, false);
    let chosen = ranking.ranked.iter().map(|ranked| &ranked.candidate).filter(|candidate| match candidate.place {
        CandidatePlace::Browser => !std::mem::replace(&mut has_browser, true),
        CandidatePlace::Companion { .. } => !std::mem::replace(&mut has_companion, true),
        CandidatePlace::External { .. } => {
            providers += 1;
            providers <= PROVIDERS_SHOWN
        }
    });
    // A fault of the hardware's figures is shown above the table.
    let of_plan = CostModel::of_hardware(&plan.hardware, &plan.speed(), workload).ok().flatten();
    let mut ways = Vec::new();
    let mut break_evens = Vec::new();
    for candidate in chosen {
        let name = format!("{} · {}", candidate.title, candidate.place.title());
        let cost = candidate.cost(workload, candidate.speed.as_ref(), currency).ok().flatten();
        if let (CandidatePlace::External { .. }, Some(own), Some(cost)) = (&candidate.place, &of_plan, &cost) {
            break_evens.push(break_even(&plan.hardware.name, own, &name, cost));
        }
        ways.push((name, cost));
    }
    ways.push((plan.hardware.name.clone(), of_plan));
    Comparison {
        lines: compare_costs(ways, workload.requests_per_month),
        requests_per_month: workload.requests_per_month,
        currency: currency.clone(),
        break_evens,
    }
}

/// From how many requests on own hardware is no dearer than a provider.
fn break_even(own_name: &str, own: &CostModel, name: &str, cost: &CostModel) -> (String, Option<u64>) {
    if own.currency != cost.currency {
        let sentence = format!(
            "{own_name} is priced in {} and {name} in {}: nothing says how they compare.",
            own.currency, cost.currency
        );
        return (sentence, None);
    }
    match own.break_even(cost) {
        Some(requests) => {
            let sentence =
                format!("From {} requests a month on, {own_name} costs no more than {name}.", grouped(requests));
            (sentence, Some(requests))
        }
        None => {
            let most = own.most_requests_per_month.map_or_else(
                || "however many requests there are".to_owned(),
                |most| format!("up to the {} requests a month that it can answer", grouped(most)),
            );
            (format!("{name} costs less than {own_name} {most}."), None)
        }
    }
}

impl Comparison {
    /// How many requests the plot goes up to.
    fn most_requests(&self) -> f64 {
        let break_even = self.break_evens.iter().filter_map(|&(_, requests)| requests).max().unwrap_or_default();
        (2.0 * self.requests_per_month as f64).max(1.25 * break_even as f64).max(100.0)
    }

    fn lines(&self) -> Vec<PlottedLine> {
        let most = self.most_requests();
        let in_currency = self.lines.iter().filter_map(|line| {
            let cost = line.cost.as_ref().filter(|cost| cost.currency == self.currency)?;
            let end = cost.most_requests_per_month.map_or(most, |limit| most.min(limit as f64));
            let at = |requests: f64| (requests, cost.fixed_per_month + cost.per_request * requests);
            Some(PlottedLine { label: line.name.clone(), points: vec![at(0.0), at(end)] })
        });
        in_currency.collect()
    }

    fn markers(&self) -> Vec<Marker> {
        let yours = Marker { x: self.requests_per_month as f64, label: "your requests".to_owned() };
        let first =
            self.break_evens.iter().filter_map(|&(_, requests)| requests).min().filter(|&requests| requests > 0);
        let even = first.map(|requests| Marker { x: requests as f64, label: "break-even".to_owned() });
        [Some(yours), even].into_iter().flatten().collect()
    }
}

#[component]
fn CostTable(comparison: Memo<Comparison>) -> impl IntoView {
    let row = |line: &CostLine| {
        let known = |money: Option<String>| money.unwrap_or_else(|| "unknown".to_owned());
        let most = line.cost.as_ref().and_then(|cost| cost.most_requests_per_month);
        let is_too_much = line.per_month.is_none() && most.is_some();
        let amount = |money: &Option<shared::catalog::Money>| {
            if is_too_much { "too many requests".to_owned() } else { known(money.as_ref().map(ToString::to_string)) }
        };
        view! {
            <tr>
                <th scope="row" class="is-text">{line.name.clone()}</th>
                <td class="is-number">{amount(&line.per_request)}</td>
                <td class="is-number">{amount(&line.per_month)}</td>
                <td class="is-number">{most.map_or_else(|| "no limit known".to_owned(), grouped)}</td>
                <td class="is-text muted">
                    {line.cost.as_ref().map_or_else(|| "unknown".to_owned(), |cost| cost.source.to_string())}
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Costs">
            <table class="table" data-testid="costs">
                <caption class="visually-hidden">"Costs"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Way"</th>
                        <th scope="col" class="is-number">"A request"</th>
                        <th scope="col" class="is-number">"A month"</th>
                        <th scope="col" class="is-number">"Requests it can answer"</th>
                        <th scope="col">"Known from"</th>
                    </tr>
                </thead>
                <tbody>{move || comparison.with(|comparison| comparison.lines.iter().map(row).collect_view())}</tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use shared::catalog::{FactSource, Money};

    use super::*;

    fn way(fixed_per_month: f64, per_request: f64, currency: &str) -> CostModel {
        let source = FactSource::Unknown;
        let currency = currency.to_owned();
        CostModel { fixed_per_month, per_request, currency, most_requests_per_month: Some(50_000), source }
    }

    #[test]
    fn break_evens_are_told_in_words() {
        let own = way(100.0, 0.0, "USD");
        let sentence = |cost| break_even("your GPU", &own, "a provider", &cost);
        assert_eq!(
            sentence(way(0.0, 0.01, "USD")),
            ("From 10,000 requests a month on, your GPU costs no more than a provider.".to_owned(), Some(10_000))
        );
        assert_eq!(
            sentence(way(0.0, 0.001, "USD")).0,
            "a provider costs less than your GPU up to the 50,000 requests a month that it can answer."
        );
        assert!(sentence(way(0.0, 0.01, "EUR")).0.contains("nothing says how they compare"));
    }

    #[test]
    fn the_plot_reaches_beyond_the_break_even_and_stops_where_hardware_does() {
        let own = way(100.0, 0.0, "USD");
        let line = |name: &str, cost: &CostModel| CostLine {
            name: name.to_owned(),
            cost: Some(cost.clone()),
            per_month: None::<Money>,
            per_request: None,
        };
        let euros = way(1.0, 1.0, "EUR");
        let comparison = Comparison {
            lines: vec![line("own", &own), line("in euros", &euros)],
            requests_per_month: 1000,
            currency: "USD".to_owned(),
            break_evens: vec![(String::new(), Some(80_000))],
        };
        assert_eq!(comparison.most_requests(), 100_000.0);
        let lines = comparison.lines();
        assert_eq!(lines.len(), 1, "amounts in another currency have no place on this axis");
        assert_eq!(lines[0].points, [(0.0, 100.0), (50_000.0, 100.0)]);
    }
}
