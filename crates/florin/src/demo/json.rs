//! Formats JSON for a reader: a value that fits stays on one line, and a cut list ends with `…`.

use serde_json::{Number, Value};

/// How values are laid out.
pub struct Layout<'a> {
    /// Columns that a line may have. Only a text without a space may be longer.
    pub width: usize,
    /// How many items of a list are shown.
    pub items: usize,
    /// Names of fields whose lists are not shown at all.
    pub hidden: &'a [&'a str],
    /// Names of fields whose texts are secret: of a long one the last digits are shown, as on a receipt.
    pub masked: &'a [&'a str],
}

/// Characters of a masked text that are shown, and how long it must be: of a short one they would be all.
const SHOWN: usize = 4;
const LONG: usize = 12;

/// A value whose lists have been cut.
enum Node {
    Leaf(String),
    Group { brackets: [char; 2], parts: Vec<Part> },
}

struct Part {
    /// The name of a field, with its colon.
    name: String,
    node: Node,
}

impl Layout<'_> {
    /// The lines of a value.
    pub fn lines(&self, value: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        let part = Part { name: String::new(), node: self.cut(value, self.items) };
        self.write(&mut lines, 0, &part, "");
        lines
    }

    fn cut(&self, value: &Value, items: usize) -> Node {
        match value {
            Value::Array(list) => {
                let shown = list.iter().take(items);
                let mut parts: Vec<_> = shown.map(|item| Part::unnamed(self.cut(item, self.items))).collect();
                if list.len() > items {
                    let rest = list.len() - items;
                    let word = if items == 0 { "items" } else { "more" };
                    parts.push(Part::unnamed(Node::Leaf(format!("… {rest} {word} …"))));
                }
                Node::Group { brackets: ['[', ']'], parts }
            }
            Value::Object(fields) => {
                let part = |(name, field): (&String, &Value)| {
                    let is_in = |names: &[&str]| names.contains(&name.as_str());
                    let node = match field.as_str() {
                        Some(text) if is_in(self.masked) => Node::Leaf(Value::from(masked(text)).to_string()),
                        _ => self.cut(field, if is_in(self.hidden) { 0 } else { self.items }),
                    };
                    Part { name: format!("{}: ", Value::from(name.as_str())), node }
                };
                Node::Group { brackets: ['{', '}'], parts: fields.iter().map(part).collect() }
            }
            Value::Number(number) => Node::Leaf(plain(number)),
            other => Node::Leaf(other.to_string()),
        }
    }

    fn write(&self, lines: &mut Vec<String>, depth: usize, part: &Part, comma: &str) {
        let indent = " ".repeat(depth);
        let on_one_line = format!("{indent}{}{}{comma}", part.name, part.node);
        match &part.node {
            Node::Group { brackets: [open, close], parts } if on_one_line.chars().count() > self.width => {
                lines.push(format!("{indent}{}{open}", part.name));
                for (index, inner) in parts.iter().enumerate() {
                    let comma = if index + 1 < parts.len() { "," } else { "" };
                    self.write(lines, depth + 2, inner, comma);
                }
                lines.push(format!("{indent}{close}{comma}"));
            }
            Node::Leaf(_) | Node::Group { .. } => lines.extend(wrapped(&on_one_line, self.width, depth + 4)),
        }
    }
}

impl Part {
    fn unnamed(node: Node) -> Self {
        Self { name: String::new(), node }
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (brackets, parts) = match self {
            Self::Leaf(text) => return out.write_str(text),
            Self::Group { brackets, parts } => (brackets, parts),
        };
        let [open, close] = brackets;
        let parts: Vec<_> = parts.iter().map(|part| format!("{}{}", part.name, part.node)).collect();
        let gap = if parts.is_empty() { "" } else { " " };
        write!(out, "{open}{gap}{}{gap}{close}", parts.join(", "))
    }
}

/// What may be shown of a secret.
fn masked(text: &str) -> String {
    let shown = if text.len() < LONG { None } else { text.get(text.len() - SHOWN..) };
    format!("…{}", shown.unwrap_or_default())
}

/// As it was in the answer: `0.00005`, not `5e-5`.
fn plain(number: &Number) -> String {
    let text = number.to_string();
    match number.as_f64() {
        Some(number) if text.contains('e') => number.to_string(),
        _ => text,
    }
}

/// Breaks a line at its spaces; `indent` is that of the lines after the first.
pub fn wrapped(line: &str, width: usize, indent: usize) -> Vec<String> {
    let start = line.len() - line.trim_start().len();
    let (mut lines, mut current) = (Vec::new(), line.get(..start).unwrap_or_default().to_owned());
    let mut is_begun = false;
    for word in line.split_whitespace() {
        if is_begun && current.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
        } else if is_begun {
            current.push(' ');
        }
        current.push_str(word);
        is_begun = true;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(value: &Value) -> Vec<String> {
        Layout { width: 30, items: 2, hidden: &["cryptoBalances"], masked: &["number", "pin"] }.lines(value)
    }

    #[test]
    fn what_fits_stays_on_one_line() {
        assert_eq!(lines(&json!({"a": 1, "b": [], "c": {}})), [r#"{ "a": 1, "b": [], "c": {} }"#]);
        let long = json!({"first": "a longer text", "second": {"x": null}});
        let expected = ["{", r#"  "first": "a longer text","#, r#"  "second": { "x": null }"#, "}"];
        assert_eq!(lines(&long), expected);
    }

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(lines(&json!([1, 2, 3, 4])), ["[ 1, 2, … 2 more … ]"]);
        assert_eq!(
            lines(&json!({"cryptoBalances": [1, 2]})),
            ["{", r#"  "cryptoBalances": ["#, "    … 2 items …", "  ]", "}"]
        );
    }

    #[test]
    fn secrets_are_masked() {
        assert_eq!(lines(&json!({"number": "9999000012345678"})), [r#"{ "number": "…5678" }"#]);
        assert_eq!(lines(&json!({"a": {"pin": "4829"}})), [r#"{ "a": { "pin": "…" } }"#]);
    }

    #[test]
    fn numbers_are_as_they_were() {
        assert_eq!(lines(&json!([0.00005, 12.5])), ["[ 0.00005, 12.5 ]"]);
    }

    #[test]
    fn long_texts_break_at_spaces() {
        let expected = [r#"{"#, r#"  "m": "one two three four"#, r#"      five six""#, "}"];
        assert_eq!(lines(&json!({"m": "one two three four five six"})), expected);
    }
}
