//! Phone numbers. With a `+` the calling code names the country, and the number must have its length; without one the
//! number must be laid out as a country writes its own, or come after a word that says what it is. Other numbers after a
//! word such as "order" are left alone, and so are numbers in digits of other scripts.

mod calling_codes;
mod layouts;

use super::context::{Meaning, meaning_before};
use super::{Candidate, Certainty, Kind};

/// With fewer digits nothing is taken for a number.
pub(super) const FEWEST_DIGITS: usize = 7;

/// ITU-T E.164: the most digits of a number.
const MOST_DIGITS: usize = 15;

/// The number whose first digit is at `at`.
pub(super) fn at_digits(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let found = match international(text, at) {
        Some(found) => Some(found),
        None => national(text, at),
    };
    let (start, end, country, certainty) = found?;
    let end = extension_end(bytes, end);
    Some(Candidate::new(start..end, Kind::Phone, country, certainty))
}

type Number = (usize, usize, Option<&'static str>, Certainty);

/// `+44 (0)20 7946 0958`, or with 00 in the place of `+`.
fn international(text: &str, at: usize) -> Option<Number> {
    let bytes = text.as_bytes();
    let has_plus = at > 0 && bytes[at - 1] == b'+';
    let (start, from) = if has_plus { (at - 1, at) } else { (at, at + 2) };
    let has_zeros = bytes[at..].starts_with(b"00") && bytes.get(from) != Some(&b'0') && begins_a_number(bytes, at);
    if !(has_plus || has_zeros) {
        return None;
    }
    let start = if start > 0 && bytes[start - 1] == b'(' { start - 1 } else { start };
    if start > 0 && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b'+' | b'.' | b'_')) {
        return None;
    }
    let groups = Groups::read(bytes, from);
    let country = calling_codes::country(&groups.digits)?;
    let code = country.code.len();
    // The 0 of national numbers should be in parentheses or left out, but many people write it.
    let zero = usize::from(groups.digits.get(code) == Some(&b'0') && country.code != "39");
    if zero == 1 && (country.code == "1" || groups.digits.get(code + 1) == Some(&b'0')) {
        return None;
    }
    let end = groups.ends.iter().rev().find(|(digits, end)| {
        (country.fewest..=country.most + zero).contains(&digits.saturating_sub(code)) && ends_a_number(bytes, *end)
    })?;
    // The parenthesis that was opened before the + must close within.
    let is_closed = bytes[start] != b'(' || bytes[start..end.1].contains(&b')');
    let start = if is_closed { start } else { start + 1 };
    let (certainty, is_number) = if has_plus {
        (Certainty::Checked, true)
    } else {
        let is_separated = groups.ends.len() > 2;
        (Certainty::Layout, is_separated || meaning_before(text, start) == Some(Meaning::Phone))
    };
    is_number.then_some((start, end.1, Some(country.name), certainty))
}

