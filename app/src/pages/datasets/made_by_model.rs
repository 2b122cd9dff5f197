//! Rows that a model makes of others: questions out of texts, and what a person says in other words.

use leptos::prelude::*;
use shared::dataset::asking::{BackTranslation, Manner, Paraphrase, PromptVariation, Questions};
use shared::dataset::preparation::Part;
use shared::dataset::steps::Step;
use shared::model_pool::ModelReference;

use super::model_field::AskedModelField;
use crate::components::{Button, ButtonKind, Card, Checkbox, NumberField, Segmented, TextField};
use crate::stores::Stores;

const QUESTIONS: &str = "questions";
const WORDS: &str = "words";
const BACK: &str = "back";
const MANNERS: &str = "manners";

/// Of what is made with chance: some variety.
const TEMPERATURE: f32 = 0.7;

/// What is asked for, as it is typed.
#[derive(Clone, Copy)]
struct Wishes {
    kind: RwSignal<String>,
    count: RwSignal<u64>,
    about: RwSignal<String>,
    must_be_grounded: RwSignal<bool>,
    keeps_texts: RwSignal<bool>,
    via: RwSignal<String>,
    from: RwSignal<String>,
    percent: RwSignal<u64>,
    seed: RwSignal<u64>,
}

impl Wishes {
    fn new() -> Self {
        Self {
            kind: RwSignal::new(QUESTIONS.to_owned()),
            count: RwSignal::new(3),
            about: RwSignal::new(String::new()),
            must_be_grounded: RwSignal::new(true),
            keeps_texts: RwSignal::new(false),
            via: RwSignal::new("German".to_owned()),
            from: RwSignal::new("English".to_owned()),
            percent: RwSignal::new(100),
            seed: RwSignal::new(0),
        }
    }

    fn is_of(self, kind: &'static str) -> impl Fn() -> bool + Copy + Send + Sync {
        move || self.kind.with(|chosen| chosen == kind)
    }

    fn step(self, model: ModelReference, part: Option<Part>) -> Step {
        let of_rows = self.percent.get_untracked() as f64 / 100.0;
        let (seed, copies) = (self.seed.get_untracked(), 1);
        match self.kind.get_untracked().as_str() {
            WORDS => Step::Paraphrase(Paraphrase { model, copies, of_rows, temperature: TEMPERATURE, seed, part }),
            BACK => {
                let language = |text: RwSignal<String>| text.get_untracked().trim().to_owned();
                let (via, from) = (language(self.via), language(self.from));
                Step::BackTranslate(BackTranslation { model, via, from, of_rows, temperature: 0.0, seed, part })
            }
            MANNERS => {
                let manners = Manner::ALL.to_vec();
                let temperature = TEMPERATURE;
                Step::VaryPrompts(PromptVariation { model, manners, copies, of_rows, temperature, seed, part })
            }
            _ => {
                let about = Some(self.about.get_untracked().trim().to_owned()).filter(|about| !about.is_empty());
                let grounded = self.must_be_grounded.get_untracked().then_some(Questions::RECOMMENDED_GROUNDED);
                Step::Questions(Questions {
                    model,
                    count: u32::try_from(self.count.get_untracked()).unwrap_or(u32::MAX),
                    about,
                    grounded,
                    temperature: TEMPERATURE,
                    seed,
                    keep_texts: self.keeps_texts.get_untracked(),
                    part,
                })
            }
        }
    }
}

/// Rows that a model makes of others.
#[component]
pub fn MadeByModelCard(
    /// The part whose rows it works on; without one, all.
    #[prop(into)]
    part: Signal<Option<Part>>,
) -> impl IntoView {
    let datasets = expect_context::<Stores>().datasets;
    let wishes = Wishes::new();
    let is_questions = wishes.is_of(QUESTIONS);
    let kinds = [
        (QUESTIONS, "Questions out of texts"),
        (WORDS, "Other words"),
        (BACK, "There and back"),
        (MANNERS, "Other manners"),
    ];
    let lead = move || match wishes.kind.get().as_str() {
        WORDS => "Copies in which the person says the same in other words.",
        BACK => "Copies in which the person's words went into another language and back.",
        MANNERS => {
            "Copies in which the person asks in another manner: a command, a question, a few words, casually, politely."
        }
        _ => "Every text becomes questions with their answers, which keep where they come from.",
    };
    view! {
        <Card
            title="Rows that a model makes"
            lead="In this browser, on your companion or at an address of your choice. Every answer is kept at once and never asked for twice; the recipe brings them along, so that it makes the same bytes without the model."
        >
            <AskedModelField id="asked-model" />
            <Segmented
                label="What it makes"
                name="made-kind"
                options=kinds.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec()
                value=wishes.kind
                on_change=move |kind| wishes.kind.set(kind)
            />
            <p class="small muted">{lead}</p>
            <Show when=is_questions fallback=move || view! { <CopiesForm wishes=wishes /> }>
                <QuestionsForm wishes=wishes />
            </Show>
            <div class="row">
                <Button
                    kind=ButtonKind::Primary
                    testid="ask-model"
                    disabled=Signal::derive(move || datasets.asked_model.with(Option::is_none))
                    on_press=move |()| {
                        if let Some(model) = datasets.asked_model.get_untracked() {
                            datasets.ask_and_run(wishes.step(model, part.get_untracked()));
                        }
                    }
                >
                    "Ask it"
                </Button>
            </div>
        </Card>
    }
}

#[component]
fn QuestionsForm(wishes: Wishes) -> impl IntoView {
    view! {
        <div class="form-grid">
            <NumberField
                label="Questions of a text, at most"
                id="made-count"
                value=wishes.count
                min=1
                max=20
                on_change=move |value| wishes.count.set(value)
            />
            <TextField
                label="What they are like"
                id="made-about"
                value=wishes.about
                placeholder="As a customer asks, in simple words"
                on_input=move |about| wishes.about.set(about)
            />
            <NumberField label="Seed" id="made-seed" value=wishes.seed on_change=move |value| wishes.seed.set(value) />
        </div>
        <Checkbox id="made-grounded" checked=wishes.must_be_grounded on_change=move |on| wishes.must_be_grounded.set(on)>
            "Leave out answers whose words are not in the text"
        </Checkbox>
        <Checkbox id="made-keep-texts" checked=wishes.keeps_texts on_change=move |on| wishes.keeps_texts.set(on)>
            "Keep the texts as rows too"
        </Checkbox>
    }
}

#[component]
fn CopiesForm(wishes: Wishes) -> impl IntoView {
    view! {
        <div class="form-grid">
            <Show when=wishes.is_of(BACK)>
                <TextField
                    label="Language of the rows"
                    id="made-from"
                    value=wishes.from
                    on_input=move |from| wishes.from.set(from)
                />
                <TextField
                    label="Language on the way"
                    id="made-via"
                    value=wishes.via
                    on_input=move |via| wishes.via.set(via)
                />
            </Show>
            <NumberField
                label="Percent of the rows"
                id="made-percent"
                value=wishes.percent
                min=1
                max=100
                on_change=move |value| wishes.percent.set(value)
            />
            <NumberField label="Seed" id="made-seed" value=wishes.seed on_change=move |value| wishes.seed.set(value) />
        </div>
    }
}
