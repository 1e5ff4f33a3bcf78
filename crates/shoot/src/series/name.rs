//! Names of a series' files, from a template.

use std::fmt::Write as _;
use std::str::FromStr;

use jiff::Zoned;

/// Longest part between two slashes in bytes, so that a suffix and an extension have room within
/// file systems' 255.
const LONGEST_BYTES: usize = 180;
/// Most digits of a number.
const MOST_DIGITS: usize = 12;

/// A template such as `{date}_{time}_{number:04}`; the extension comes by itself.
///
/// Fields: `{date}` and `{time}` of our clock, each with strftime's letters if wanted
/// (`{date:%Y%m%d}`), `{number}` with as many digits as wanted (`{number:04}`), `{label}`. `{{` and
/// `}}` stand for braces, `/` for folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Time(String),
    Number(usize),
    Label,
}

/// What a template is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// Number of the frame.
    pub number: u64,
    /// Its label, of which nothing is trusted; without one, `{label}` is `unlabelled`.
    pub label: Option<&'a str>,
    /// When it was taken.
    pub at: &'a Zoned,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name template {template:?} cannot be used: {problem}")]
pub struct BadTemplate {
    template: String,
    problem: String,
}

impl Default for NameTemplate {
    fn default() -> Self {
        let time = |format: &str| Part::Time(format.into());
        let line = || Part::Text("_".into());
        Self { parts: vec![time("%Y-%m-%d"), line(), time("%H%M%S"), line(), Part::Number(4)] }
    }
}

impl FromStr for NameTemplate {
    type Err = BadTemplate;

    fn from_str(template: &str) -> Result<Self, BadTemplate> {
        let bad = |problem: String| BadTemplate { template: template.into(), problem };
        let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), template);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            text.push_str(before);
            if from.starts_with("{{") || from.starts_with("}}") {
                text.push_str(&from[..1]);
                rest = &from[2..];
                continue;
            }
            let Some(end) = from.find('}').filter(|_| from.starts_with('{')) else {
                return Err(bad("a brace is not closed; write {{ or }} for a brace".into()));
            };
            parts.extend((!text.is_empty()).then(|| Part::Text(std::mem::take(&mut text))));
            parts.push(field(&from[1..end]).map_err(bad)?);
            rest = &from[end + 1..];
        }
        text.push_str(rest);
        parts.extend((!text.is_empty()).then_some(Part::Text(text)));
        let template = Self { parts };
        template.check().map_err(bad)?;
        Ok(template)
    }
}

fn field(text: &str) -> Result<Part, String> {
    let (name, format) = text.split_once(':').unwrap_or((text, ""));
    let time = |usual: &str| {
        let format = if format.is_empty() { usual } else { format };
        match jiff::fmt::strtime::format(format, &Zoned::default()) {
            Ok(_) => Ok(Part::Time(format.to_owned())),
            Err(_) => Err(format!("{format:?} is no date format")),
        }
    };
    match name {
        "date" => time("%Y-%m-%d"),
        "time" => time("%H%M%S"),
        "number" if format.is_empty() => Ok(Part::Number(1)),
        "number" => match format.parse() {
            Ok(digits) if (1..=MOST_DIGITS).contains(&digits) => Ok(Part::Number(digits)),
            _ => Err(format!("{{number:{format}}} is not understood; write {{number:04}}")),
        },
        "label" if format.is_empty() => Ok(Part::Label),
        "label" => Err("{label} takes no format".to_owned()),
        _ => Err(format!("there is no field {{{name}}}; fields are date, time, number, label")),
    }
}

impl NameTemplate {
    /// The label alone.
    pub fn label() -> Self {
        Self { parts: vec![Part::Label] }
    }