/// As countries write their own.
fn national(text: &str, at: usize) -> Option<Number> {
    let bytes = text.as_bytes();
    let start = if at > 0 && bytes[at - 1] == b'(' { at - 1 } else { at };
    // One number among many in a row of them is none.
    let is_in_row = start >= 2 && bytes[start - 1] == b' ' && bytes[start - 2].is_ascii_digit();
    if !begins_a_number(bytes, start) || is_in_row || is_zip_code(text, at) {
        return None;
    }
    let meaning = meaning_before(text, start);
    if matches!(meaning, Some(Meaning::Other | Meaning::Card | Meaning::Version)) {
        return None;
    }
    let is_plain = is_plain_number(text, at);
    let mut longest: Option<Number> = None;
    let mut countries = 0;
    for country in &layouts::COUNTRIES {
        let with_word = if meaning == Some(Meaning::Phone) || is_plain { country.with_word } else { &[] };
        let sizes = (country.fewest, country.most);
        let end_from = |from| {
            country.certain.iter().chain(with_word).filter_map(|layout| match_layout(layout, bytes, from, sizes)).max()
        };
        // A number after a parenthesis may be laid out with or without it.
        let with_parenthesis = if start < at { end_from(start) } else { None };
        let (from, end) = match (with_parenthesis, end_from(at)) {
            (Some(with), without) if without.is_none_or(|without| with >= without) => (start, with),
            (_, Some(without)) => (at, without),
            _ => continue,
        };
        if longest.is_none_or(|(_, other, ..)| end > other) {
            longest = Some((from, end, Some(country.name), Certainty::Layout));
            countries = 1;
        } else if longest.is_some_and(|(_, other, ..)| end == other) {
            countries += 1;
        }
    }
    if let Some((start, end, name, certainty)) = longest {
        let name = if countries == 1 { name } else { Some("one of several countries") };
        return Some((start, end, name, certainty));
    }
    // Where a word says that it is one, any number is.
    let groups = Groups::read(bytes, at);
    let &(_, end) = groups
        .ends
        .iter()
        .rev()
        .find(|(digits, end)| (FEWEST_DIGITS..=MOST_DIGITS - 2).contains(digits) && ends_a_number(bytes, *end))?;
    if groups.are_date_or_amount() {
        return None;
    }
    let is_in_parentheses = bytes[start] == b'(' && bytes[at..end].contains(&b')');
    let start = if is_in_parentheses { start } else { at };
    (meaning == Some(Meaning::Phone)).then_some((start, end, None, Certainty::Words))
}

/// MA 02111-1307: where a place in the United States is, with its state before it.
fn is_zip_code(text: &str, at: usize) -> bool {
    let state = text.as_bytes()[..at].trim_ascii_end();
    let has_state = state.len() < at
        && matches!(state, [.., one, other] if one.is_ascii_uppercase() && other.is_ascii_uppercase())
        && !state.get(..state.len() - 2).is_some_and(|rest| rest.last().is_some_and(u8::is_ascii_alphanumeric));
    let code = Groups::read(text.as_bytes(), at);
    has_state && matches!(*code.ends, [(5, _), (9, _), ..]) && text.as_bytes().get(at + 5) == Some(&b'-')
}

