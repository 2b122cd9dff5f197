//! Personal data and secrets, which a model would learn by heart.

use super::About;
use crate::dataset::personal_data::{Kind, find};
use crate::dataset::row::Row;

/// What people read of the check for personal data.
pub(super) const ABOUT: About = About {
    title: "Personal data",
    explanation: "A model learns addresses and numbers by heart, and tells them to strangers. Placeholders can be put back \
                  later with the table that is exported beside the rows; keep it as safe as the data.",
    repair: REPAIR,
};

/// What people read of the check for secrets.
pub(super) const ABOUT_SECRETS: About = About {
    title: "Secrets",
    explanation: "A model learns keys, tokens and passwords by heart, and tells them to whoever asks. Change those that are \
                  real.",
    repair: REPAIR,
};

const REPAIR: Option<&str> = Some("Put placeholders in their place");

/// What is found of some kinds.
pub(super) fn find_kinds(row: &Row, kinds: &[Kind]) -> Option<&'static str> {
    let mut found: Option<Kind> = None;
    row.for_each_text(&mut |text| {
        if found.is_none() {
            found = find(text, kinds).first().map(|found| found.kind);
        }
    });
    found.map(reason)
}

fn reason(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "there is an e-mail address",
        Kind::Phone => "there is a telephone number",
        Kind::PaymentCard => "there is the number of a payment card",
        Kind::Iban => "there is the number of a bank account",
        Kind::IpAddress => "there is an IP address",
        Kind::Secret => "there is a key, a token or a password",
    }
}
