//! Pictures of pages at every width and in both themes, and what a machine can see of their defects.

use anyhow::Result;

use crate::browser::{Browser, DESKTOP, PHONE, PageSize};

/// Returns sentences about what is wrong with the page in sight.
const DEFECTS: &str = include_str!("defects.js");

/// Looks at the page in sight at the width of a phone and of a laptop, light and dark.
///
/// # Errors
/// The browser refused.
pub async fn look(browser: &Browser, name: &str, defects: &mut Vec<String>) -> Result<()> {
    for size in [PHONE, DESKTOP] {
        for is_dark in [false, true] {
            look_once(browser, name, size, is_dark, defects).await?;
        }
    }
    Ok(())
}

/// Saves a picture of the page in sight, and adds what is wrong with it to `defects`.
///
/// # Errors
/// The browser refused.
pub async fn look_once(
    browser: &Browser,
    name: &str,
    size: PageSize,
    is_dark: bool,
    defects: &mut Vec<String>,
) -> Result<()> {
    browser.resize(size).await?;
    browser.prefer(is_dark).await?;
    let theme = if is_dark { "dark" } else { "light" };
    let name = format!("{name}-{}-{theme}", size.name);
    // Fonts are there, colours have changed, and the page has been drawn with them. A headless browser now and then
    // owes a frame, or the end of an animation, for ever: the picture forces both.
    let drawn = "const soon = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 2000))]);
        const frame = () => soon(new Promise((done) => requestAnimationFrame(done)));
        await soon(document.fonts.ready);
        await frame();
        await soon(Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
        await frame();
        await frame();
        return true";
    browser.run_async::<bool>(drawn, Vec::new()).await?;
    browser.screenshot(&name).await?;
    let found: Vec<String> = browser.run(DEFECTS, Vec::new()).await?;
    defects.extend(found.into_iter().map(|defect| format!("{name}: {defect}")));
    Ok(())
}
