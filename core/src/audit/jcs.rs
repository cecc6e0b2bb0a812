//! Canonical JSON (RFC 8785) for what a leaf can hold: objects, arrays,
//! strings, booleans and whole numbers within ±2⁵³.

use serde_json::Value;

/// Writes `value` canonically: members by the UTF-16 code units of their
/// names, no space, one way to write each string. Fractions do not occur in a
/// leaf; a number is written as serde_json does.
pub(super) fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (i, (name, value)) in members.into_iter().enumerate() {
                if i != 0 {
                    out.push(b',');
                }
                string(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i != 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::String(text) => string(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            out.extend_from_slice(value.to_string().as_bytes());
        }
    }
}

/// ECMAScript's `JSON.stringify` of a string (RFC 8785 section 3.2.2.2).
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        let short = match c {
            '"' => b'"',
            '\\' => b'\\',
            '\u{8}' => b'b',
            '\t' => b't',
            '\n' => b'n',
            '\u{c}' => b'f',
            '\r' => b'r',
            '\0'..'\u{20}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
                continue;
            }
            _ => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(json: &str) -> String {
        String::from_utf8(canonical(&serde_json::from_str(json).unwrap())).unwrap()
    }

    /// RFC 8785 section 3.2.2 and 3.2.3, without their fractions.
    #[test]
    fn the_rfcs_examples() {
        assert_eq!(
            form(
                r#"{ "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                     "literals": [null, true, false] }"#
            ),
            "{\"literals\":[null,true,false],\
              \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        assert_eq!(
            form(
                r#"{ "\u20ac": "Euro Sign", "\r": "Carriage Return",
                     "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
                     "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
                     "\u00f6": "Latin Small Letter O With Diaeresis" }"#
            ),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
              \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
              \"😀\":\"Emoji: Grinning Face\",\
              \"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
        assert_eq!(form(" { } "), "{}");
        assert_eq!(form(r#"{"b":[1, -2],"a":{}}"#), r#"{"a":{},"b":[1,-2]}"#);
    }
}
