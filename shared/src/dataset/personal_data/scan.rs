//! The one pass over a text: it stops only at bytes that something can be recognized by.

use super::{Candidate, Kind, email, iban, ip_address, payment_card, phone, secrets};

/// What a byte can be part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nothing that is looked for.
    Plain,
    /// A number: a phone, a card, an account, an address of version 4.
    Digit,
    /// An e-mail address, or a password in another address.
    At,
    /// An address of version 6, or a name and its value.
    Colon,
    /// A name and its value.
    Equals,
    /// A character that only the beginnings of keys have, all but.
    Key,
}

const SIGNS: [Sign; 256] = {
    let mut signs = [Sign::Plain; 256];
    let mut byte = b'0';
    while byte <= b'9' {
        signs[byte as usize] = Sign::Digit;
        byte += 1;
    }
    let mut place = 0;
    while place < secrets::KEY_SIGNS.len() {
        signs[secrets::KEY_SIGNS[place] as usize] = Sign::Key;
        place += 1;
    }
    signs[b'@' as usize] = Sign::At;
    signs[b':' as usize] = Sign::Colon;
    signs[b'=' as usize] = Sign::Equals;
    signs
};

/// Everything that may be one of the kinds, in no order.
pub(super) fn candidates(text: &str, kinds: &[Kind]) -> Vec<Candidate> {
    let wanted = Wanted::new(kinds);
    let bytes = text.as_bytes();
    let mut candidates = Vec::new();
    let mut after = 0;
    while let Some(place) = bytes[after..].iter().position(|&byte| SIGNS[usize::from(byte)] != Sign::Plain) {
        let at = after + place;
        after = at + 1;
        match SIGNS[usize::from(bytes[at])] {
            Sign::Plain => {}
            Sign::Digit => {
                while bytes.get(after).is_some_and(u8::is_ascii_digit) {
                    after += 1;
                }
                number(text, at, after, &wanted, &mut candidates);
            }
            Sign::At => {
                if wanted.secret {
                    candidates.extend(secrets::at_sign(text, at));
                }
                if wanted.email {
                    candidates.extend(email::at_sign(text, at));
                }
            }
            Sign::Colon => {
                if wanted.ip_address {
                    candidates.extend(ip_address::at_colon(text, at));
                }
                if wanted.secret {
                    candidates.extend(secrets::at_assignment(text, at));
                }
            }
            Sign::Equals => {
                if wanted.secret {
                    candidates.extend(secrets::at_assignment(text, at));
                }
            }
            Sign::Key => {
                if wanted.secret {
                    candidates.extend(secrets::at_key_sign(text, at));
                }
            }
        }
    }
    candidates
}

/// What may begin at a row of digits.
fn number(text: &str, at: usize, end: usize, wanted: &Wanted, candidates: &mut Vec<Candidate>) {
    if wanted.ip_address && end - at <= 3 {
        candidates.extend(ip_address::at_digits(text, at));
    }
    if wanted.iban && end - at >= 2 {
        candidates.extend(iban::at_digits(text, at));
    }
    if wanted.secret && end - at >= 8 {
        candidates.extend(secrets::at_digits(text, at, end));
    }
    if (wanted.phone || wanted.payment_card) && digits_ahead(text.as_bytes(), at) >= phone::FEWEST_DIGITS {
        if wanted.phone {
            candidates.extend(phone::at_digits(text, at));
        }
        if wanted.payment_card {
            candidates.extend(payment_card::at_digits(text, at));
        }
    }
}

/// How many digits follow with nothing but a separator or two between them, up to as many as a phone number has at least.
fn digits_ahead(bytes: &[u8], at: usize) -> usize {
    let (mut digits, mut others) = (0, 0);
    for byte in &bytes[at..] {
        match byte {
            b'0'..=b'9' => (digits, others) = (digits + 1, 0),
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' | 0x80.. if others < 3 => others += 1,
            _ => break,
        }
        if digits == phone::FEWEST_DIGITS {
            break;
        }
    }
    digits
}

/// Which kinds are asked for.
struct Wanted {
    email: bool,
    phone: bool,
    payment_card: bool,
    iban: bool,
    ip_address: bool,
    secret: bool,
}

impl Wanted {
    fn new(kinds: &[Kind]) -> Self {
        Self {
            email: kinds.contains(&Kind::Email),
            phone: kinds.contains(&Kind::Phone),
            payment_card: kinds.contains(&Kind::PaymentCard),
            iban: kinds.contains(&Kind::Iban),
            ip_address: kinds.contains(&Kind::IpAddress),
            secret: kinds.contains(&Kind::Secret),
        }
    }
}