/// Whether digits without separators are a phone number even without a word before them: with the 0 of national
/// numbers, or a mobile phone's in Chinese text, where these are always written so.
fn is_plain_number(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let length = bytes[at..].iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    let digits = &bytes[at..at + length];
    match digits {
        [b'0', b'1'..=b'9', ..] => matches!(length, 10 | 11) && !is_isbn(digits) && digits != b"0123456789",
        [b'1', b'3'..=b'9', ..] if length == 11 => {
            let is_chinese = |letter: char| matches!(letter, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
            text[..at].trim_end_matches(' ').ends_with(is_chinese)
                || text[at + length..].trim_start_matches(' ').starts_with(is_chinese)
        }
        _ => false,
    }
}

/// Whether ten digits have the check digit of an ISBN (ISO 2108:1992): weights of ten to one, divisible by eleven.
fn is_isbn(digits: &[u8]) -> bool {
    let weighted = digits.iter().zip((1..=10_u32).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight);
    digits.len() == 10 && weighted.sum::<u32>().is_multiple_of(11)
}

/// Where a number of that layout ends, if one begins at `start`.
fn match_layout(layout: &str, bytes: &[u8], start: usize, (fewest, most): (usize, usize)) -> Option<usize> {
    let mut at = start;
    let mut digits = 0;
    let mut has_spaces = false;
    for sign in layout.bytes() {
        let byte = bytes.get(at).copied();
        let is_digit_from = |least: u8| byte.is_some_and(|byte| (least..=b'9').contains(&byte));
        let taken = match sign {
            b'X' => is_digit_from(b'0'),
            b'Z' => is_digit_from(b'1'),
            b'N' => is_digit_from(b'2'),
            b'K' => is_digit_from(b'3'),
            b'M' => is_digit_from(b'6'),
            b' ' | b'~' => {
                let length = separator_length(&bytes[at..]);
                has_spaces |= length == 1 && byte == Some(b' ');
                at += length;
                if length == 0 && sign == b' ' {
                    return None;
                }
                continue;
            }
            b'#' => {
                let row = bytes[at..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
                if !(5..=8).contains(&row) {
                    return None;
                }
                (at, digits) = (at + row, digits + row);
                continue;
            }
            b'*' => {
                let groups = Groups::read(bytes, at);
                let is_end = |&&(count, end): &&(usize, usize)| {
                    count >= 4 && (fewest..=most).contains(&(digits + count)) && ends_a_number(bytes, end)
                };
                return groups.ends.iter().rev().find(is_end).map(|&(_, end)| end);
            }
            _ => byte == Some(sign),
        };
        if !taken {
            return None;
        }
        digits += usize::from(byte.is_some_and(|byte| byte.is_ascii_digit()));
        at += 1;
    }
    // One number among many in a row of them is none.
    let is_in_row = has_spaces && bytes[at..].starts_with(b" ") && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    (ends_a_number(bytes, at) && (fewest..=most).contains(&digits) && !is_in_row).then_some(at)
}

/// Digits, and where each group of them ends.
struct Groups {
    digits: Vec<u8>,
    /// Digits up to there, and the place.
    ends: Vec<(usize, usize)>,
}

impl Groups {
    fn read(bytes: &[u8], from: usize) -> Self {
        let mut groups = Self { digits: Vec::with_capacity(MOST_DIGITS), ends: Vec::new() };
        let mut at = from;
        loop {
            let row = bytes[at..].iter().take(MOST_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
            groups.digits.extend_from_slice(&bytes[at..at + row]);
            at += row;
            if row == 0 || groups.digits.len() > MOST_DIGITS + 1 {
                break;
            }
            groups.ends.push((groups.digits.len(), at));
            let mut next = at;
            next += usize::from(bytes.get(next) == Some(&b')'));
            next += separator_length(&bytes[next..]);
            next += usize::from(bytes.get(next) == Some(&b'('));
            if next == at {
                break;
            }
            at = next;
        }
        groups
    }

    /// Days, ranges of years and large amounts, which also come after words such as "call".
    fn are_date_or_amount(&self) -> bool {
        let mut before = 0;
        let lengths: Vec<usize> = self
            .ends
            .iter()
            .map(|&(digits, _)| std::mem::replace(&mut before, digits))
            .zip(&self.ends)
            .map(|(from, (to, _))| to - from)
            .collect();
        match *lengths {
            [4, 4] => self.digits.chunks(4).all(|year| matches!(year[0], b'1' | b'2')),
            [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..] => true,
            [1..=2, 3, 3, ..] => lengths[1..].iter().all(|length| *length == 3),
            _ => false,
        }
    }
}

/// The bytes of one separator: a space, a hyphen, a dot, a slash, or spaces and hyphens that don't break.
fn separator_length(bytes: &[u8]) -> usize {
    match bytes {
        [b' ' | b'-' | b'.' | b'/', ..] => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0xaf | 0x90..=0x93, ..] => 3,
        _ => 0,
    }
}

/// Whether a number can begin at `at`: not in the middle of a word, of a longer number, or of a decimal.
pub(super) fn begins_a_number(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|place| bytes[place]) else { return true };
    let is_joint = matches!(before, b'.' | b'-' | b'/' | b',' | b':' | b')');
    let is_joined = is_joint && at >= 2 && bytes[at - 2].is_ascii_alphanumeric();
    !(before.is_ascii_alphanumeric()
        || matches!(before, b'_' | b'+' | b'$' | b'#' | b'%')
        || (is_joined && (before != b':' || bytes[at - 2].is_ascii_digit())))
}

/// Whether a number can end at `end`.
pub(super) fn ends_a_number(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        None => true,
        Some(b'x') => bytes.get(end + 1).is_some_and(u8::is_ascii_digit),
        Some(b'.' | b'-' | b'/' | b',' | b':') => !bytes.get(end + 1).is_some_and(u8::is_ascii_digit),
        Some(byte) => !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%')),
    }
}

