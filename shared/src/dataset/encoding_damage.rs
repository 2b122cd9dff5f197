//! Texts that were read in the wrong encoding, once or twice (`cafÃ©` for `café`), and characters that only broken
//! programs leave: U+FFFD, control characters, marks of byte order in the middle of a text.
//!
//! Only what is certain is repaired. An accented letter before a quotation mark can be both right and damaged
//! (`MAÇÃ”`): it is left as it is, unless its line proves the damage elsewhere and has nothing that is right.

/// Readings in the wrong encoding that are undone, one after the other.
const MOST_READINGS: usize = 3;

/// What is damaged in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Characters that were read as two to four others.
    pub misread: usize,
    /// U+FFFD: characters that are lost for good.
    pub lost: usize,
    /// Control characters other than line ends, tabs, form feeds and those of terminals.
    pub controls: usize,
    /// Marks of byte order, and spaces without width where words don't need them.
    pub invisible: usize,
}

/// What is damaged; none if nothing is.
pub fn damage(text: &str) -> Option<Damage> {
    if is_plain(text) {
        return None;
    }
    let mut damage = Damage::default();
    for line in text.split_inclusive('\n') {
        damage.misread += misread_in(line).len();
    }
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        damage.lost += usize::from(letter == '\u{fffd}');
        damage.controls += usize::from(is_stray_control(letter));
        damage.misread += usize::from(windows_control(letter).is_some());
        damage.invisible += usize::from(is_stray_invisible(before, letter, letters.peek().copied()));
        before = Some(letter);
    }
    (damage != Damage::default()).then_some(damage)
}

/// The text without the damage that can be undone for certain; none if there is none.
pub fn repair(text: &str) -> Option<String> {
    if is_plain(text) {
        return None;
    }
    let mut repaired = text.to_owned();
    for _ in 0..MOST_READINGS {
        let mut out = String::with_capacity(repaired.len());
        for line in repaired.split_inclusive('\n') {
            let mut from = 0;
            for misread in misread_in(line) {
                out.push_str(&line[from..misread.start]);
                out.push(misread.character);
                from = misread.end;
            }
            out.push_str(&line[from..]);
        }
        if out == repaired {
            break;
        }
        repaired = out;
    }
    let mut out = String::with_capacity(repaired.len());
    let mut before = None;
    let mut letters = repaired.chars().peekable();
    while let Some(letter) = letters.next() {
        if !is_stray_control(letter) && !is_stray_invisible(before, letter, letters.peek().copied()) {
            out.push(windows_control(letter).unwrap_or(letter));
        }
        before = Some(letter);
    }
    (out != text).then_some(out)
}

/// Whether nothing in the text can be damaged.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r'))
}

/// A character that was read as others.
struct Misread {
    start: usize,
    end: usize,
    character: char,
    is_certain: bool,
}

/// The misread characters of a line: all of them where the whole line is damaged, else those that are certain.
fn misread_in(line: &str) -> Vec<Misread> {
    let mut all: Vec<Misread> = Vec::new();
    let mut before = None;
    let mut is_all_misread = true;
    let mut from = 0;
    while let Some(letter) = line[from..].chars().next() {
        let end = from + letter.len_utf8();
        let Some((length, character)) = read_again(&line[from..]) else {
            is_all_misread &= letter.is_ascii();
            before = Some(letter);
            from = end;
            continue;
        };
        let rest = &line[end..from + length];
        let after = line[from + length..].chars().next();
        let follows_another = all.last().is_some_and(|last| last.end == from);
        // Two in a row are certain with a sign between them. Words of capitals such as ÚŽÍŠ have letters there.
        let is_parted = all
            .last()
            .is_some_and(|last| line[last.start..last.end].chars().skip(1).any(|follower| !follower.is_alphabetic()));
        let is_certain = (follows_another && (is_parted || all.last().is_some_and(|last| last.is_certain)))
            || is_certain(before, letter, rest, after);
        if is_certain && follows_another {
            let mut start = from;
            for earlier in all.iter_mut().rev().take_while(|earlier| !earlier.is_certain) {
                if earlier.end != start {
                    break;
                }
                earlier.is_certain = true;
                start = earlier.start;
            }
        }
        all.push(Misread { start: from, end: from + length, character, is_certain });
        before = rest.chars().next_back();
        from += length;
    }
    if !is_all_misread {
        all.retain(|misread| misread.is_certain);
    } else if !all.iter().any(|misread| misread.is_certain) {
        all.clear();
    }
    all
}

