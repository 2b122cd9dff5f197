//! Numbers of payment cards (ISO/IEC 7812): 12 to 19 digits that begin as a network's do, with the check digit of Luhn.
//! Digits stand together or in groups of a card's layout.

use super::context::{Meaning, meaning_before};
use super::{Candidate, Certainty, Kind};

/// A range of first digits that a network's cards have.
struct Network {
    name: &'static str,
    /// The first and the last beginning, of as many digits each.
    first: u32,
    last: u32,
    lengths: &'static [usize],
}

const fn network(name: &'static str, first: u32, last: u32, lengths: &'static [usize]) -> Network {
    Network { name, first, last, lengths }
}

/// Issuer identification numbers as the networks publish them; where two networks share a range, the first here names it.
const NETWORKS: [Network; 34] = [
    network("American Express", 34, 34, &[15]),
    network("American Express", 37, 37, &[15]),
    network("Mir", 2200, 2204, &[16, 17, 18, 19]),
    network("Mastercard", 51, 55, &[16]),
    network("Mastercard", 2221, 2720, &[16]),
    network("Diners Club", 300, 305, &[14, 16]),
    network("Diners Club", 3095, 3095, &[14, 16]),
    network("Diners Club", 36, 36, &[14, 16]),
    network("Diners Club", 38, 39, &[14, 16]),
    network("JCB", 3528, 3589, &[16]),
    network("JCB", 2131, 2131, &[15]),
    network("JCB", 1800, 1800, &[15]),
    network("Visa", 4, 4, &[13, 16, 19]),
    network("Discover", 6011, 6011, &[16, 19]),
    network("Discover", 644, 649, &[16, 19]),
    network("Discover", 65, 65, &[16, 19]),
    network("UnionPay", 62, 62, &[16, 17, 18, 19]),
    network("UnionPay", 81, 81, &[16, 17, 18, 19]),
    network("Maestro", 5018, 5018, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 5020, 5020, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 5038, 5038, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 5612, 5612, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 5893, 5893, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 6304, 6304, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 6390, 6390, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 6759, 6759, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 6761, 6763, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Maestro", 604, 604, &[12, 13, 14, 15, 16, 17, 18, 19]),
    network("Verve", 506_099, 506_198, &[16, 18, 19]),
    network("Elo", 636_368, 636_368, &[16]),
    network("Elo", 509_000, 509_999, &[16]),
    network("RuPay", 508_500, 508_999, &[16]),
    network("RuPay", 60, 60, &[16]),
    network("Troy", 9792, 9792, &[16]),
];

/// Groups that cards are printed in.
const LAYOUTS: [&[usize]; 5] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 4, 2]];

/// The card that begins at the digit at `at`.
pub(super) fn at_digits(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    if !super::phone::begins_a_number(bytes, at) {
        return None;
    }
    let mut digits: Vec<u8> = Vec::with_capacity(19);
    let mut groups: Vec<usize> = Vec::with_capacity(5);
    let mut separator = None;
    let mut end = at;
    loop {
        let group = bytes[end..].iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
        digits.extend(bytes[end..end + group].iter().map(|byte| byte - b'0'));
        groups.push(group);
        end += group;
        if digits.len() > 19 {
            return None;
        }
        let next = bytes.get(end).copied().filter(|byte| matches!(byte, b' ' | b'-'));
        let goes_on = bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
            && next.is_some()
            && separator.is_none_or(|separator| next == Some(separator))
            && (3..=6).contains(&group);
        if !goes_on {
            break;
        }
        separator = next;
        end += 1;
    }
    let network = network_of(&digits)?;
    let is_laid_out = groups.len() == 1 || LAYOUTS.contains(&&*groups);
    if !is_laid_out || !super::phone::ends_a_number(bytes, end) || !has_check_digit(&digits) {
        return None;
    }
    // Visa's cards of 13 digits are as long as the numbers of articles, which have a check digit of their own.
    let needs_word = digits.len() == 13 && is_article(&digits);
    let is_card = match meaning_before(text, at) {
        Some(Meaning::Card) => true,
        Some(Meaning::Other) => false,
        _ => !needs_word,
    };
    is_card.then(|| Candidate::new(at..end, Kind::PaymentCard, Some(network), Certainty::Checked))
}

fn network_of(digits: &[u8]) -> Option<&'static str> {
    let beginning =
        |figures: u32| digits.iter().take(figures as usize).fold(0, |number, &digit| number * 10 + u32::from(digit));
    NETWORKS
        .iter()
        .find(|network| {
            let figures = network.first.ilog10() + 1;
            network.lengths.contains(&digits.len()) && (network.first..=network.last).contains(&beginning(figures))
        })
        .map(|network| network.name)
}

/// Luhn's check (ISO/IEC 7812-1, annex B). Cards of few different digits are nobody's.
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let doubled = u32::from(digit) * if place % 2 == 1 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != digits[0])
}

/// Whether the check digit of a GTIN-13, which an EAN and an ISBN are, is right (GS1 General Specifications, 7.9).
fn is_article(digits: &[u8]) -> bool {
    let weighted =
        digits.iter().enumerate().map(|(place, &digit)| u32::from(digit) * if place % 2 == 1 { 3 } else { 1 });
    weighted.sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, find};

    fn card(text: &str) -> Option<(&str, &'static str)> {
        let found = find(text, &[Kind::PaymentCard]);
        assert!(found.len() <= 1);
        found.first().map(|found| (&text[found.range.clone()], found.detail.unwrap()))
    }

    #[test]
    fn the_networks_test_numbers_are_found() {
        for (number, network) in [
            ("4111 1111 1111 1111", "Visa"),
            ("4242424242424242", "Visa"),
            ("5555-5555-5555-4444", "Mastercard"),
            ("2223003122003222", "Mastercard"),
            ("3782 822463 10005", "American Express"),
            ("6011111111111117", "Discover"),
            ("3056 930902 5904", "Diners Club"),
            ("3566002020360505", "JCB"),
            ("6200000000000005", "UnionPay"),
        ] {
            assert_eq!(card(&format!("Paid with {number}.")), Some((number, network)));
        }
        assert_eq!(card("Visa card 4222222222222"), Some(("4222222222222", "Visa")));
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "4111 1111 1111 1112",
            "order 4111111111111111",
            "4006381330060", // an article's, by chance with Luhn's digit too
            "0.4111111111111111",
            "a4111111111111111",
            "41111111111111110000",
            "4111 11111111 1111",
            "1700000000000",
        ] {
            assert_eq!(card(text), None, "{text}");
        }
    }
}