/// With the extension that follows: x123, ext. 123.
fn extension_end(bytes: &[u8], end: usize) -> usize {
    let rest = &bytes[end..];
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let Some(rest) = [&b"x"[..], b"ext. ", b"ext.", b"ext ", b"Ext. ", b"extension "]
        .iter()
        .find_map(|word| rest.strip_prefix(*word))
    else {
        return end;
    };
    let digits = rest.iter().take(7).take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=6).contains(&digits) { bytes.len() - rest.len() + digits } else { end }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, find};

    fn phones(text: &str) -> Vec<(&str, Option<&'static str>)> {
        find(text, &[Kind::Phone]).into_iter().map(|found| (&text[found.range], found.detail)).collect()
    }

    #[test]
    fn the_calling_code_names_the_country() {
        for (number, country) in [
            ("+44 20 7946 0958", "United Kingdom"),
            ("+44(0)1632960001", "United Kingdom"),
            ("+49 (0)30 1234567", "Germany"),
            ("+33 (0)1 23 45 67 89", "France"),
            ("+1-581-896-0013x3890", "United States, Canada or Caribbean"),
            ("001-581-896-0013", "United States, Canada or Caribbean"),
            ("+81 90-1234-5678", "Japan"),
            ("+55 11 91234-5678", "Brazil"),
            ("+39 06 12345678", "Italy"),
            ("(+351) 912 345 678", "Portugal"),
            ("+919876543210", "India"),
            ("+86 138 1234 5678", "China"),
            ("+44 0207 946 0958", "United Kingdom"),
        ] {
            assert_eq!(phones(&format!("Ring {number}, please.")), [(number, Some(country))]);
        }
    }

    #[test]
    fn national_numbers_are_laid_out_as_at_home() {
        for number in [
            "(555) 234-5678",
            "555-234-5678",
            "555.234.5678 ext. 12",
            "1-800-234-5678",
            "020 7946 0958",
            "(01632) 960001",
            "07700900123",
            "030 1234567",
            "0171/1234567",
            "06 12 34 56 78",
            "612 34 56 78",
            "347 1234567",
            "090-1234-5678",
            "03-1234-5678",
            "(11) 91234-5678",
            "98765 43210",
            "138 1234 5678",
            "010-12345678",
            "8 (495) 123-45-67",
            "0532 123 45 67",
            "010-1234-5678",
        ] {
            let found = phones(&format!("It is {number}."))
                .into_iter()
                .map(|(number, _)| number.to_owned())
                .collect::<Vec<_>>();
            assert_eq!(found, [number]);
        }
    }

    #[test]
    fn rows_of_digits_need_a_word_before_them() {
        assert_eq!(phones("Call me: 5552345678"), [("5552345678", Some("one of several countries"))]);
        assert_eq!(phones("手机号13812345678。"), [("13812345678", Some("one of several countries"))]);
        assert!(phones("The answer is 5552345678").is_empty());
        assert!(phones("Order 555-234-5678").is_empty());
        assert_eq!(phones("C'est bien 0155796671 ?").len(), 1);
        assert_eq!(phones("我的资料：18273866810。").len(), 1);
        assert!(phones("call between 1938–1942, on 2024-03-01 or for 1.234.567").is_empty());
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "2024-01-15 10:30:00",
            "01/02/2024",
            "ISBN 978-3-16-148410-0",
            "0-306-40615-2",
            "$1,234,567.89",
            "1 234 567 890",
            "192.168.100.200",
            "1700000000",
            "3.14159265358979",
            "114-3941689-8772232",
            "123-45-6789",
            "12345-6789",
            "550e8400-e29b-41d4-a716-446655440000",
            "+1234567890",
            "10 20 30 40 50 60",
            "01 02 03 04 05 06",
            "x = +5000000000",
            "Boston, MA 02111-1307",
            "0x1234567890",
            "2021/555-1234",
            "978-555-234-5678",
            "1990-2000 2010-2020",
        ] {
            assert!(phones(text).is_empty(), "{text}: {:?}", phones(text));
        }
    }
}
