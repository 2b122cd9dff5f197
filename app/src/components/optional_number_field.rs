//! A number that may be left out, taken while it is typed.

use leptos::prelude::*;

use super::field::Field;

/// A number that may be left out; what is no number within the bounds is said below the field and not taken.
#[component]
pub fn OptionalNumberField(
    /// What it is called, with its unit.
    #[prop(into)]
    label: String,
    /// Its id, unique on the page.
    #[prop(into)]
    id: String,
    /// The value now.
    #[prop(into)]
    value: Signal<Option<f64>>,
    /// Takes the new value while it is typed.
    #[prop(into)]
    on_input: Callback<Option<f64>>,
    /// The least allowed.
    #[prop(optional)]
    min: f64,
    /// The most allowed.
    #[prop(default = f64::MAX)]
    max: f64,
    /// What holds while it is left out.
    #[prop(optional, into)]
    placeholder: String,
    /// A sentence of explanation; empty for none.
    #[prop(optional, into)]
    hint: String,
) -> impl IntoView {
    let in_bounds = move |text: &str| read(text).map(|read| read.filter(|number| (min..=max).contains(number)));
    let typed = RwSignal::new(value.get_untracked().map(written).unwrap_or_default());
    // Changed from elsewhere: what is typed and means the same stays as it is typed.
    Effect::new(move |_| {
        let value = value.get();
        if typed.with_untracked(|typed| read(typed)) != Ok(value) {
            typed.set(value.map(written).unwrap_or_default());
        }
    });
    let is_wrong = Memo::new(move |_| {
        typed.with(|typed| match in_bounds(typed) {
            Ok(None) => !typed.trim().is_empty(),
            Ok(Some(_)) => false,
            Err(NotANumber) => true,
        })
    });
    let problem = if max == f64::MAX {
        format!("Write a number from {} up, or leave it empty.", written(min))
    } else {
        format!("Write a number from {} to {}, or leave it empty.", written(min), written(max))
    };
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let has_hint = !hint.is_empty();
    let described = {
        let problem_id = problem_id.clone();
        move || if is_wrong.get() { Some(problem_id.clone()) } else { has_hint.then(|| hint_id.clone()) }
    };
    let control = view! {
        <input
            id=id.clone()
            class="input"
            type="text"
            inputmode="decimal"
            autocomplete="off"
            placeholder=placeholder
            aria-describedby=described
            aria-invalid=move || is_wrong.get().to_string()
            data-testid=id.clone()
            prop:value=move || typed.get()
            on:input=move |event| {
                let text = event_target_value(&event);
                let number = in_bounds(&text);
                let is_empty = text.trim().is_empty();
                typed.set(text);
                match number {
                    Ok(Some(number)) => on_input.run(Some(number)),
                    Ok(None) if is_empty => on_input.run(None),
                    Ok(None) | Err(NotANumber) => {}
                }
            }
        />
        <Show when=move || is_wrong.get()>
            <p class="field-problem" id=problem_id.clone() role="alert">{problem.clone()}</p>
        </Show>
    };
    if has_hint {
        view! { <Field label=label control_id=id hint=hint>{control}</Field> }.into_any()
    } else {
        view! { <Field label=label control_id=id>{control}</Field> }.into_any()
    }
}

/// A text that is no number.
#[derive(Debug, PartialEq)]
struct NotANumber;

/// The number that `text` writes: `None` for an empty one. A comma is taken where it groups thousands only, because in
/// half of the world it is the decimal point.
fn read(text: &str) -> Result<Option<f64>, NotANumber> {
    let text = text.trim().replace([' ', '_', '\u{a0}'], "");
    if text.is_empty() {
        return Ok(None);
    }
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',').skip(1);
    if text.contains(',')
        && (!groups.all(|group| group.len() == 3) || text.matches(',').count() != whole.matches(',').count())
    {
        return Err(NotANumber);
    }
    let number = text.replace(',', "").parse::<f64>().map_err(|_| NotANumber)?;
    if number.is_finite() { Ok(Some(number)) } else { Err(NotANumber) }
}

/// A number as a person would type it.
fn written(number: f64) -> String {
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_meant() {
        for (text, number) in [
            ("", Ok(None)),
            ("  ", Ok(None)),
            ("0.5", Ok(Some(0.5))),
            (" 12 000 ", Ok(Some(12_000.0))),
            ("1,200,000.5", Ok(Some(1_200_000.5))),
            ("0,5", Err(NotANumber)),
            ("1.000,5", Err(NotANumber)),
            ("1.234,567", Err(NotANumber)),
            ("many", Err(NotANumber)),
            ("inf", Err(NotANumber)),
        ] {
            assert_eq!(read(text), number, "{text:?}");
        }
    }
}
