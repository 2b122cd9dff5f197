//! Bank accounts in the form of ISO 13616: a country, two check digits, and as many characters as the country says.
//! Numbers in small letters are not looked for.

use super::{Candidate, Certainty, Kind};

/// Countries, and how long their numbers are: SWIFT's IBAN registry.
const COUNTRIES: [(&str, usize, &str); 89] = [
    ("AD", 24, "Andorra"),
    ("AE", 23, "United Arab Emirates"),
    ("AL", 28, "Albania"),
    ("AT", 20, "Austria"),
    ("AZ", 28, "Azerbaijan"),
    ("BA", 20, "Bosnia and Herzegovina"),
    ("BE", 16, "Belgium"),
    ("BG", 22, "Bulgaria"),
    ("BH", 22, "Bahrain"),
    ("BI", 27, "Burundi"),
    ("BR", 29, "Brazil"),
    ("BY", 28, "Belarus"),
    ("CH", 21, "Switzerland"),
    ("CR", 22, "Costa Rica"),
    ("CY", 28, "Cyprus"),
    ("CZ", 24, "Czechia"),
    ("DE", 22, "Germany"),
    ("DJ", 27, "Djibouti"),
    ("DK", 18, "Denmark"),
    ("DO", 28, "Dominican Republic"),
    ("EE", 20, "Estonia"),
    ("EG", 29, "Egypt"),
    ("ES", 24, "Spain"),
    ("FI", 18, "Finland"),
    ("FK", 18, "Falkland Islands"),
    ("FO", 18, "Faroe Islands"),
    ("FR", 27, "France"),
    ("GB", 22, "United Kingdom"),
    ("GE", 22, "Georgia"),
    ("GI", 23, "Gibraltar"),
    ("GL", 18, "Greenland"),
    ("GR", 27, "Greece"),
    ("GT", 28, "Guatemala"),
    ("HN", 28, "Honduras"),
    ("HR", 21, "Croatia"),
    ("HU", 28, "Hungary"),
    ("IE", 22, "Ireland"),
    ("IL", 23, "Israel"),
    ("IQ", 23, "Iraq"),
    ("IS", 26, "Iceland"),
    ("IT", 27, "Italy"),
    ("JO", 30, "Jordan"),
    ("KW", 30, "Kuwait"),
    ("KZ", 20, "Kazakhstan"),
    ("LB", 28, "Lebanon"),
    ("LC", 32, "Saint Lucia"),
    ("LI", 21, "Liechtenstein"),
    ("LT", 20, "Lithuania"),
    ("LU", 20, "Luxembourg"),
    ("LV", 21, "Latvia"),
    ("LY", 25, "Libya"),
    ("MC", 27, "Monaco"),
    ("MD", 24, "Moldova"),
    ("ME", 22, "Montenegro"),
    ("MK", 19, "North Macedonia"),
    ("MN", 20, "Mongolia"),
    ("MR", 27, "Mauritania"),
    ("MT", 31, "Malta"),
    ("MU", 30, "Mauritius"),
    ("NI", 28, "Nicaragua"),
    ("NL", 18, "Netherlands"),
    ("NO", 15, "Norway"),
    ("OM", 23, "Oman"),
    ("PK", 24, "Pakistan"),
    ("PL", 28, "Poland"),
    ("PS", 29, "Palestine"),
    ("PT", 25, "Portugal"),
    ("QA", 29, "Qatar"),
    ("RO", 24, "Romania"),
    ("RS", 22, "Serbia"),
    ("RU", 33, "Russia"),
    ("SA", 24, "Saudi Arabia"),
    ("SC", 31, "Seychelles"),
    ("SD", 18, "Sudan"),
    ("SE", 24, "Sweden"),
    ("SI", 19, "Slovenia"),
    ("SK", 24, "Slovakia"),
    ("SM", 27, "San Marino"),
    ("SO", 23, "Somalia"),
    ("ST", 25, "São Tomé and Príncipe"),
    ("SV", 28, "El Salvador"),
    ("TL", 23, "East Timor"),
    ("TN", 24, "Tunisia"),
    ("TR", 26, "Turkey"),
    ("UA", 29, "Ukraine"),
    ("VA", 22, "Vatican City"),
    ("VG", 24, "British Virgin Islands"),
    ("XK", 20, "Kosovo"),
    ("YE", 30, "Yemen"),
];

/// The account whose check digits are at `at`.
pub(super) fn at_digits(text: &str, at: usize) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let start = at.checked_sub(2)?;
    let code = text.get(start..at)?;
    let &(_, length, country) = COUNTRIES.iter().find(|(other, ..)| *other == code)?;
    if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
        return None;
    }
    let mut number = [0; 34];
    let (mut characters, mut end) = (0, start);
    while characters < length {
        let byte = *bytes.get(end)?;
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            number[characters] = byte;
            characters += 1;
        } else if !matches!(byte, b' ' | b'-') || !characters.is_multiple_of(4) {
            return None;
        }
        end += 1;
    }
    let goes_on = bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (!goes_on && is_checked(&number[..length]))
        .then(|| Candidate::new(start..end, Kind::Iban, Some(country), Certainty::Unmistakable))
}

/// ISO 7064, mod 97-10: the first four characters moved to the end, letters as 10 to 35, the whole leaves 1.
fn is_checked(number: &[u8]) -> bool {
    let (first, rest) = number.split_at(4);
    let rest_of = rest.iter().chain(first).fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    rest_of == 1
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, find};
    use super::*;

    #[test]
    fn the_registrys_examples_are_found_in_both_forms() {
        for (number, country) in [
            ("DE89 3704 0044 0532 0130 00", "Germany"),
            ("GB29NWBK60161331926819", "United Kingdom"),
            ("FR14 2004 1010 0505 0001 3M02 606", "France"),
            ("NO9386011117947", "Norway"),
            ("MT84MALT011000012345MTLCAST001S", "Malta"),
            ("BR1800360305000010009795493C1", "Brazil"),
        ] {
            let text = format!("IBAN: {number}, thanks");
            let found = find(&text, &Kind::ALL);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((&text[found[0].range.clone()], found[0].detail), (number, Some(country)));
        }
    }

    #[test]
    fn wrong_check_digits_and_lengths_are_none() {
        for text in
            ["DE88370400440532013000", "DE8937040044053201300", "DE893704004405320130001", "XDE89370400440532013000"]
        {
            assert!(find(text, &[Kind::Iban]).is_empty(), "{text}");
        }
    }

    #[test]
    fn countries_are_in_order_and_fit() {
        assert!(COUNTRIES.is_sorted_by(|one, other| one.0 < other.0));
        assert!(COUNTRIES.iter().all(|(_, length, _)| (15..=34).contains(length)));
    }
}
