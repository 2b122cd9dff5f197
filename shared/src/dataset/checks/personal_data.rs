//! Personal data and secrets, which a model would learn by heart.

use crate::dataset::personal_data::{Kind, find};
use crate::dataset::row::Row;

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
