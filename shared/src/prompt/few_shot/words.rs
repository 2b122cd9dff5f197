//! Examples that share rare words with what is asked: Okapi BM25 (Robertson and Zaragoza 2009) with the weights of
//! Lucene.

/// How soon a word that comes again counts less.
const SATURATION: f64 = 1.2;
/// How much a long text counts less.
const LENGTH_WEIGHT: f64 = 0.75;

/// Up to `count` of `texts`, the first one having most in common with `question`.
pub fn most_words_in_common(question: &str, texts: &[String], count: usize) -> Vec<usize> {
    let scores = scores(question, texts);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by(|&one, &other| scores[other].total_cmp(&scores[one]));
    order.truncate(count);
    order
}

fn scores(question: &str, texts: &[String]) -> Vec<f64> {
    let texts: Vec<Vec<String>> = texts.iter().map(|text| words(text)).collect();
    let mean_length = texts.iter().map(Vec::len).sum::<usize>() as f64 / texts.len().max(1) as f64;
    let mut scores = vec![0.0; texts.len()];
    for word in words(question) {
        let frequencies: Vec<f64> =
            texts.iter().map(|text| text.iter().filter(|&other| *other == word).count() as f64).collect();
        let having = frequencies.iter().filter(|&&frequency| frequency > 0.0).count() as f64;
        let rarity = (1.0 + (texts.len() as f64 - having + 0.5) / (having + 0.5)).ln();
        for ((score, frequency), text) in scores.iter_mut().zip(frequencies).zip(&texts) {
            if frequency > 0.0 {
                let length = 1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * text.len() as f64 / mean_length;
                *score += rarity * frequency / (frequency + SATURATION * length);
            }
        }
    }
    scores
}

/// Runs of letters and digits in lower case. Scripts that put no spaces between words give their characters.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in text.chars().flat_map(char::to_lowercase) {
        let is_word = matches!(character, '\u{e00}'..='\u{eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
        if is_word {
            words.push(character.to_string());
            words.push(String::new());
        } else if !character.is_alphanumeric() {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_lucene() {
        let texts = [
            "The cat sat on the mat.",
            "A dog chased the cat, and the cat ran.",
            "Birds fly.",
            "The dog sleeps all day long in the warm sun.",
        ]
        .map(str::to_owned);
        // bm25s 0.3.16 (PyPI), method="lucene", k1=1.2, b=0.75, over the same words.
        let expected = [0.560_182_929, 0.877_157_211, 0.0, 0.459_555_268];
        for (score, expected) in scores("the cat dog", &texts).into_iter().zip(expected) {
            assert!((score - expected).abs() < 1e-6, "{score} {expected}");
        }
        assert_eq!(most_words_in_common("The cat, dog?", &texts, 3), [1, 0, 3]);
        assert_eq!(most_words_in_common("猫は?", &["犬です".to_owned(), "黒猫".to_owned()], 1), [1]);
    }
}
