//! The words before a number, which often say what it is.

use std::collections::HashMap;
use std::sync::LazyLock;

/// So many bytes before a number can say what it is.
const REACH_BYTES: usize = 48;

/// What the words before a number say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A telephone number.
    Phone,
    /// A payment card.
    Card,
    /// The address of a machine.
    Machine,
    /// The version of a program, or a place in a document.
    Version,
    /// The number of something else: an order, a book.
    Other,
}

/// Words in small letters that stand alone.
#[rustfmt::skip]
const WORDS: [(Meaning, &[&str]); 5] = [
    (
        Meaning::Phone,
        &[
            "phone", "phones", "telephone", "phonenumber", "tel", "telno", "call", "calling", "mobile", "cell",
            "cellphone", "fax", "sms", "whatsapp", "dial", "hotline", "contact",
            // German
            "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "rufnummer", "rückruf",
            "anrufen", "erreichbar", "durchwahl",
            // French
            "téléphone", "téléphoner", "portable", "appeler", "appelez", "joindre", "joignable", "tél",
            // Spanish, Portuguese, Italian
            "teléfono", "telefono", "móvil", "movil", "llámame", "llame", "llamar", "celular", "telefone", "ligue",
            "ligar", "telemóvel", "cellulare", "chiamare", "chiama", "chiamami", "recapito",
            // Others
            "telefoon", "mobiel", "telefonu", "telefonum", "telefoni", "puhelin", "puh", "telefonen", "tlf", "тел",
            "телефон", "телефону", "звоните",
        ],
    ),
    (
        Meaning::Card,
        &[
            "card", "cards", "visa", "mastercard", "maestro", "amex", "credit", "debit", "payment", "pan", "cc",
            "karte", "kreditkarte", "kartennummer", "carte", "tarjeta", "cartão", "carta",
        ],
    ),
    (
        Meaning::Machine,
        &[
            "ip", "ipv", "ips", "host", "server", "address", "dns", "ping", "client", "gateway", "subnet",
            "nameserver", "resolver", "from", "http", "https", "ssh", "adresse", "dirección", "endereço",
            "indirizzo",
        ],
    ),
    (
        Meaning::Version,
        &[
            "version", "versions", "ver", "v", "release", "build", "firmware", "driver", "update", "section",
            "chapter", "revision", "rev", "oid", "objectidentifier", "assembly", "sdk", "patch", "upgrade", "clause", "paragraph",
            "kapitel", "abschnitt", "versión", "versão", "versione",
        ],
    ),
    (
        Meaning::Other,
        &[
            "isbn", "issn", "ean", "upc", "gtin", "order", "orders", "invoice", "ticket", "case", "ref",
            "reference", "serial", "sku", "part", "model", "tracking", "shipment", "article", "item", "id", "ids",
            "doi", "arxiv", "pmid", "patent", "timestamp", "epoch", "seed", "batch", "lot", "policy", "contract",
            "parcel", "bestellung", "bestellnummer", "rechnung", "rechnungsnummer", "auftrag", "artikelnummer",
            "kundennummer", "commande", "facture", "référence", "dossier", "pedido", "factura", "fatura",
            "referencia", "ordine", "fattura",
        ],
    ),
];

/// Signs, and words of scripts that put no spaces between words or whose marks are no letters: anywhere.
#[rustfmt::skip]
const SIGNS: [(Meaning, &[&str]); 5] = [
    (
        Meaning::Phone,
        &[
            "電話", "携帯", "連絡先", "でんわ", "手机", "电话", "致电", "拨打", "联系", "手機", "전화", "휴대폰", "연락처", "मोबाइल", "फोन",
            "फ़ोन", "कॉल", "संपर्क", "☎", "📞", "📱", "✆",
        ],
    ),
    (Meaning::Card, &["カード", "कार्ड", "银行卡", "信用卡"]),
    (Meaning::Machine, &["アドレス", "地址", "पता"]),
    (Meaning::Version, &["バージョン", "版本", "संस्करण", "§", "==", ">=", "<=", "~=", "^", "~>"]),
    (Meaning::Other, &["注文", "订单", "编号", "請求書", "ऑर्डर", "#", "№", "n°", "$", "€", "£", "¥", "₹"]),
];

