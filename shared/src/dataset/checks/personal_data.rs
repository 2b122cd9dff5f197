//! Personal data and secrets, which a model would learn by heart.

use super::About;
use crate::dataset::personal_data::{Found, Kind, find};
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
    first(row, kinds).map(|found| reason(found.kind))
}

/// The same, and more about it: the country of a phone number, a card's network.
pub(super) fn describe_kinds(row: &Row, kinds: &[Kind]) -> Option<String> {
    let found = first(row, kinds)?;
    let detail = found.detail.map_or(String::new(), |detail| format!(" ({detail})"));
    Some(reason(found.kind).to_owned() + &detail)
}

fn first(row: &Row, kinds: &[Kind]) -> Option<Found> {
    let mut first = None;
    row.for_each_leaf(&mut |text| {
        if first.is_none() {
            first = find(text, kinds).into_iter().next();
        }
    });
    first
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
