//! Words and signs as the Penn Treebank has them, which promptfoo's ROUGE counts.

/// Splits a text in small letters: signs and endings such as `'s` and `n't` apart, and the point at the end of the
/// whole text only. After the rules of Robert `MacIntyre`'s `tokenizer.sed` (1995).
pub(in crate::evaluation) fn treebank_words(text: &str) -> Vec<String> {
    let collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let characters: Vec<char> = collapsed.chars().collect();
    let final_point = final_point(&characters);
    let mut spaced = String::with_capacity(collapsed.len() * 2);
    let mut is_quote_open = false;
    let mut index = 0;
    while let Some(&character) = characters.get(index) {
        let rest = &characters[index..];
        let before = index.checked_sub(1).and_then(|index| characters.get(index)).copied();
        let length = match rest {
            ['"', ..] => quote(1, before, rest, &mut is_quote_open, &mut spaced),
            ['`', '`', ..] | ['\'', '\'', ..] => quote(2, before, rest, &mut is_quote_open, &mut spaced),
            ['.', '.', '.', ..] => apart("...", &mut spaced),
            ['-', '-', ..] => apart("--", &mut spaced),
            [':' | ',', next, ..] if next.is_ascii_digit() => {
                spaced.push(character);
                1
            }
            [':' | ',' | ';' | '@' | '#' | '$' | '%' | '&' | '?' | '!', ..]
            | ['[' | ']' | '(' | ')' | '{' | '}' | '<' | '>', ..] => apart(&character.to_string(), &mut spaced),
            _ if Some(index) == final_point => apart(".", &mut spaced),
            _ => {
                spaced.push(character);
                1
            }
        };
        index += length;
    }
    spaced.split_whitespace().flat_map(endings_apart).collect()
}

fn apart(sign: &str, spaced: &mut String) -> usize {
    spaced.extend([" ", sign, " "]);
    sign.chars().count()
}

/// Writes a quotation mark of `length` characters as an opening or a closing one.
fn quote(length: usize, before: Option<char>, rest: &[char], is_open: &mut bool, spaced: &mut String) -> usize {
    let opens_after = |before: char| before.is_whitespace() || "!\"#%&'()*,-./:;?@[\\]_{}<".contains(before);
    *is_open = match rest {
        ['`', ..] => true,
        ['\'', ..] => false,
        _ if *is_open => false,
        // The last character of a text closes, unless it follows a space or an opening bracket.
        [_] => before.is_none_or(|before| before.is_whitespace() || "([{<".contains(before)),
        _ => before.is_none_or(|before| opens_after(before) && !".!?".contains(before)),
    };
    spaced.push_str(if *is_open { " `` " } else { " '' " });
    length
}

/// Where the point that ends the text is: only closing signs follow, and it ends no abbreviation such as `u.s.`.
fn final_point(characters: &[char]) -> Option<usize> {
    let end = characters.iter().rposition(|&character| !"])}>'\" ".contains(character))?;
    let before = &characters[..end];
    let is_abbreviation = match before {
        [start @ .., first, '.', second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
            start.last().is_none_or(|&character| !(character.is_ascii_alphanumeric() || character == '_'))
        }
        _ => false,
    };
    let is_final = characters.get(end) == Some(&'.') && before.last().is_some_and(|&character| character != '.');
    (is_final && !is_abbreviation).then_some(end)
}

/// Parts a word from the ending of a contraction or a genitive.
fn endings_apart(word: &str) -> Vec<String> {
    const WHOLE: [(&str, &str); 10] = [
        ("can", "not"),
        ("d", "'ye"),
        ("gim", "me"),
        ("gon", "na"),
        ("got", "ta"),
        ("lem", "me"),
        ("more", "'n"),
        ("wan", "na"),
        ("'t", "is"),
        ("'t", "was"),
    ];
    let (word, closing) = match word.strip_suffix('\'') {
        Some(rest) if !rest.is_empty() && !rest.ends_with('\'') => (rest, Some("'")),
        _ => (word, None),
    };
    let part = |word: &str, endings: &[&str]| {
        let ending = endings.iter().find(|ending| word.ends_with(**ending)).map_or(0, |ending| ending.len());
        let (start, ending) = word.split_at(word.len() - ending);
        (start.to_owned(), ending.to_owned())
    };
    let (word, genitive) = part(word, &["'s", "'m", "'d"]);
    let (word, contraction) = part(&word, &["'ll", "'re", "'ve", "n't"]);
    let (start, end) = WHOLE
        .iter()
        .find(|(start, end)| word.strip_prefix(start) == Some(end))
        .map_or((word.as_str(), ""), |&(start, end)| (start, end));
    let parts = [start, end, &contraction, &genitive, closing.unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `treeBankTokenize` of js-rouge 3.2.3, which promptfoo 0.121 uses.
    #[test]
    fn words_are_those_of_js_rouge() {
        for (text, expected) in [
            ("the cat sat. the dog ran away.", "the cat sat. the dog ran away ."),
            ("i don't know; it's 3.5, or 1,000 (maybe).", "i do n't know ; it 's 3.5 , or 1,000 ( maybe ) ."),
            ("\"quoted\" he said, 'no'.", "`` quoted '' he said , 'no ' ."),
            ("dr. smith went to the u.s.", "dr. smith went to the u.s."),
            ("she cannot; they'll, we've -- dogs' bones...", "she can not ; they 'll , we 've -- dogs ' bones ..."),
            ("he asked: \"why?\"", "he asked : `` why ? ''"),
            ("'tis gonna be 50% off! #deal @home $5 & more", "'t is gon na be 50 % off ! # deal @ home $ 5 & more"),
            ("a.b.", "a.b."),
            ("the end.)", "the end . )"),
            ("say \"hi\"", "say `` hi ''"),
            ("more'n that's bob's", "more 'n that 's bob 's"),
            ("it was the u.s.\"", "it was the u.s. ''"),
            ("wait...", "wait ..."),
            ("café, naïve? 你好。", "café , naïve ? 你好。"),
            ("", ""),
        ] {
            assert_eq!(treebank_words(text).join(" "), expected);
        }
    }
}
