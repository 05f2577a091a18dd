//! What a line of a log must not keep: numbers of phones, ids, tokens, codes, and what somebody has written.

/// The longest line that is kept, in bytes.
const LINE_MAX: usize = 300;
/// Digits in a row that may be (a part of) a phone number or an id.
const DIGITS: usize = 4;
/// Digits in groups that may be a phone number as people write it: the shortest numbers have seven.
const GROUPED: usize = 7;
/// What is longer may be a token or a key, whatever it is made of.
const WORD_MAX: usize = 24;

/// The line without what identifies or links anybody, in one line, cut to 300 bytes. Words and punctuation stay, so that
/// one still reads what went wrong; what stands between double quotes and has a space is taken for something that somebody
/// wrote. Best effort: what a page invents to write cannot be known beforehand.
#[must_use]
pub fn redact(line: &str) -> String {
    let mut out = String::with_capacity(line.len().min(LINE_MAX));
    let mut quoted = line.split('"').enumerate().peekable();
    while let Some((n, part)) = quoted.next() {
        if n > 0 {
            out.push('"');
        }
        let closed = n % 2 == 1 && quoted.peek().is_some();
        if closed && part.contains(' ') {
            out.push('…');
        } else {
            words(part, &mut out);
        }
        if out.len() > LINE_MAX {
            break;
        }
    }
    out.truncate(out.floor_char_boundary(LINE_MAX));
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')
}

fn words(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = past_number(rest) {
            out.push('…');
            rest = after;
            continue;
        }
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        if is_secret(word) {
            out.push('…');
        } else if word.chars().all(char::is_control) {
            out.push(' ');
        } else {
            out.push_str(word);
        }
    }
}

/// What follows a phone number that the text begins with, in groups of digits: `+33 6 12 34 56 78`, `(11) 98765-4321`.
fn past_number(text: &str) -> Option<&str> {
    let (mut digits, mut end, mut gap) = (0, 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => {
                (digits, end, gap) = (digits + 1, at + 1, 0);
            }
            '+' | '(' if at == 0 => {}
            _ if at == 0 => return None,
            ' ' | '\u{a0}' | '.' | '-' | '(' | ')' | '/' if gap < 2 => gap += 1,
            _ => break,
        }
    }
    (digits >= GROUPED).then(|| &text[end..])
}

/// A code as people type it from a phone.
fn is_typed_code(word: &str) -> bool {
    let typed =
        |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    word.split_once('-')
        .is_some_and(|(first, last)| typed(first) && typed(last))
}

fn is_secret(word: &str) -> bool {
    // Parts of a path are looked at one by one: an address of a script says where it went wrong.
    if word.contains('/') && word.len() <= LINE_MAX {
        return word.split('/').any(is_secret) || (word.len() > WORD_MAX && word.contains('='));
    }
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let length = word.chars().count();
    digits >= DIGITS || length > WORD_MAX || (length >= 8 && digits >= 2) || is_typed_code(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::redact;

    #[test]
    fn what_identifies_anybody_is_gone_and_the_rest_can_be_read() {
        for (line, kept) in [
            (
                "TypeError: x.send is not a function",
                "TypeError: x.send is not a function",
            ),
            ("to 5511987654321@c.us failed", "to …@c.us failed"),
            ("code 2@wXyZ0123abcd,key", "code 2@…,key"),
            ("pair with K7X4-M4T2 now", "pair with … now"),
            ("id 3EB0C767D26A1D8A2B failed", "id … failed"),
            (r#"body "meet me at noon" lost"#, r#"body "…" lost"#),
            (
                "at https://web.whatsapp.com/app.js:12:7",
                "at https://web.whatsapp.com/app.js:12:7",
            ),
            ("pair with KXYZ-MQTR now", "pair with … now"),
            ("from +33 6 12 34 56 78, late", "from …, late"),
            ("from +49 170 123 45 67", "from …"),
            ("call (11) 98765-4321 back", "call … back"),
            ("06.12.34.56.78 is away", "… is away"),
            ("3 of 12 in 250 ms", "3 of 12 in 250 ms"),
            ("a\nb\tc", "a b c"),
            ("Bearer abcdefghijklmnopqrstuvwxyzABCDEF", "Bearer …"),
        ] {
            assert_eq!(redact(line), kept);
        }
        assert!(redact(&"word ".repeat(500)).len() <= 300);
    }

    proptest! {
        #[test]
        fn no_phone_number_stays_whatever_surrounds_it(
            before in ".{0,40}",
            number in "[1-9][0-9]{7,14}",
            after in ".{0,40}",
        ) {
            let line = format!("{before} {number} {after}");
            prop_assert!(!redact(&line).contains(&number));
        }

        #[test]
        fn no_phone_number_stays_however_it_is_grouped(groups in prop::collection::vec("[0-9]{2,4}", 4..6), gap in "[ .\u{a0}-]") {
            let number = groups.join(&gap);
            let kept = redact(&format!("from +{number}: late"));
            prop_assert!(groups.iter().all(|group| !kept.contains(group.as_str())), "{kept}");
        }

        #[test]
        fn never_longer_than_its_bound(line in any::<String>()) {
            prop_assert!(redact(&line).len() <= 300);
        }
    }
}
