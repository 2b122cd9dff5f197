use super::*;
use crate::dataset::steps::read_edited;

fn row(messages: &str) -> Row {
    let turns: Vec<String> = messages
        .split(' ')
        .map(|turn| {
            let (role, text) = turn.split_once('=').unwrap();
            let role = match role {
                "s" => "system",
                "u" => "user",
                "a" => "assistant",
                other => other,
            };
            format!(r#"{{"role":"{role}","content":"{text}"}}"#)
        })
        .collect();
    read_edited(&format!(r#"{{"messages":[{}]}}"#, turns.join(","))).unwrap()
}

fn words(row: &Row) -> String {
    let turns = row.sample.messages();
    turns
        .iter()
        .map(|message| format!("{}={}", &message.role.name()[..1], message.plain_text().unwrap().replace("\n\n", "+")))
        .collect::<Vec<_>>()
        .join(" ")
}

fn check(check: Check, messages: &str, expected: Option<&str>, repaired: Option<&str>) {
    let row = row(messages);
    assert_eq!(check.find(&row), expected, "{messages}");
    assert_eq!(check.repairing().repair(&row).map(|row| words(&row)).as_deref(), repaired, "{messages}");
}

#[test]
fn empty_answers_are_found_and_cut_off() {
    let found = Some("an answer is empty");
    check(Check::EmptyAnswer {}, "u=a a=b", None, None);
    check(Check::EmptyAnswer {}, "u=a a=", found, None);
    check(Check::EmptyAnswer {}, "u=a a=b u=c a=", found, Some("u=a a=b"));
    check(Check::EmptyAnswer {}, "s=x u=a a=b u=c a= u=d a=e", found, Some("s=x u=a a=b"));
}

#[test]
fn roles_are_put_in_order() {
    let check =
        |messages, expected, repaired| super::tests::check(Check::RolesOutOfOrder {}, messages, expected, repaired);
    check("s=x u=a a=b", None, None);
    check("u=a s=x a=b", Some("a system message is not the first"), Some("s=x u=a a=b"));
    check("u=a u=b a=c", Some("the person has two turns in a row"), Some("u=a+b a=c"));
    check("u=a a=b a=c", Some("the assistant has two turns in a row"), Some("u=a a=b+c"));
    check("u=a a=b u=c", Some("it does not end with an answer"), Some("u=a a=b"));
    check("a=a u=b a=c", Some("the person does not begin"), None);
    check("s=x", Some("nobody says anything"), None);
}

#[test]
fn every_check_speaks_for_itself() {
    for check in Check::all() {
        assert!(!check.title().is_empty() && check.explanation().ends_with('.'));
        let yaml = serde_saphyr::to_string(&check).unwrap();
        assert_eq!(serde_saphyr::from_str::<Check>(&yaml).unwrap(), check, "{yaml}");
    }
}

#[test]
fn personal_data_and_secrets_become_placeholders() {
    let text = "Write to anna.berg@example.com or anna.berg@example.com, api_key = \"Zx81KdPq0aWm3LrT9uVbNc5y\"";
    let row = Row::new(Sample::Conversation(vec![Message::new(Role::User, "hi"), Message::new(Role::Assistant, text)]));
    let kinds = all_but_secrets();
    let check = Check::PersonalData { kinds };
    assert_eq!(check.find(&row), Some("there is an e-mail address"));
    let mut repairing = check.repairing();
    let repaired = repairing.repair(&row).unwrap();
    let said = repaired.sample.messages()[1].plain_text().unwrap().to_owned();
    assert!(said.contains("[EMAIL_1]") && !said.contains("example.com"), "{said}");
    let placeholders = repairing.placeholders().unwrap();
    assert_eq!(placeholders.restore(&said), row.sample.messages()[1].plain_text().unwrap());
    assert!(Check::Secrets {}.find(&row).is_some());
    assert!(Check::EmptyAnswer {}.repairing().placeholders().is_none());
}

#[test]
fn languages_and_words_are_looked_at() {
    let asked = "Could you please tell me what the weather will be like in the mountains tomorrow morning?";
    let answered = "Morgen früh wird es in den Bergen kühl und klar sein, am Nachmittag ziehen dann Wolken auf.";
    let conversation = |asked: &str, answered: &str| {
        Row::new(Sample::Conversation(vec![Message::new(Role::User, asked), Message::new(Role::Assistant, answered)]))
    };
    assert!(Check::MixedLanguages {}.find(&conversation(asked, answered)).is_some());
    assert!(Check::MixedLanguages {}.find(&conversation(asked, asked)).is_none());
    assert!(Check::MixedLanguages {}.find(&conversation(asked, "Ja")).is_none());
    let usual = Check::HarshWords { words: Vec::new() };
    assert!(usual.find(&conversation("You Bastard!", "Sorry")).is_some());
    assert!(usual.find(&conversation("The bastardised text", "Sorry")).is_none());
    let own = Check::HarshWords { words: vec!["blimey".to_owned()] };
    assert!(own.find(&conversation("Blimey", "")).is_some() && own.find(&conversation("bastard", "")).is_none());
}

fn read(json: &str) -> Row {
    read_edited(json).unwrap()
}

#[test]
fn both_sides_of_a_preference_are_looked_at() {
    let preference = |prompt: &str, chosen: &str, rejected: &str| {
        let turns = |turns: &str| serde_json::to_string(&row_json(turns)).unwrap();
        let json =
            format!(r#"{{"prompt":{},"chosen":{},"rejected":{}}}"#, turns(prompt), turns(chosen), turns(rejected));
        read(&json)
    };
    let roles = |row: &Row| Check::RolesOutOfOrder {}.find(row);
    let good = preference("u=a", "a=b", "a=c");
    assert_eq!(
        (roles(&good), Check::EmptyAnswer {}.find(&good), Check::NothingToLearn {}.find(&good)),
        (None, None, None)
    );
    let lacking = preference("u=a", "", "a=c");
    assert_eq!(roles(&lacking), Some("it does not end with an answer"));
    assert_eq!(Check::EmptyAnswer {}.find(&lacking), Some("an answer is empty"));
    assert_eq!(Check::NothingToLearn {}.find(&lacking), Some("no answer is learned"));
    assert_eq!(Check::RolesOutOfOrder {}.repairing().repair(&lacking), None);
    let twice = preference("u=a", "a=b", "a=c a=d u=e");
    assert_eq!(roles(&twice), Some("the assistant has two turns in a row"));
    let repaired = Check::RolesOutOfOrder {}.repairing().repair(&twice).unwrap();
    assert_eq!(words(&repaired), "u=a a=b a=c+d");
}

fn row_json(turns: &str) -> Vec<serde_json::Value> {
    let turn = |turn: &str| {
        let (role, text) = turn.split_once('=').unwrap();
        let role = if role == "u" { "user" } else { "assistant" };
        serde_json::json!({"role": role, "content": text})
    };
    turns.split_whitespace().map(turn).collect()
}

#[test]
fn parts_without_a_word_are_an_empty_answer() {
    let of = |parts: &str| {
        let json =
            format!(r#"{{"messages":[{{"role":"user","content":"a"}},{{"role":"assistant","content":{parts}}}]}}"#);
        Check::EmptyAnswer {}.find(&read(&json)).is_some()
    };
    assert!(of(r#"[{"type":"text","text":" "}]"#));
    assert!(!of(r#"[{"type":"text","text":"b"}]"#));
    assert!(!of(r#"[{"type":"text","text":""},{"type":"image_url","image_url":{"url":"x"}}]"#));
}

#[test]
fn turns_are_joined_only_if_they_are_alike() {
    let of = |draft: &str, last: &str| {
        let json = format!(
            r#"{{"messages":[{{"role":"user","content":"a"}},{{"role":"assistant","content":"b"{draft}}},{{"role":"assistant","content":"c"{last}}}]}}"#
        );
        Check::RolesOutOfOrder {}.repairing().repair(&read(&json)).map(|row| words(&row))
    };
    assert_eq!(of("", "").as_deref(), Some("u=a a=b+c"));
    assert_eq!(of(r#","weight":0"#, r#","weight":0"#).as_deref(), Some("u=a a=b+c"));
    assert_eq!(of(r#","weight":0"#, ""), None);
    assert_eq!(of(r#","name":"anna""#, ""), None);
    assert_eq!(of("", r#","reasoning":"so""#), None);
}

#[test]
fn answers_with_the_weight_0_are_learned_again() {
    let unlearned =
        read(r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0}]}"#);
    assert_eq!(Check::NothingToLearn {}.find(&unlearned), Some("no answer is learned"));
    let repaired = Check::NothingToLearn {}.repairing().repair(&unlearned).unwrap();
    assert_eq!(Check::NothingToLearn {}.find(&repaired), None);
    assert_eq!(Check::NothingToLearn {}.repairing().repair(&row("u=a")), None);
}

#[test]
fn a_cut_off_answer_is_cut_behind_its_last_whole_sentence() {
    let cut = "Water in the evening. The most important thing about a garden in summer is that you water it in the";
    let conversation = |answer: &str| {
        Row::new(Sample::Conversation(vec![Message::new(Role::User, "How?"), Message::new(Role::Assistant, answer)]))
    };
    let repair = |answer: &str| Check::TruncatedAnswer {}.repairing().repair(&conversation(answer));
    assert_eq!(repair(cut), Some(conversation("Water in the evening.")));
    assert_eq!(repair(cut.split_once(". ").unwrap().1), None);
    assert_eq!(repair("Water."), None);
}

#[test]
fn personal_data_is_found_wherever_it_is_in_a_row() {
    let card = Check::PersonalData { kinds: all_but_secrets() };
    let row = |call: &str, more: &str| {
        let json = format!(
            r#"{{"messages":[{{"role":"user","content":"a"}},{{"role":"assistant","content":"b","tool_calls":[{{"type":"function","function":{{"name":"pay","arguments":{call}}}}}]{more}}}]}}"#
        );
        read(&json)
    };
    for row in [
        row(r#""{\"card\":4111111111111111}""#, ""),
        row(r#""{\"anna.berg@example.com\":1}""#, ""),
        row(r#""{}""#, r#","name":"anna.berg@example.com""#),
        row(r#""{}""#, r#","number":4111111111111111"#),
    ] {
        assert!(card.find(&row).is_some(), "{row:?}");
        let repaired = card.repairing().repair(&row).unwrap();
        assert_eq!(card.find(&repaired), None, "{repaired:?}");
    }
    let phone = Row::new(Sample::Text("Call +49 30 901820".to_owned()));
    assert_eq!(card.find(&phone), Some("there is a telephone number"));
    assert_eq!(card.describe(&phone).as_deref(), Some("there is a telephone number (Germany)"));
}

#[test]
fn instructions_may_be_in_another_language() {
    let (english, german) = (
        "Could you please tell me what the weather will be like in the mountains tomorrow morning?",
        "Morgen früh wird es in den Bergen kühl und klar sein, am Nachmittag ziehen dann Wolken auf.",
    );
    for role in ["system", "developer"] {
        let json = format!(
            r#"{{"prompt":[{{"role":"{role}","content":"{english}"}},{{"role":"user","content":"{german}"}}],"chosen":[{{"role":"assistant","content":"{german}"}}],"rejected":[{{"role":"assistant","content":"{german}"}}]}}"#
        );
        assert_eq!(Check::MixedLanguages {}.find(&read(&json)), None);
    }
}

#[test]
fn own_words_may_have_capitals_and_be_phrases_or_short() {
    let text = Row::new(Sample::Text("He said: go to hell, OK?".to_owned()));
    let find = |word: &str| Check::HarshWords { words: vec![word.to_owned()] }.find(&text).is_some();
    assert!(find("Hell") && find("Go to Hell") && find("ok"));
    assert!(!find("he go") && !find("hel") && !find("...") && !find("to hell and back again, my dear old friend"));
}
