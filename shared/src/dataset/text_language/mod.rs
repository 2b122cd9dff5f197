//! Which language a text is in, where that can be known: scripts and trigrams of [`whatlang`], which is Rust alone, works
//! in browsers, needs no model to load and is small; finer judges bring megabytes of tables. Short texts, code and texts
//! that resemble two languages have no answer.

mod codes;

use whatlang::{Info, Script};

/// So much of a text is looked at, in bytes.
pub const MOST_BYTES: usize = 2_048;

/// Letters of an alphabet that an answer needs; fewer resemble too many languages.
const FEWEST_LETTERS: usize = 40;
/// The same for scripts of one language or two.
const FEWEST_SIGNS: usize = 6;
/// In code more than this part of what is no space are signs that sentences hardly have.
const MOST_SIGNS_OF_CODE: f64 = 0.08;
/// How sure an answer must be.
const LEAST_CONFIDENCE: f64 = 0.9;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Language {
    /// Its code: ISO 639-1, with two letters.
    pub code: &'static str,
    /// Its English name.
    pub name: &'static str,
    /// How sure that is, from 0 to 1, as far as such a judge can tell.
    pub confidence: f64,
}

/// The language of a text, by its first [`MOST_BYTES`]; none if that isn't clear.
pub fn language(text: &str) -> Option<Language> {
    let text = &text[..text.floor_char_boundary(MOST_BYTES)];
    if looks_like_code(text) {
        return None;
    }
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    if letters < FEWEST_SIGNS {
        return None;
    }
    let info = whatlang::detect(text)?;
    let is_long = letters >= FEWEST_LETTERS || has_few_languages(info.script());
    (is_long && info.confidence() >= LEAST_CONFIDENCE).then(|| known(&info))
}

fn known(info: &Info) -> Language {
    Language { code: codes::two_letters(info.lang()), name: info.lang().eng_name(), confidence: info.confidence() }
}

/// Scripts that tell the language, all but.
fn has_few_languages(script: Script) -> bool {
    !matches!(script, Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari | Script::Hebrew)
}

fn looks_like_code(text: &str) -> bool {
    let (mut signs, mut all) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        all += 1;
        signs += u32::from(matches!(
            byte,
            b'{' | b'}'
                | b'('
                | b')'
                | b'['
                | b']'
                | b';'
                | b'='
                | b'<'
                | b'>'
                | b'_'
                | b'\\'
                | b'|'
                | b'&'
                | b'/'
                | b'*'
                | b'+'
                | b'#'
                | b'$'
        ));
    }
    f64::from(signs) > MOST_SIGNS_OF_CODE * f64::from(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_their_language() {
        for (code, text) in [
            (
                "en",
                "The committee met on Thursday and decided that the new bridge should be built before the winter begins.",
            ),
            (
                "de",
                "Der Ausschuss hat am Donnerstag beschlossen, dass die neue Brücke vor dem Winter gebaut werden soll.",
            ),
            (
                "fr",
                "La commission s'est réunie jeudi et a décidé que le nouveau pont serait construit avant l'hiver prochain.",
            ),
            (
                "es",
                "La comisión se reunió el jueves y decidió que el nuevo puente debía construirse antes del invierno.",
            ),
            (
                "it",
                "La commissione si è riunita giovedì e ha deciso che il nuovo ponte deve essere costruito prima dell'inverno.",
            ),
            (
                "pt",
                "A comissão reuniu-se na quinta-feira e decidiu que a nova ponte deve ser construída antes do inverno.",
            ),
            ("pl", "Komisja zebrała się w czwartek i zdecydowała, że nowy most powinien zostać zbudowany przed zimą."),
            (
                "tr",
                "Komisyon perşembe günü toplandı ve yeni köprünün kıştan önce inşa edilmesi gerektiğine karar verdi.",
            ),
            ("vi", "Ủy ban đã họp vào thứ Năm và quyết định rằng cây cầu mới phải được xây dựng trước mùa đông."),
            ("ru", "Комиссия собралась в четверг и решила, что новый мост должен быть построен до начала зимы."),
            ("ja", "委員会は木曜日に会合を開き、新しい橋を冬が始まる前に建設することを決定しました。"),
            ("zh", "委员会星期四开会,决定新桥应该在冬天开始之前建成。"),
            ("ko", "위원회는 목요일에 회의를 열어 겨울이 오기 전에 새 다리를 건설하기로 결정했습니다."),
            ("el", "Η επιτροπή συνεδρίασε την Πέμπτη και αποφάσισε να χτιστεί η νέα γέφυρα πριν από τον χειμώνα."),
            ("hi", "समिति की बैठक गुरुवार को हुई और उसने निर्णय लिया कि नया पुल सर्दियों से पहले बनाया जाना चाहिए।"),
        ] {
            assert_eq!(
                language(text).map(|language| language.code),
                Some(code),
                "{text}: {:?}",
                whatlang::detect(text)
            );
        }
    }

    #[test]
    fn what_is_not_clear_has_none() {
        for text in [
            "",
            "OK",
            "12 345.67",
            "Paris, Berlin",
            "fn main() { let total: u64 = values.iter().sum(); println!(\"{total}\"); }",
            "{\"id\": 17, \"name\": \"total\", \"values\": [1, 2, 3], \"is_active\": true, \"kind\": \"plain\"}",
            "https://example.com/a/b/c?d=e&f=g",
        ] {
            assert_eq!(language(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_text_counts() {
        let english =
            "The committee met on Thursday and decided that the new bridge should be built before winter. ".repeat(40);
        let text = english + &"Der Ausschuss hat am Donnerstag beschlossen. ".repeat(400);
        assert_eq!(language(&text).map(|language| language.name), Some("English"));
    }
}