    fn check(&self) -> Result<(), String> {
        let word = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            _ => "x".to_owned(),
        };
        let texts: String = self.parts.iter().map(word).collect();
        if texts.starts_with('/') || texts.contains('\\') {
            return Err("it must be relative, with / between folders".into());
        }
        if texts.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return Err("it must not have empty, . or .. parts".into());
        }
        Ok(())
    }

    /// True if it has a field for the label.
    pub fn names_label(&self) -> bool {
        self.parts.contains(&Part::Label)
    }

    /// The parts of a path, the last of which is the file's name without its extension.
    ///
    /// Whatever a label says, no part leads elsewhere: separators, control characters and what shares
    /// do not like become `_`, dots and blanks at the ends go, overlong parts are cut.
    pub fn render(&self, fields: &Fields<'_>) -> Vec<String> {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Time(format) => {
                    let time = jiff::fmt::strtime::format(format, fields.at);
                    path.push_str(&time.unwrap_or_default().replace('/', "_"));
                }
                Part::Number(digits) => {
                    let _ = write!(path, "{:0digits$}", fields.number);
                }
                Part::Label => {
                    path.push_str(&clean(fields.label.unwrap_or("unlabelled")));
                }
            }
        }
        path.split('/').map(clean).collect()
    }
}

/// Makes one part of a path out of any text.
fn clean(text: &str) -> String {
    let forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c) || c == '\u{FFFD}';
    let text: String = text.chars().map(|c| if forbidden(c) { '_' } else { c }).collect();
    let text = text.trim_matches(['.', ' ']);
    let text = if text.is_empty() { "unnamed" } else { text };
    let reserved = is_reserved(text.split('.').next().unwrap_or(text).trim_end());
    let text = if reserved { format!("_{text}") } else { text.to_owned() };
    let mut end = text.len().min(LONGEST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end_matches(['.', ' ']).to_owned()
}

/// Names that Windows and its shares keep for devices.
fn is_reserved(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    let device = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let is_digit = |rest: &str| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit());
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || device.is_some_and(is_digit)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn render(template: &str, label: Option<&str>) -> String {
        let at = date(2026, 3, 4).at(5, 6, 7, 0).to_zoned(TimeZone::UTC).unwrap();
        let template: NameTemplate = template.parse().unwrap();
        template.render(&Fields { number: 42, label, at: &at }).join("|")
    }

    #[test]
    fn fields_are_filled() {
        let default = "{date}_{time}_{number:04}";
        assert_eq!(default.parse(), Ok(NameTemplate::default()));
        assert_eq!(render(default, None), "2026-03-04_050607_0042");
        assert_eq!(render("{date:%Y}/{label}-{number}", Some("a 1")), "2026|a 1-42");
        assert_eq!(render("{{{time:%H:%M}}}", None), "{05_06}");
        assert_eq!(render("{label}", None), "unlabelled");
        assert_eq!(render("x{number:1}", None), "x42");
    }

    #[test]
    fn hostile_labels_stay_inside() {
        for (label, name) in [
            ("../../x", "_.._x"),
            ("/etc/passwd", "_etc_passwd"),
            ("..", "unnamed"),
            ("", "unnamed"),
            ("con", "_con"),
            ("COM1.x", "_COM1.x"),
            ("a\u{0}b\tc:\u{FFFD}", "a_b_c__"),
            (".hidden. ", "hidden"),
        ] {
            assert_eq!(render("{label}", Some(label)), name, "{label:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_template_is_refused() {
        let bad = [
            "",
            "/x",
            "a//b",
            "../x",
            "a/./b",
            "a\\b",
            "{",
            "}",
            "{name}",
            "{label:3}",
            "{number:x}",
            "{number:0}",
            "{number:99}",
            "{date:%!}",
        ];
        for text in bad {
            assert!(text.parse::<NameTemplate>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_label_is_one_part_of_a_path_whatever_it_is(label in any::<String>()) {
            let long = label.repeat(40);
            for label in [&label, &long] {
                let name = render("{label}", Some(label));
                prop_assert!(!name.is_empty() && name.len() <= LONGEST_BYTES + 1, "{name:?}");
                let path = std::path::Path::new(&name);
                prop_assert_eq!(path.components().count(), 1);
                prop_assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\0', '\n']));
            }
        }
    }
}