/// The character that the bytes of the first ones are in UTF-8, and how many bytes of the text they take.
fn read_again(text: &str) -> Option<(usize, char)> {
    let mut letters = text.char_indices();
    let first = u8::try_from(letters.next()?.1).ok()?;
    let count = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for byte in &mut bytes[1..count] {
        *byte = windows_byte(letters.next()?.1)?;
    }
    let character = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
    // Of two readings as Latin-1 the inner one leaves control characters.
    let is_meant = match character {
        '\u{80}'..='\u{9f}' => text[first_length(text)..].starts_with(|letter| matches!(letter, '\u{80}'..='\u{9f}')),
        _ => !matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}'),
    };
    is_meant.then(|| (letters.next().map_or(text.len(), |(place, _)| place), character))
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Whether a single row of characters can't be right: a letter, and what follows it.
fn is_certain(before: Option<char>, letter: char, rest: &str, after: Option<char>) -> bool {
    // Ã and Â are rare at the end of a word, and before a sign they mean damage; only quotation marks and the like may
    // follow them.
    let is_telling = |follower: char| match letter {
        'Ã' | 'Â' => !is_after_any_word(follower),
        _ => !is_after_any_word(follower) && !is_after_capitals(follower, rest.chars().count()),
    };
    let is_inside_word = before.is_some_and(is_small) && letter.is_uppercase();
    let is_before_word = rest.chars().all(|follower| matches!(follower, '“' | '”' | '„' | '‚' | '«' | '‹' | '™'))
        && after.is_some_and(is_small);
    rest.chars().any(is_telling) || is_inside_word || (letter.is_uppercase() && is_before_word)
}

/// Small letters, without the signs of ordinal numbers.
fn is_small(letter: char) -> bool {
    letter.is_lowercase() && !matches!(letter, 'ª' | 'º')
}

/// What follows a word in right text: quotation marks, dashes, and letters.
fn is_after_any_word(follower: char) -> bool {
    follower.is_alphabetic() && !matches!(follower, 'ª' | 'º' | 'ƒ' | 'µ' | 'ˆ')
        || matches!(
            follower,
            '‘' | '’' | '“' | '”' | '„' | '‚' | '‹' | '›' | '«' | '»' | '–' | '—' | '…' | '\u{a0}' | '\u{ad}'
        )
}

/// What may follow a word besides: marks of footnotes and trade, accents that stand for an apostrophe.
fn is_after_capitals(follower: char, followers: usize) -> bool {
    matches!(
        follower,
        '·' | '•' | '™' | '®' | '©' | 'ª' | 'º' | '°' | '¹' | '²' | '³' | '´' | '¨' | '¸' | '¯' | '˜' | 'ˆ'
    ) || (followers == 1 && matches!(follower, '†' | '‡' | '§' | '¶' | '€' | '¢' | '£' | '¥'))
}

/// The byte that Windows-1252 has for the character, or Latin-1 where Windows has none.
fn windows_byte(character: char) -> Option<u8> {
    u8::try_from(character).ok().or_else(|| {
        let place = WINDOWS.iter().position(|other| *other == character)?;
        u8::try_from(0x80 + place).ok()
    })
}

/// The bytes 0x80 to 0x9f in Windows-1252 (Unicode's CP1252.TXT); five have no character.
const WINDOWS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// What a control character from 0x80 on was in Windows-1252; U+0085 may be meant as the end of a line.
fn windows_control(character: char) -> Option<char> {
    let place = u32::from(character).checked_sub(0x80).filter(|_| character != '\u{85}')?;
    WINDOWS.get(usize::try_from(place).ok()?).copied().filter(|other| *other != '\0')
}

fn is_stray_control(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1a}' | '\u{1c}'..='\u{1f}' | '\u{7f}')
}

