//! Where in a JSON text an error lies, as a JSON pointer (RFC 6901). The parser tells line and column; the text up to
//! there is walked once more, on the way of errors only.

use std::iter::Peekable;

/// Where the walk stands inside an object or an array.
#[derive(Clone)]
enum Level {
    Object { key: Option<String> },
    Array { index: usize },
}

/// The path at the place of an error, and the one inside the value that ended right there.
pub(super) struct Place {
    /// Of the value or key at which the text was left.
    pub(super) here: String,
    /// When the last byte closed an object or an array: the last entry inside it. Some errors are noticed only then.
    pub(super) inside: Option<String>,
}

/// Finds the place `column` (from 1) of `line` (from 1) in `text`.
pub(super) fn locate(text: &[u8], line: usize, column: usize) -> Place {
    let before: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let end = (before + column).min(text.len());
    walk(&text[..end])
}

fn walk(text: &[u8]) -> Place {
    let mut levels: Vec<Level> = Vec::new();
    let mut inside = None;
    let mut expects_key = false;
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if !byte.is_ascii_whitespace() {
            inside = None;
        }
        match byte {
            b'{' => {
                levels.push(Level::Object { key: None });
                expects_key = true;
            }
            b'[' => levels.push(Level::Array { index: 0 }),
            b'}' | b']' => {
                inside = Some(path(&levels));
                levels.pop();
            }
            b',' => match levels.last_mut() {
                Some(Level::Object { key }) => {
                    *key = None;
                    expects_key = true;
                }
                Some(Level::Array { index }) => *index += 1,
                None => {}
            },
            b'"' => {
                let string = string(&mut bytes);
                if let (true, Some(Level::Object { key })) = (expects_key, levels.last_mut()) {
                    *key = Some(string);
                    expects_key = false;
                }
            }
            _ => {}
        }
    }
    Place {
        here: path(&levels),
        inside,
    }
}

/// The content of a string whose opening quote was taken. Escapes are taken over as they stand: field names have none.
fn string(bytes: &mut Peekable<impl Iterator<Item = u8>>) -> String {
    let mut content = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => content.extend([Some(byte), bytes.next()].into_iter().flatten()),
            _ => content.push(byte),
        }
    }
    String::from_utf8_lossy(&content).into_owned()
}

fn path(levels: &[Level]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object { key: Some(key) } => {
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Level::Object { key: None } => {}
            Level::Array { index } => {
                path.push('/');
                path.push_str(&index.to_string());
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_by_table() {
        let rows = [
            (r#"{"to":5"#, "/to", None),
            (r#"{"a":{"b":[1,{"c~/d":"#, "/a/b/1/c~0~1d", None),
            (r#"{"a":1,"b""#, "/b", None),
            (r#"{"a":"x,\"y","b":2}"#, "", Some("/b")),
            (r#"{"a":{"b":1}"#, "/a", Some("/a/b")),
            (r#"[1,2"#, "/1", None),
            ("", "", None),
        ];
        for (text, here, inside) in rows {
            let place = walk(text.as_bytes());
            assert_eq!(
                (place.here.as_str(), place.inside.as_deref()),
                (here, inside),
                "{text}"
            );
        }
    }

    #[test]
    fn lines_are_counted() {
        let text = b"{\n  \"a\": 1,\n  \"b\": true\n}";
        assert_eq!(locate(text, 3, 11).here, "/b");
    }
}
