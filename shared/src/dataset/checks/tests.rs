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
    check(Check::EmptyAnswer, "u=a a=b", None, None);
    check(Check::EmptyAnswer, "u=a a=", found, None);
    check(Check::EmptyAnswer, "u=a a=b u=c a=", found, Some("u=a a=b"));
    check(Check::EmptyAnswer, "s=x u=a a=b u=c a= u=d a=e", found, Some("s=x u=a a=b"));
}

#[test]
fn roles_are_put_in_order() {
    let check =
        |messages, expected, repaired| super::tests::check(Check::RolesOutOfOrder, messages, expected, repaired);
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
    assert!(Check::Secrets.find(&row).is_some());
    assert!(Check::EmptyAnswer.repairing().placeholders().is_none());
}

#[test]
fn languages_and_words_are_looked_at() {
    let asked = "Could you please tell me what the weather will be like in the mountains tomorrow morning?";
    let answered = "Morgen früh wird es in den Bergen kühl und klar sein, am Nachmittag ziehen dann Wolken auf.";
    let conversation = |asked: &str, answered: &str| {
        Row::new(Sample::Conversation(vec![Message::new(Role::User, asked), Message::new(Role::Assistant, answered)]))
    };
    assert!(Check::MixedLanguages.find(&conversation(asked, answered)).is_some());
    assert!(Check::MixedLanguages.find(&conversation(asked, asked)).is_none());
    assert!(Check::MixedLanguages.find(&conversation(asked, "Ja")).is_none());
    let usual = Check::HarshWords { words: Vec::new() };
    assert!(usual.find(&conversation("You Bastard!", "Sorry")).is_some());
    assert!(usual.find(&conversation("The bastardised text", "Sorry")).is_none());
    let own = Check::HarshWords { words: vec!["blimey".to_owned()] };
    assert!(own.find(&conversation("Blimey", "")).is_some() && own.find(&conversation("bastard", "")).is_none());
}
