//! `quern data`: files of training data.

use serde_json::Value;

use crate::quern::{Quern, text};

const MIXED: &str = r#"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
{"instruction": "q", "input": "", "output": "b"}
{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "c"}], "source": "web"}
{"prompt": "q", "chosen": "c", "rejected": "d"}
{"messages": [{"role": "user", "content": "cut o
"#;

#[test]
fn a_mixed_file_is_told_and_converted_and_nothing_of_it_is_lost() {
    let quern = Quern::new();
    let file = quern.file("mixed.jsonl", MIXED.as_bytes());
    let told = quern.run(&["data", "inspect", text(&file)]).good();
    for part in ["4 rows, and 1 set aside", "1 in Alpaca (alpaca)", "3 of a conversation", "line 5, column 49"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let found: Value = serde_json::from_str(&quern.run(&["data", "inspect", "--json", text(&file)]).good()).unwrap();
    assert_eq!((&found["rows"], &found["formats"]["sharegpt"]), (&4.into(), &1.into()));

    let arguments = ["--to", "openai-chat", "--output", "chat.jsonl", "--set-aside", "bad.jsonl"];
    let ran = quern.run(&[&["data", "convert", text(&file)], &arguments[..]].concat());
    assert!(ran.success && ran.errors.contains("chat.jsonl: 3 rows"), "{}", ran.errors);
    let chat = std::fs::read_to_string(quern.path("chat.jsonl")).unwrap();
    let answer = |answer: &str, more: &str| {
        format!(r#"{{"messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":"{answer}"}}]{more}}}"#)
    };
    let expected = [answer("a", ""), answer("b", ""), answer("c", r#","source":"web""#)];
    assert_eq!(chat.lines().collect::<Vec<_>>(), expected);
    let aside: Vec<Value> = std::fs::read_to_string(quern.path("bad.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((&aside[0]["line"], &aside[1]["line"], &aside[1]["column"]), (&4.into(), &5.into(), &49.into()));
    assert_eq!(aside[0]["text"], r#"{"prompt":"q","chosen":"c","rejected":"d"}"#);
    assert!(aside[1]["text"].as_str().unwrap().ends_with("cut o"));
    assert!(!quern.path("chat.jsonl.part").exists());
}

#[test]
fn what_holds_no_rows_is_explained() {
    let quern = Quern::new();
    let file = quern.file("a.pdf", b"%PDF-1.7");
    let errors = quern.run(&["data", "inspect", text(&file)]).bad();
    assert!(errors.contains("the document (PDF) is damaged or no PDF"), "{errors}");
    let errors = quern.run(&["data", "convert", text(&file), "--to", "csv", "--output", "a.jsonl"]).bad();
    assert!(errors.contains("csv is no format; the formats are openai-preference"), "{errors}");
    // What can't be read keeps no other file from being told.
    let other = quern.file("b.jsonl", b"{\"text\": \"a\"}\n");
    let ran = quern.run(&["data", "inspect", "--json", "nothing.jsonl", text(&other)]);
    assert!(!ran.success && ran.errors.contains("1 file could not be read"), "{}", ran.errors);
    let told: Vec<Value> = ran.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told[0]["error"].as_str().unwrap().contains("opening nothing.jsonl"), "{told:?}");
    assert_eq!(told[1]["rows"], 1);
    // A file of no rows is not written.
    let errors = quern.run(&["data", "convert", text(&other), "--to", "openai-chat", "--output", "c.jsonl"]).bad();
    assert!(errors.contains("no row was found that OpenAI chat can hold; c.jsonl was not written"), "{errors}");
    assert!(!quern.path("c.jsonl").exists());
}

#[test]
fn rows_go_into_each_kind_of_file_and_come_back() {
    let quern = Quern::new();
    let row = |question: &str| {
        format!(
            r#"{{"messages":[{{"role":"user","content":"{question}"}},{{"role":"assistant","content":"a"}}],"source":"=web"}}"#
        )
    };
    let rows = format!("{}\n{}\n", row("q"), row("r, s"));
    let mut file = quern.file("rows.jsonl", rows.as_bytes());
    for name in ["a.parquet", "a.csv", "a.json.gz", "a.tsv.zst", "b.jsonl"] {
        let ran = quern.run(&["data", "convert", text(&file), "--to", "openai-chat", "-o", name, "--protected-cells"]);
        assert!(ran.success && ran.errors.contains(&format!("{name}: 2 rows")), "{}", ran.errors);
        file = quern.path(name);
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), rows);
    let table = std::fs::read_to_string(quern.path("a.csv")).unwrap();
    assert!(table.starts_with("messages,source\n") && table.contains(",'=web\n"), "{table}");
    let errors = quern.run(&["data", "convert", "a.csv", "--to", "alpaca", "-o", "a.xlsx"]).bad();
    assert!(errors.contains("a.xlsx has an ending that no file of rows has here"), "{errors}");
}

#[test]
fn a_file_is_not_converted_onto_itself() {
    let quern = Quern::new();
    let rows = "{\"text\": \"a\"}\n{\"text\n";
    let file = quern.file("rows.jsonl", rows.as_bytes());
    for arguments in [["-o", "rows.jsonl", "--set-aside", "b.jsonl"], ["-o", "b.jsonl", "--set-aside", "./rows.jsonl"]]
    {
        let errors = quern.run(&[&["data", "convert", text(&file), "--to", "trl-text"], &arguments[..]].concat()).bad();
        assert!(errors.contains("rows.jsonl would be written over while it is read"), "{errors}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), rows);
    }
}

#[test]
fn columns_that_no_format_has_are_guessed_and_can_be_named() {
    let quern = Quern::new();
    let file = quern.file("faq.csv", b"id,question,reply\n1,q,a\n2,r,b\n");
    let told = quern.run(&["data", "inspect", text(&file)]).good();
    assert!(told.contains("perhaps --map prompt=question,answer=reply (85 % sure"), "{told}");
    let told = quern.run(&["data", "inspect", "--map", "prompt=question,answer=reply", text(&file)]).good();
    assert!(told.contains("2 rows\n") && !told.contains("the very same"), "{told}");
    let twice = quern
        .file("twice.jsonl", b"{\"text\": \"a\", \"id\": 1}\n{\"id\": 2, \"text\": \"\\u0061\"}\n{\"text\": \"b\"}\n");
    let told = quern.run(&["data", "inspect", text(&twice)]).good();
    assert!(told.contains("1 says the very same as an earlier one") && !told.contains("nearly"), "{told}");
    let told = quern.run(&["data", "inspect", "--near", "0.8", text(&twice)]).good();
    assert!(told.contains("1 says nearly the same as another"), "{told}");
    assert!(quern.run(&["data", "inspect", "--near", "3", text(&twice)]).bad().contains("a similarity of 3"));
    let map = quern.file("map.yaml", b"prompt: question\nanswer: reply\n");
    quern.run(&["data", "convert", text(&file), "--map", text(&map), "--to", "alpaca", "-o", "a.jsonl"]).good();
    let first = r#"{"instruction":"q","input":"","output":"a","id":"1"}"#;
    assert!(std::fs::read_to_string(quern.path("a.jsonl")).unwrap().starts_with(first));
    let errors = quern.run(&["data", "inspect", "--map", "prompt=question", text(&file)]).bad();
    assert!(errors.contains("There is prompt"), "{errors}");
}

const RECIPE: &str = "quern-recipe: 1
files:
- name: mixed.jsonl
- name: more.csv
  read-as:
    mapping:
      prompt: q
      answer: a
steps:
- drop:
    check: empty-answer
- deduplicate: {}
- split:
    train: 0.5
    validation: 0.0
    test: 0.5
exports:
- file: train.jsonl
  format: openai-chat
  part: train
- file: test.csv.gz
  format: alpaca
  part: test
";

#[test]
fn a_recipe_makes_the_same_files_every_time() {
    let quern = Quern::new();
    quern.file("mixed.jsonl", MIXED.as_bytes());
    quern.file("more.csv", b"q,a\nq,a\nwhat,that\nempty,\n");
    let recipe = quern.file("recipe.yaml", RECIPE.as_bytes());
    let made: Vec<Vec<Vec<u8>>> = ["one", "two"]
        .iter()
        .map(|folder| {
            let ran = quern.run(&["data", "run", text(&recipe), "--output", folder]);
            assert!(ran.success, "{}", ran.errors);
            let left_out = "test.csv.gz is not in dataset_info.json";
            for part in
                [left_out, "mixed.jsonl: 4 rows, 1 set aside", "Drop rows that say the same as another: 1 dropped"]
            {
                assert!(ran.errors.contains(part), "{part}: {}", ran.errors);
            }
            ["train.jsonl", "test.csv.gz", "set-aside.jsonl", "dataset_info.json"]
                .iter()
                .map(|name| std::fs::read(quern.path(&format!("{folder}/{name}"))).unwrap())
                .collect()
        })
        .collect();
    assert_eq!(made[0], made[1]);
    let rows = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().count();
    assert!(rows(&made[0][0]) >= 1 && rows(&made[0][2]) >= 1);
}

#[test]
fn a_recipe_writes_over_nothing_that_it_is_made_of_and_nowhere_else() {
    let quern = Quern::new();
    let rows = MIXED.as_bytes();
    quern.file("train.jsonl", rows);
    let recipe = |file: &str, export: &str| {
        let text =
            format!("quern-recipe: 1\nfiles:\n- name: {file}\nexports:\n- file: {export}\n  format: openai-chat\n");
        quern.file("recipe.yaml", text.as_bytes());
    };
    recipe("train.jsonl", "train.jsonl");
    for options in [&[][..], &["--output", "."]] {
        let errors = quern.run(&[&["data", "run", "recipe.yaml"], options].concat()).bad();
        assert!(errors.contains("train.jsonl would be written over") && errors.contains("--output FOLDER"), "{errors}");
    }
    assert_eq!(std::fs::read(quern.path("train.jsonl")).unwrap(), rows);
    quern.run(&["data", "run", "recipe.yaml", "--output", "made"]).good();
    let absolute = quern.path("elsewhere.jsonl");
    for elsewhere in ["../elsewhere.jsonl", text(&absolute)] {
        recipe("train.jsonl", elsewhere);
        let errors = quern.run(&["data", "run", "recipe.yaml", "--output", "out"]).bad();
        assert!(errors.contains("is no plain file name") && !quern.path("out").exists(), "{errors}");
    }
    assert!(!absolute.exists());
    // A source that has the name of what is written beside the exports.
    quern.file("set-aside.jsonl", rows);
    recipe("set-aside.jsonl", "rows.jsonl");
    let errors = quern.run(&["data", "run", "recipe.yaml"]).bad();
    assert!(errors.contains("set-aside.jsonl would be written over") && !quern.path("rows.jsonl").exists(), "{errors}");
}

#[test]
fn files_that_are_converted_are_described_for_llama_factory() {
    let quern = Quern::new();
    quern.file("rows.jsonl", MIXED.as_bytes());
    quern.file("dataset_info.json", br#"{"mine": {"file_name": "mine.json"}}"#);
    let info = || std::fs::read_to_string(quern.path("dataset_info.json")).unwrap();
    let convert = |to: &str, output: &str| quern.run(&["data", "convert", "rows.jsonl", "--to", to, "-o", output]);
    convert("sharegpt", "chat.jsonl").good();
    let read: Value = serde_json::from_str(&info()).unwrap();
    assert_eq!((&read["mine"]["file_name"], &read["chat"]["file_name"]), (&"mine.json".into(), &"chat.jsonl".into()));
    assert!(read["chat"]["columns"].get("tools").is_none());
    let before = info();
    convert("sharegpt", "chat.jsonl.gz").good();
    assert_eq!(info(), before);
    quern.file("dataset_info.json", b"none");
    assert!(convert("alpaca", "b.jsonl").bad().contains("describes no files of LLaMA-Factory's"));
}

#[test]
fn tables_of_lists_come_back_as_they_were() {
    let quern = Quern::new();
    let rows = "{\"instruction\":\"q\",\"input\":\"\",\"output\":\"- item\"}\n";
    quern.file("rows.jsonl", rows.as_bytes());
    let run = |file: &str, export: &str| {
        let text = format!("quern-recipe: 1\nfiles:\n- name: {file}\nexports:\n- file: {export}\n  format: alpaca\n");
        quern.file("recipe.yaml", text.as_bytes());
        let ran = quern.run(&["data", "run", "recipe.yaml", "-o", "."]);
        assert!(ran.success, "{}", ran.errors);
        (std::fs::read_to_string(quern.path(export.lines().next().unwrap())).unwrap(), ran.errors)
    };
    let (table, told) = run("rows.jsonl", "a.csv");
    assert!(
        table.ends_with(",'- item\n") && told.contains("apostrophes before 1 cell that spreadsheets would take"),
        "{table} {told}"
    );
    assert_eq!(run("a.csv\n  protected-cells: true", "back.jsonl").0, rows);
    let (table, told) = run("rows.jsonl", "b.csv\n  formulas: as-is");
    assert!(table.ends_with(",- item\n") && !told.contains("cells"), "{table} {told}");
    assert_eq!(run("b.csv", "back.jsonl").0, rows);
}

#[test]
fn rows_in_no_part_are_told_where_parts_are_written() {
    let quern = Quern::new();
    quern.file("rows.jsonl", b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"c\"}\n");
    let recipe = "quern-recipe: 1\nfiles:\n- name: rows.jsonl\nsteps:\n- drop-rows:\n    rows: [rows.jsonl:2]\n- split:\n    train: 1.0\n    validation: 0.0\n    test: 0.0\n- keep-rows:\n    rows: [rows.jsonl:2]\nexports:\n- file: train.jsonl\n  format: trl-text\n  part: train\n";
    let run = |recipe: &str| {
        quern.file("recipe.yaml", recipe.as_bytes());
        let ran = quern.run(&["data", "run", "recipe.yaml", "-o", "out"]);
        assert!(ran.success, "{}", ran.errors);
        ran.errors
    };
    let told = run(recipe);
    assert!(told.contains("in none of these files: 1 row, rows.jsonl:2 the first"), "{told}");
    assert_eq!(std::fs::read_to_string(quern.path("out/train.jsonl")).unwrap().lines().count(), 2);
    let told = run(&recipe.replace("  part: train\n", ""));
    assert!(!told.contains("in none of these files"), "{told}");
}

#[test]
fn parts_are_written_of_rows_that_were_split_only() {
    let quern = Quern::new();
    quern.file("rows.jsonl", b"{\"text\": \"a\"}\n");
    let recipe =
        "quern-recipe: 1\nfiles:\n- name: rows.jsonl\nexports:\n- file: test.jsonl\n  format: trl-text\n  part: test\n";
    let recipe = quern.file("recipe.yaml", recipe.as_bytes());
    let errors = quern.run(&["data", "run", text(&recipe)]).bad();
    assert!(errors.contains("test.jsonl is to hold the rows of the part test, and no row is in any part"), "{errors}");
    assert!(!quern.path("test.jsonl").exists());
}

#[test]
fn a_recipe_is_held_to_its_files() {
    let quern = Quern::new();
    quern.file("mixed.jsonl", MIXED.as_bytes());
    let held = RECIPE.replace("- name: mixed.jsonl\n", "- name: mixed.jsonl\n  bytes: 3\n");
    let recipe = quern.file("recipe.yaml", held.as_bytes());
    let errors = quern.run(&["data", "run", text(&recipe), "--output", "out"]).bad();
    assert!(errors.contains("mixed.jsonl has") && errors.contains("the recipe was made with 3"), "{errors}");
    let wrong = quern.file("wrong.yaml", RECIPE.replace("deduplicate: {}", "deduplicate: {near: 2}").as_bytes());
    let errors = quern.run(&["data", "run", text(&wrong)]).bad();
    assert!(errors.contains("a similarity of 2") && errors.contains("line 12"), "{errors}");
    let nothing = quern.file("nothing.yaml", b"quern-recipe: 1\nfiles: []\n");
    assert!(quern.run(&["data", "run", text(&nothing)]).bad().contains("the recipe writes nothing"));
}

#[test]
fn personal_data_is_replaced_and_put_back() {
    let quern = Quern::new();
    let row = r#"{"messages":[{"role":"user","content":"I am anna.berg@example.com, and you?"},{"role":"assistant","content":"Not anna.berg@example.com."}]}"#;
    quern.file("rows.jsonl", format!("{row}\n").as_bytes());
    let recipe = "quern-recipe: 1\nfiles:\n- name: rows.jsonl\nsteps:\n- repair:\n    check: personal-data\nexports:\n- file: out.jsonl\n  format: openai-chat\n";
    let recipe = quern.file("recipe.yaml", recipe.as_bytes());
    assert!(quern.run(&["data", "run", text(&recipe), "--output", "made"]).success);
    let replaced = std::fs::read_to_string(quern.path("made/out.jsonl")).unwrap();
    assert!(replaced.contains("[EMAIL_1]") && !replaced.contains("anna"), "{replaced}");
    let arguments =
        ["made/out.jsonl", "--to", "openai-chat", "--restore", "made/placeholders.json", "-o", "back.jsonl"];
    let ran = quern.run(&[&["data", "convert"], &arguments[..]].concat());
    assert!(ran.success, "{}", ran.errors);
    assert_eq!(std::fs::read_to_string(quern.path("back.jsonl")).unwrap(), format!("{row}\n"));
}

#[test]
fn documents_are_cut_into_rows_alike_by_every_command() {
    let quern = Quern::new();
    let book = "# Mills\n\nA mill grinds grain.\n\n## Parts\n\nThe upper stone turns.\n\nThe lower one lies still, and both wear out.\n";
    quern.file("book.md", book.as_bytes());
    quern.file("page.html", b"<nav>Home</nav><h1>Querns</h1><p>A quern is a mill for the hand.</p>");
    let told = quern.run(&["data", "inspect", "book.md", "page.html"]).good();
    assert!(told.contains("book.md: 1 row") && told.contains("1 of plain text"), "{told}");
    let told = quern.run(&["data", "inspect", "--chunk-characters", "50", "book.md"]).good();
    assert!(told.contains("book.md: 3 rows"), "{told}");
    let arguments = ["--to", "trl-text", "--chunk-characters", "50", "-o", "rows.jsonl"];
    quern.run(&[&["data", "convert", "book.md", "page.html"], &arguments[..]].concat()).good();
    let rows = std::fs::read_to_string(quern.path("rows.jsonl")).unwrap();
    let expected = [
        r###"{"text":"# Mills\n\nA mill grinds grain.","file":"book.md","line":1,"headings":["Mills"],"chunk":1}"###,
        r###"{"text":"## Parts\n\nThe upper stone turns.","file":"book.md","line":5,"headings":["Mills","Parts"],"chunk":2}"###,
        r###"{"text":"The lower one lies still, and both wear out.","file":"book.md","line":9,"headings":["Mills","Parts"],"chunk":3}"###,
        r###"{"text":"Querns\n\nA quern is a mill for the hand.","file":"page.html","line":1,"headings":["Querns"],"chunk":1}"###,
    ];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    let file = |name: &str| format!("- name: {name}\n  read-as:\n    document:\n      most-characters: 50\n");
    let exports = "exports:\n- file: rows.jsonl\n  format: trl-text\n";
    let recipe = format!("quern-recipe: 1\nfiles:\n{}{}{exports}", file("book.md"), file("page.html"));
    let recipe = quern.file("recipe.yaml", recipe.as_bytes());
    quern.run(&["data", "run", text(&recipe), "--output", "made"]).good();
    assert_eq!(std::fs::read_to_string(quern.path("made/rows.jsonl")).unwrap(), rows);
    let errors = quern.run(&["data", "inspect", "--chunk-characters", "5", "book.md"]).bad();
    assert!(errors.contains("chunks of 5 characters make no sense here"), "{errors}");
}
