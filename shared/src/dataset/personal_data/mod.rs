//! Personal data and secrets in texts of training data: what a model would learn by heart and tell to strangers.
//!
//! One pass looks for the few bytes that each kind can't do without (an `@`, a digit, a `:`), and only there asks more:
//! checksums, numbering plans, the words before. It never decides what becomes of what it finds.

mod context;
mod email;
mod iban;
mod ip_address;
mod payment_card;
mod phone;
mod placeholders;
mod scan;
mod secrets;

use std::ops::Range;

pub use self::placeholders::{Placeholders, Replaced};

/// A kind of data that says who or where someone is, or opens a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The number of a credit or debit card.
    PaymentCard,
    /// The number of a bank account, as most of the world outside of North America writes it.
    Iban,
    /// The address of a machine, by which a household or a person can be found.
    IpAddress,
    /// A key, a token or a password.
    Secret,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Email, Self::Phone, Self::PaymentCard, Self::Iban, Self::IpAddress, Self::Secret];

    /// Its name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::PaymentCard => "payment-card",
            Self::Iban => "iban",
            Self::IpAddress => "ip-address",
            Self::Secret => "secret",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its title for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Email => "E-mail addresses",
            Self::Phone => "Phone numbers",
            Self::PaymentCard => "Payment cards",
            Self::Iban => "Bank accounts (IBAN)",
            Self::IpAddress => "IP addresses",
            Self::Secret => "Keys and passwords",
        }
    }

    /// What is found, and what is left alone, in a sentence or two.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Email => {
                "Addresses such as jane@example.com, in any script. Left alone: git@host:path, handles such as \
                 @jane@social.example, and addresses spelled out (jane at example dot com)."
            }
            Self::Phone => {
                "Numbers that begin with + and a country's calling code, and those written as in 24 countries. A plain \
                 row of digits counts where the words before it say that it is a phone number."
            }
            Self::PaymentCard => "12 to 19 digits that begin like a network's cards and whose check digit is right.",
            Self::Iban => "Numbers that begin with a country, have its length, and whose check digits are right.",
            Self::IpAddress => {
                "Addresses of version 4 and 6. Left alone: version numbers, and addresses that are nobody's (loopback, \
                 documentation, multicast)."
            }
            Self::Secret => {
                "Keys of services that are known by their beginning, private keys, signed tokens, passwords in \
                 addresses, and values that look random after a name such as api_key or password."
            }
        }
    }
}

/// A place in a text where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where, in bytes of UTF-8.
    pub range: Range<usize>,
    /// What.
    pub kind: Kind,
    /// More about it: the country of a phone number or an account, a card's network, the service that a key opens.
    pub detail: Option<&'static str>,
}

/// Everything of these kinds in a text, in order and without overlaps: of two that share a byte, the more certain is
/// kept, and the longer one of two equally certain.
pub fn find(text: &str, kinds: &[Kind]) -> Vec<Found> {
    let mut candidates = scan::candidates(text, kinds);
    candidates.sort_by_key(|candidate| candidate.found.range.start);
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match kept.last_mut() {
            Some(last) if candidate.found.range.start < last.found.range.end => {
                if candidate.rank() > last.rank() {
                    *last = candidate;
                }
            }
            _ => kept.push(candidate),
        }
    }
    kept.into_iter().map(|candidate| candidate.found).collect()
}

/// Something that may be found, unless a better one is in its place.
struct Candidate {
    found: Found,
    certainty: Certainty,
}

impl Candidate {
    fn new(range: Range<usize>, kind: Kind, detail: Option<&'static str>, certainty: Certainty) -> Self {
        Self { found: Found { range, kind, detail }, certainty }
    }

    fn rank(&self) -> (Certainty, usize) {
        (self.certainty, self.found.range.len())
    }
}

/// How a candidate is known, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    /// By the words before it.
    Words,
    /// By how it is laid out.
    Layout,
    /// By a check digit, or by what it begins with and how long it is.
    Checked,
    /// By what nothing else begins with.
    Unmistakable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is found of all kinds, as kinds and texts.
    pub(super) fn all_in(text: &str) -> Vec<(Kind, &str)> {
        find(text, &Kind::ALL).into_iter().map(|found| (found.kind, &text[found.range])).collect()
    }

    #[test]
    fn kinds_have_names_that_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.name()));
        }
    }

    #[test]
    fn only_what_is_asked_for_is_found() {
        let text = "jane@example.com, +44 20 7946 0958";
        assert_eq!(find(text, &[Kind::Phone]).len(), 1);
        assert!(find(text, &[Kind::Iban]).is_empty());
        assert!(find(text, &[]).is_empty());
    }

    #[test]
    fn the_more_certain_of_two_is_kept() {
        assert_eq!(all_in("password = jane.doe77@example.com"), [(Kind::Email, "jane.doe77@example.com")]);
        assert_eq!(all_in("phone: 4111 1111 1111 1111"), [(Kind::PaymentCard, "4111 1111 1111 1111")]);
        let key = format!("api_key={}", ["sk_", "live_", "4eC39HqLyjWDarjtT1zdp7dc"].concat());
        let found = find(&key, &Kind::ALL);
        assert_eq!((found.len(), found[0].detail), (1, Some("Stripe")));
    }

    /// Each of these once took time that grows with the square of the length, or could.
    #[test]
    fn no_text_takes_much_longer_than_others() {
        for part in [
            "a@",
            "@",
            "eyJ-",
            "-eyJ",
            "1 ",
            "1.",
            "12 34 ",
            "::",
            "a:",
            "a=",
            "password=",
            "-----BEGIN PRIVATE KEY-----",
            "[EMAIL_1",
            "sk-",
            "(1",
            "+1 ",
            "00",
            "AKIA",
            "é@é.",
            "://a:b",
        ] {
            let text = part.repeat(200_000 / part.len());
            let start = std::time::Instant::now();
            find(&text, &Kind::ALL);
            assert!(start.elapsed().as_secs() < 10, "{part}");
        }
    }

    proptest! {
        /// Whatever the text: no panic, ranges on whole characters, in order.
        #[test]
        fn any_text_can_be_searched(
            text in r"([ \n.,:=/()'\x22\[\]+-]|[0-9]{1,5}|[a-z@A-Z]{1,4}|::|@|é|日本|password|eyJ|sk-|\u{a0}|-----BEGIN |\PC){0,40}",
        ) {
            let mut end = 0;
            for found in find(&text, &Kind::ALL) {
                prop_assert!(found.range.start >= end && found.range.start < found.range.end);
                prop_assert!(text.get(found.range.clone()).is_some());
                end = found.range.end;
            }
        }
    }
}
