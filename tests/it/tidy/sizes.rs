//! Small enough to be read at one go.

use super::{assert_none, scan, sources};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;

#[test]
fn functions_are_short() {
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| source.has_extension(&["rs"])) {
        for function in scan::functions(&scan::code_only(&source.text)) {
            if function.lines > FUNCTION_LINES_MAX {
                let (name, line, lines) = (&function.name, function.line, function.lines);
                findings.push(format!("{}:{line}: {name} has {lines} lines", source.path));
            }
        }
    }
    assert_none("functions of more than 70 lines", &findings);
}

#[test]
fn files_are_short() {
    let mut findings = Vec::new();
    let extensions = ["rs", "ts", "tsx", "css", "mjs", "js"];
    for source in sources()
        .iter()
        .filter(|source| source.has_extension(&extensions))
    {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{} has {lines} lines", source.path));
        }
    }
    assert_none("files of more than 500 lines", &findings);
}