/// Words that say something else within a name such as `SET_CALL`.
const VERBS: [&str; 5] = ["call", "calling", "dial", "contact", "sms"];

/// What one letter and a mark say right before a number, in signatures.
const LETTERS: [&str; 8] = ["t:", "m:", "p:", "f:", "t.", "m.", "p.", "f."];

/// Scripts from here on put no spaces between words.
const WITHOUT_SPACES: char = '\u{3000}';

/// What the nearest such word before `at`, on its line, says.
pub(super) fn meaning_before(text: &str, at: usize) -> Option<Meaning> {
    let mut from = at.saturating_sub(REACH_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let line = text[from..at].rfind('\n').map_or(from, |newline| from + newline + 1);
    let before = text[line..at].to_lowercase();
    let trimmed = before.trim_end();
    if LETTERS
        .iter()
        .any(|letter| trimmed.strip_suffix(letter).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric)))
    {
        return Some(Meaning::Phone);
    }
    let word = nearest_word(&before);
    let is_ascii = before.is_ascii();
    let sign = SIGNS
        .iter()
        .flat_map(|(meaning, signs)| signs.iter().map(move |sign| (sign, *meaning)))
        .filter(|(sign, _)| !is_ascii || sign.is_ascii())
        .filter_map(|(sign, meaning)| Some((last_end(before.as_bytes(), sign.as_bytes())?, meaning)))
        .max_by_key(|(end, _)| *end);
    let nearest = [word, sign].into_iter().flatten().max_by_key(|(end, _)| *end);
    nearest.map(|(_, meaning)| meaning)
}

/// What each word says.
static MEANINGS: LazyLock<HashMap<&str, Meaning>> =
    LazyLock::new(|| WORDS.iter().flat_map(|(meaning, words)| words.iter().map(|word| (*word, *meaning))).collect());

/// Where the last known word ends, and what it says.
fn nearest_word(text: &str) -> Option<(usize, Meaning)> {
    let is_letter = |letter: char| letter.is_alphabetic() && letter < WITHOUT_SPACES;
    let mut end = text.len();
    while let Some(last) = text[..end].rfind(is_letter) {
        let word_end = last + text[last..].chars().next().map_or(1, char::len_utf8);
        let start = text[..last]
            .rfind(|letter| !is_letter(letter))
            .map_or(0, |place| place + text[place..].chars().next().map_or(1, char::len_utf8));
        let word = &text[start..word_end];
        let is_of_name = text[..start].ends_with('_') && VERBS.contains(&word);
        if let Some(meaning) = MEANINGS.get(word).filter(|_| !is_of_name) {
            return Some((word_end, *meaning));
        }
        end = start;
    }
    None
}

/// Where the sign ends, where it comes last.
fn last_end(text: &[u8], sign: &[u8]) -> Option<usize> {
    text.windows(sign.len()).rposition(|window| window == sign).map(|start| start + sign.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_says_what_a_number_is() {
        let meaning = |text: &str| meaning_before(text, text.len());
        assert_eq!(meaning("Order by phone: "), Some(Meaning::Phone));
        assert_eq!(meaning("Call about order #"), Some(Meaning::Other));
        assert_eq!(meaning("the hotel has "), None);
        assert_eq!(meaning("電話は"), Some(Meaning::Phone));
        assert_eq!(meaning("phone\n"), None);
        assert_eq!(meaning("SET_CALL: u32 = "), None);
        assert_eq!(meaning("\"phone_number\": \""), Some(Meaning::Phone));
        assert_eq!(meaning("{\"customerPhone\": "), None);
        assert_eq!(meaning("T: "), Some(Meaning::Phone));
        assert_eq!(meaning("cost: $"), Some(Meaning::Other));
    }
}
