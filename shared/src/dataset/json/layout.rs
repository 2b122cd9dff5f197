//! JSON with a line for each field, for people to read and edit.

/// Lays out what is JSON already: white space changes, and nothing else. A number keeps all its digits.
pub fn laid_out(json: &str) -> String {
    let mut output = String::with_capacity(json.len() * 5 / 4);
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    let new_line = |output: &mut String, depth: usize| {
        output.push('\n');
        output.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(character) = characters.next() {
        if is_string {
            output.push(character);
            is_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                output.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => output.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut output, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut output, depth);
                output.push(character);
            }
            ',' => {
                output.push(character);
                new_line(&mut output, depth);
            }
            ':' => output.push_str(": "),
            _ => {
                is_string = character == '"';
                output.push(character);
            }
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn only_white_space_changes() {
        let json = r#"{"id":12345678901234567890123,"a":[1.50,{}, [ ]],"t":"a, {b}: \"c\\","e":{"x":null}}"#;
        let expected = r#"{
  "id": 12345678901234567890123,
  "a": [
    1.50,
    {},
    []
  ],
  "t": "a, {b}: \"c\\",
  "e": {
    "x": null
  }
}"#;
        assert_eq!(laid_out(json), expected);
        assert_eq!(laid_out(expected), expected);
    }
}
