//! The lines in which a test runner says how it went.

/// nextest's summary and libtest's results; results of programs without tests are left out.
pub(super) fn of(lines: &[String]) -> Vec<String> {
    let is_closing = |line: &&String| {
        let line = line.trim_start();
        let is_empty_program = line.contains(" 0 passed; 0 failed;");
        line.starts_with("Summary [") || (line.starts_with("test result:") && !is_empty_program)
    };
    lines.iter().filter(is_closing).map(|line| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_understood() {
        let lines = [
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "     Summary [   0.021s] 9 tests run: 9 passed, 0 skipped",
        ];
        let closing = of(&lines.map(str::to_owned));
        assert_eq!(closing.len(), 3);
        assert!(closing[0].starts_with("test result: ok. 3"));
        assert!(closing[1].starts_with("test result: FAILED"));
        assert!(closing[2].starts_with("Summary"));
    }
}