/// Thai, Khmer and their neighbours part words with spaces without width; joiners belong to scripts and emoji.
fn is_stray_invisible(before: Option<char>, character: char, after: Option<char>) -> bool {
    let is_latin = |letter: Option<char>| letter.is_none_or(|letter| letter < '\u{e00}');
    let is_ascii = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    match character {
        '\u{feff}' => true,
        '\u{200b}' => is_latin(before) && is_latin(after),
        '\u{200c}' | '\u{200d}' => is_ascii(before) && is_ascii(after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENTENCES: [&str; 16] = [
        "São coisas que não têm explicação, à exceção da maçã e do avô.",
        "« L’été, c’est déjà fini » : le cœur d’une œuvre coûte 20 €…",
        "Die Größe der Straße überrascht Jörg – „schön“, sagt er.",
        "¿Dónde está el niño? ¡Mañana será otro día, José!",
        "Zażółć gęślą jaźń, łódź stoi przy moście.",
        "Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "Işık, çağ ve güneş: İstanbul’da şöyle böyle.",
        "Tôi không biết tiếng Việt, nhưng tôi rất thích phở.",
        "Съешь ещё этих мягких французских булок.",
        "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
        "日本語の文章です。よろしくお願いします。",
        "中文句子,你好世界。",
        "मैं हिन्दी में लिख रहा हूँ।",
        "안녕하세요, 만나서 반갑습니다.",
        "It’s 20 °C — “fine”, she said… 😀",
        "Þetta er íslenska; Ærø ligger i Danmark, Ångström i Sverige.",
    ];

    /// As a program reads UTF-8 that takes it for Windows-1252, or for Latin-1.
    fn misread(text: &str, is_windows: bool) -> String {
        text.bytes()
            .map(|byte| {
                if is_windows {
                    windows_control(char::from(byte)).or((byte == 0x85).then_some('…')).unwrap_or(char::from(byte))
                } else {
                    char::from(byte)
                }
            })
            .collect()
    }

    #[test]
    fn sentences_come_back_from_one_and_two_wrong_readings() {
        for sentence in SENTENCES {
            assert_eq!(repair(sentence), None);
            assert_eq!(damage(sentence), None);
            for is_windows in [true, false] {
                let once = misread(sentence, is_windows);
                assert!(damage(&once).is_some_and(|damage| damage.misread > 0), "{once}");
                assert_eq!(repair(&once).as_deref(), Some(sentence), "{once}");
                let twice = misread(&once, is_windows);
                assert_eq!(repair(&twice).as_deref(), Some(sentence), "{twice}");
            }
        }
    }

    #[test]
    fn damage_within_right_text_is_repaired_alone() {
        assert_eq!(repair("O café e o cafÃ© são bons").as_deref(), Some("O café e o café são bons"));
        assert_eq!(repair("Itâ€™s the naïve way").as_deref(), Some("It’s the naïve way"));
    }

    #[test]
    fn what_may_be_right_is_left() {
        for text in [
            "“MAÇÔ",
            "AMANHÃ…",
            "«CAFÉ»",
            "ÚŽASNÉ, BLÍŽE",
            "máš… víš”",
            "Spaß“",
            "the Ä’s dots",
            "CAFÉ™",
            "N°5 à 20 °C",
            "Â",
            "São Paulo Ã",
        ] {
            assert_eq!(repair(text), None, "{text}");
        }
    }

    #[test]
    fn strays_are_counted_and_removed_where_that_is_certain() {
        let text = "a\u{0}b\u{feff}c\u{200b}d\u{fffd}e\u{92}s";
        assert_eq!(damage(text), Some(Damage { misread: 1, lost: 1, controls: 1, invisible: 2 }));
        assert_eq!(repair(text).as_deref(), Some("abcd\u{fffd}e’s"));
        for text in ["ภาษา\u{200b}ไทย", "می\u{200c}خواهم", "👩\u{200d}💻", "a\tb\r\n\u{c}\u{1b}[0m"]
        {
            assert_eq!(repair(text), None, "{text:?}");
        }
    }

    fn right_words() -> impl Strategy<Value = String> {
        let alphabets = [
            "abcdelmnoprstuvãáàâéêíóôõúç",
            "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạéèẻẽẹíìĩóòõúùũýỳ",
            "abcçdefgğhıijklmnoöprsştuüvyz",
            "aąbcćdeęfghijklłmnńoóprsśtuwyzźż",
            "aábcčdďeéěfghiíjklmnňoópqrřsštťuúůvxyýzž",
            "abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ",
            "abcdefghijklmnopqrstuvwxyzäöüß",
            "aábdðeéfghiíjklmnoóprstuúvxyýþæö",
            "aăâbcdefghiîjklmnoprsștțuvz",
            "abcdefghijklmnopqrstuvwxyzåäöæø",
            "абвгдежзийклмнопрстуфхцчшщъыьэюя",
            "aābcčdeēfgģhiījkķlļmnņoprsštuūvzž",
            "abcčćdđefghijklmnoprsštuvzž",
        ];
        let word = proptest::sample::select(alphabets.to_vec()).prop_flat_map(|alphabet| {
            prop::collection::vec(proptest::sample::select(alphabet.chars().collect::<Vec<_>>()), 1..8)
        });
        let marks = prop::collection::vec(
            proptest::sample::select("“”‘’„‚«»‹›–—…·•™®©°ºª²³¹´ ,.!?)".chars().collect::<Vec<_>>()),
            0..3,
        );
        (word, 0..3_u8, marks).prop_map(|(word, style, marks)| {
            let word: String = word.into_iter().collect();
            let word = match style {
                0 => word,
                1 => word.to_uppercase(),
                _ => word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect(),
            };
            // Ã and Â before a sign are taken for damage, which is the one thing that is not certain in theory.
            let is_rare = word.ends_with(['Ã', 'Â']);
            word + &marks.into_iter().filter(|mark| !is_rare || is_after_any_word(*mark)).collect::<String>()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Letters of thirteen alphabets in any order, in capitals and small, before the marks that follow words: what
        /// no line proves to be damaged stays.
        #[test]
        fn right_text_is_never_touched(words in prop::collection::vec(right_words(), 1..6)) {
            let text = words.join(" ");
            prop_assert_eq!(repair(&text), None);
        }

        #[test]
        fn any_text_can_be_looked_at(text in r"(\PC|[\x00-\xff]|[ÂÃâ€™©ðŸ˜]){0,30}") {
            prop_assert!(repair(&text).is_none_or(|repaired| repaired != text));
            let _ = damage(&text);
        }
    }
}
