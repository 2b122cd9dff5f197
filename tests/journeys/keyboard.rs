//! Chat without a mouse: Tab reaches everything, Enter and Escape do what they should.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use tests::environment::SMOLLM2;
use tests::pages::{AppPage, Outcome};
use tests::stage::{Stage, Start, journey};
use tests::wait::EVENTUALLY;
use thirtyfour::Key;

/// Numbers everything in sight that should be reachable; of radio buttons the chosen one stands for its group.
const NUMBER_REACHABLE: &str = "
    const candidates = document.querySelectorAll('button, a[href], input, select, textarea, pre[tabindex=\"0\"]');
    const isReachable = (element) => !element.disabled && element.checkVisibility({ visibilityProperty: true })
        && (element.type !== 'radio' || element.checked);
    return [...candidates].filter(isReachable).map((element, number) => {
        element.dataset.reachable = number;
        return number + ' ' + (element.dataset.testid || element.id || element.className) + ' '
            + (element.ariaLabel || element.innerText || '').trim().slice(0, 30);
    });";

/// The number of what has the focus (or -1), and whether one can see that it has it.
const FOCUSED: &str = "
    const element = document.activeElement;
    const hasRing = (element) => {
        const style = getComputedStyle(element);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    };
    const around = [element, element.nextElementSibling, element.parentElement, element.parentElement?.parentElement];
    return [Number(element.dataset?.reachable ?? -1), around.some((element) => element && hasRing(element))];";

/// More presses than there are things on the page.
const MOST_PRESSES: usize = 80;

#[tokio::test]
async fn chat_works_without_a_mouse() {
    journey("keyboard", Start::WithModel(SMOLLM2), without_mouse).await;
}

async fn without_mouse(stage: &mut Stage) -> Result<()> {
    let app = stage.open_app().await?;
    let card = app.go_to_models().await?.card(SMOLLM2);
    card.press("download").await?;
    let chat = card.chat(EVENTUALLY).await?;
    chat.be_greedy().await?;

    // The composer has the focus when the page opens: type, and send with Enter.
    app.reload().await?;
    let chat = app.chat().await?;
    app.wait_for_script(
        "the composer to have the focus",
        "return document.activeElement.matches('.composer textarea')",
    )
    .await?;
    let keyboard = stage.browser.driver.action_chain();
    let keyboard =
        keyboard.send_keys("What is the capital").key_down(Key::Shift).send_keys(Key::Enter + "").key_up(Key::Shift);
    keyboard.send_keys("of France?").send_keys(Key::Enter + "").perform().await?;
    chat.wait_for_answer(1, Outcome::Finished).await?;
    ensure!(chat.messages().await? == ["What is the capital\nof France?"], "{:?}", chat.messages().await?);

    reaches_everything(&app).await?;

    // A dialog keeps the focus until Escape closes it, and then gives it back.
    stage.browser.run::<()>("document.querySelector('[data-testid=history]').focus()", Vec::new()).await?;
    app.press(Key::Enter).await?;
    app.element("dialog[open]").await?;
    for _ in 0..8 {
        app.press(Key::Tab).await?;
        let is_inside = "const element = document.activeElement;
            return element === document.body || element.closest('dialog[open]') !== null";
        ensure!(stage.browser.run::<bool>(is_inside, Vec::new()).await?, "the focus left the open dialog");
    }
    app.press(Key::Escape).await?;
    let is_back =
        "return !document.querySelector('dialog[open]') && document.activeElement.dataset.testid === 'history'";
    app.wait_for_script("the dialog to close and give the focus back", is_back).await
}

/// Tab, from the top of the page on, comes to everything that can be used, and shows where it is.
async fn reaches_everything(app: &AppPage<'_>) -> Result<()> {
    let reachable: Vec<String> = app.browser.run(NUMBER_REACHABLE, Vec::new()).await?;
    let mut left: BTreeSet<usize> = (0..reachable.len()).collect();
    // As if the page had just been opened: from the document's beginning.
    app.browser
        .run::<()>("document.activeElement.blur(); getSelection().setPosition(document.body, 0)", Vec::new())
        .await?;
    let mut unseen = BTreeSet::new();
    for _ in 0..MOST_PRESSES {
        app.press(Key::Tab).await?;
        let (number, is_seen): (i64, bool) = app.browser.run(FOCUSED, Vec::new()).await?;
        if let Ok(number) = usize::try_from(number) {
            left.remove(&number);
            if !is_seen {
                unseen.insert(number);
            }
        }
        if left.is_empty() {
            break;
        }
    }
    let names = |numbers: &BTreeSet<usize>| numbers.iter().map(|&number| reachable[number].clone()).collect::<Vec<_>>();
    ensure!(left.is_empty(), "Tab does not reach {:?}", names(&left));
    ensure!(unseen.is_empty(), "with the focus these look as without it: {:?}", names(&unseen));
    Ok(())
}
