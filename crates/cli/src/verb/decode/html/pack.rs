//! Records as the page's scripts read them: the fields of `--json`, packed.
//!
//! A chunk is an object in a script element of its own:
//!
//! ```json
//! {"base_us": 1700000000000000,
//!  "shapes": [["event", "at_us", "connection", "$event", "-event_name", "id", "params"]],
//!  "strings": ["0xC001"],
//!  "rows": [[0, 1500, 2, 0, 7, [1]]]}
//! ```
//!
//! A row begins with the number of its shape: the record's kind and names of fields, whose values
//! follow in the row. A name with `$` in front has a number of `strings` as its value; one with `-`
//! is null and has no value. `at_us` counts from `base_us`. Strings are kept once a chunk, since a
//! client asks the same things again and again.

use std::collections::HashMap;

use serde_json::Value;

use super::escape;

/// Rows and bytes of a chunk, after which it is written: what is held stays small.
const MOST_ROWS: usize = 2000;
const MOST_BYTES: usize = 256 * 1024;

/// Packs records into chunks.
#[derive(Debug, Default)]
pub(super) struct Packer {
    shapes: Vec<Vec<String>>,
    strings: HashMap<String, usize>,
    /// The strings and the rows as JSON, without the brackets around them.
    strings_json: String,
    rows_json: String,
    rows: usize,
}

impl Packer {
    /// Takes a record's fields. Returns true if the chunk is full.
    pub(super) fn take(&mut self, kind: &str, fields: &Value, base_us: u64) -> bool {
        let mut shape = vec![kind.to_owned()];
        let mut row = String::new();
        for (name, value) in fields.as_object().into_iter().flatten() {
            let value = match value {
                Value::Null => {
                    shape.push(format!("-{name}"));
                    continue;
                }
                Value::String(text) => {
                    shape.push(format!("${name}"));
                    self.string(text).to_string()
                }
                value => {
                    shape.push(name.clone());
                    match value.as_u64().filter(|_| name == "at_us") {
                        Some(us) => (i128::from(us) - i128::from(base_us)).to_string(),
                        None => value.to_string(),
                    }
                }
            };
            row.push(',');
            row.push_str(&value);
        }
        let number = self.shapes.iter().position(|known| *known == shape);
        let number = number.unwrap_or_else(|| {
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        let comma = if self.rows > 0 { "," } else { "" };
        self.rows_json.push_str(&format!("{comma}[{number}{row}]"));
        self.rows += 1;
        let bytes = self.rows_json.len() + self.strings_json.len();
        self.rows >= MOST_ROWS || bytes >= MOST_BYTES
    }

    /// The number of a string in this chunk.
    fn string(&mut self, text: &str) -> usize {
        if let Some(&number) = self.strings.get(text) {
            return number;
        }
        let number = self.strings.len();
        let comma = if number > 0 { "," } else { "" };
        self.strings_json.push_str(&format!("{comma}{}", Value::from(text)));
        self.strings.insert(text.to_owned(), number);
        number
    }

    /// The chunk as a script element, if there is anything in it; the next one begins anew.
    pub(super) fn finish(&mut self, base_us: u64) -> Option<String> {
        if self.rows == 0 {
            return None;
        }
        let chunk = std::mem::take(self);
        let json = format!(
            "{{\"base_us\":{base_us},\"shapes\":{},\"strings\":[{}],\"rows\":[{}]}}",
            Value::from(chunk.shapes),
            chunk.strings_json,
            chunk.rows_json,
        );
        let json = escape::json(&json);
        Some(format!("<script type=\"application/json\" class=\"chunk\">{json}</script>\n"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_of_one_shape_share_it_and_strings_stand_once() {
        let mut packer = Packer::default();
        let note =
            |at_us: u64, text: &str| json!({ "at_us": at_us, "connection": null, "text": text });
        for (at_us, text) in [(12, "</script>"), (9, "</script>"), (10, "b")] {
            assert!(!packer.take("note", &note(at_us, text), 10));
        }
        let chunk = packer.finish(10).unwrap();
        let wanted = concat!(
            "<script type=\"application/json\" class=\"chunk\">{\"base_us\":10,\"shapes\":[[\"note\",",
            "\"at_us\",\"-connection\",\"$text\"]],\"strings\":[\"\\u003c/script\\u003e\",\"b\"],",
            "\"rows\":[[0,2,0],[0,-1,0],[0,0,1]]}</script>\n"
        );
        assert_eq!(chunk, wanted);
        assert_eq!(packer.finish(10), None);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut packer = Packer::default();
        let rows = (1..).find(|number| packer.take("note", &json!({ "n": number }), 0));
        assert_eq!(rows, Some(MOST_ROWS));
        packer.finish(0);
        let text = |number: u32| json!({ "text": format!("{number:0>1000}") });
        let rows = (1u32..).find(|&number| packer.take("note", &text(number), 0)).unwrap();
        assert!((200..300).contains(&rows), "{rows}");
    }
}
