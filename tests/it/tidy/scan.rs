//! Reads Rust source just well enough for the rules: what is code, where a function begins and ends, which rooms it
//! names.

/// The text with every comment, string and character literal blanked out. Lines stay where they are.
pub(super) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' | b'b' | b'c' if !follows_word(bytes, at) => raw_string_end(bytes, at).unwrap_or(at),
            b'\'' => char_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |length| at + length)
}

fn block_comment_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while next < bytes.len() && bytes[next] != b'"' {
        next += if bytes[next] == b'\\' { 2 } else { 1 };
    }
    (next + 1).min(bytes.len())
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && is_word(bytes[at - 1])
}

/// The end of `r"…"`, `r#"…"#`, `br"…"` and the like that begins at `at`, if one does.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let prefix = bytes[at..]
        .iter()
        .take(2)
        .take_while(|byte| matches!(byte, b'r' | b'b' | b'c'))
        .count();
    if bytes[at + prefix - 1] != b'r' {
        return None;
    }
    let hashes = bytes[at + prefix..]
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    let begin = at + prefix + hashes;
    if bytes.get(begin) != Some(&b'"') {
        return None;
    }
    let closing: Vec<u8> = std::iter::once(b'"')
        .chain(std::iter::repeat_n(b'#', hashes))
        .collect();
    let length = bytes[begin + 1..]
        .windows(closing.len())
        .position(|window| window == closing)?;
    Some(begin + 1 + length + closing.len())
}

/// The end of the character literal that begins at `at`, or nothing where the quote begins a lifetime.
fn char_end(bytes: &[u8], at: usize) -> Option<usize> {
    let next = *bytes.get(at + 1)?;
    if next == b'\\' {
        let closing = bytes.get(at + 3..)?.iter().position(|byte| *byte == b'\'')?;
        return Some(at + 3 + closing + 1);
    }
    // One character of up to four bytes, then the closing quote.
    let closing = (2..=5).find(|length| bytes.get(at + length) == Some(&b'\''))?;
    let literal = std::str::from_utf8(&bytes[at + 1..at + closing]).ok()?;
    (literal.chars().count() == 1).then_some(at + closing + 1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A function with a body: its name, the line of its `fn`, and how many lines it has to the closing brace.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// The functions in `code`, which went through [`code_only`].
pub(super) fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if follows_word(bytes, at) {
            continue;
        }
        let name: String = code[at + 3..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let Some(end) = body_end(bytes, at) else { continue };
        if !name.is_empty() {
            let line = code[..at].matches('\n').count() + 1;
            let lines = code[at..end].matches('\n').count() + 1;
            found.push(Function { name, line, lines });
        }
    }
    found
}

/// The closing brace of the body of the function at `at`, or nothing for a declaration without one.
fn body_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut nested = 0_i32; // parentheses and brackets of the signature, where `[u8; 4]` holds a semicolon
    let mut depth = 0_i32;
    for (offset, byte) in bytes[at..].iter().enumerate() {
        match byte {
            b'(' | b'[' => nested += 1,
            b')' | b']' => nested -= 1,
            b';' if depth == 0 && nested == 0 => return None,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + offset);
                }
            }
            _ => {}
        }
    }
    None
}

/// The rooms that `code` names as `crate::room`, also in groups such as `crate::{domain::Id, store}`.
pub(super) fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        if follows_word(code.as_bytes(), at) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            rooms.extend(group_heads(group));
        } else {
            rooms.push(first_word(rest));
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms.sort();
    rooms.dedup();
    rooms
}

/// The first word of each path directly inside a group whose opening brace has been read.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut expects_head = true;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_head = true,
            character if expects_head && (character.is_alphanumeric() || character == '_') => {
                heads.push(first_word(&group[at..]));
                expects_head = false;
            }
            _ => {}
        }
    }
    heads
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect()
}

#[test]
fn code_only_blanks_what_is_not_code() {
    let text = "let a = \"fn x() { }\"; // fn y\nlet b = r#\"{\"#; let c = '{'; fn z<'a>() {}\n";
    let code = code_only(text);
    assert_eq!(code.len(), text.len());
    assert!(!code.contains("fn x") && !code.contains("fn y"));
    assert_eq!(code.matches('{').count(), 1);
    assert_eq!(functions(&code).len(), 1);
}

#[test]
fn functions_are_measured_from_fn_to_brace() {
    let code = "trait T { fn a(&self) -> [u8; 4]; }\nfn b() {\n  if x {\n  }\n}\n";
    let found = functions(code);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name.as_str(), found[0].line, found[0].lines),
        ("b", 2, 4)
    );
}

#[test]
fn rooms_are_found_in_paths_and_groups() {
    let code = "use crate::store::Tx; use crate::{domain::{Id, jid}, bus}; fn f() { crate::ledger::hold() }";
    assert_eq!(rooms_named(code), ["bus", "domain", "ledger", "store"]);
}
