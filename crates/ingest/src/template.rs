//! Names of files in the library, from a template and what the camera said.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;

use filmwire_catalogue::{FileFacts, PhotoKey, Rendition};
use filmwire_codec::DateTime;

/// A template such as `{date:%Y}/{date:%Y-%m-%d}/{name}`.
///
/// Fields: `{name}` the camera's own file name, `{stem}` and `{ext}` its parts, `{model}`,
/// `{camera}` the camera's key, `{date:FORMAT}` with strftime's letters on the camera's digits.
/// `{{` and `}}` stand for braces. Without a date the whole folder part becomes `undated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name,
    Stem,
    Extension,
    Model,
    Camera,
    Date(String),
}

/// What a template is filled with. Nothing of it is trusted.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// File name as the camera said it.
    pub name: &'a str,
    /// When it was captured, in the camera's digits.
    pub date: Option<DateTime>,
    /// The camera's model.
    pub model: &'a str,
    /// The camera's key.
    pub camera: &'a str,
}

/// What stands behind the stem of a copy that the camera has resized.
const RESIZED: &str = "_resized";

/// The name a photo is known by: the camera's own, and of a resized copy one that tells it apart
/// from the original, which the camera gives the same name.
pub(crate) fn name_of(key: &PhotoKey) -> Cow<'_, str> {
    match key.rendition {
        Rendition::Original => Cow::Borrowed(&key.name),
        Rendition::Resized => {
            let (stem, extension) = split_name(&key.name);
            let dot = if extension.is_empty() { "" } else { "." };
            Cow::Owned(format!("{stem}{RESIZED}{dot}{extension}"))
        }
    }
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name template {template:?} cannot be used: {problem}")]
pub struct BadTemplate {
    template: String,
    problem: String,
}

/// The default name: year, day, and the camera's own file name.
const DEFAULT: &str = "{date:%Y}/{date:%Y-%m-%d}/{name}";
/// Where photos without a date go.
const UNDATED: &str = "undated";
/// Longest single name in bytes, so that `-2` and file systems' limit of 255 leave room.
const LONGEST_NAME_BYTES: usize = 180;

impl Default for Template {
    fn default() -> Self {
        let part = |format: &str| Part::Date(format.into());
        let slash = || Part::Text("/".into());
        Self { parts: vec![part("%Y"), slash(), part("%Y-%m-%d"), slash(), Part::Name] }
    }
}

impl FromStr for Template {
    type Err = BadTemplate;

    fn from_str(template: &str) -> Result<Self, BadTemplate> {
        let bad = |problem: String| BadTemplate { template: template.into(), problem };
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template;
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
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(field(&from[1..end]).map_err(bad)?);
            rest = &from[end + 1..];
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let template = Self { parts };
        template.check().map_err(bad)?;
        Ok(template)
    }
}

fn field(text: &str) -> Result<Part, String> {
    let (name, format) = text.split_once(':').unwrap_or((text, ""));
    let part = match name {
        "name" => Part::Name,
        "stem" => Part::Stem,
        "ext" => Part::Extension,
        "model" => Part::Model,
        "camera" => Part::Camera,
        "date" if format.is_empty() => Part::Date("%Y-%m-%d".into()),
        "date" => {
            let day = DateTime { year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5 };
            render_date(format, day).ok_or_else(|| format!("{format:?} is no date format"))?;
            return Ok(Part::Date(format.into()));
        }
        _ => {
            return Err(format!(
                "there is no field {{{name}}}; fields are name, stem, ext, model, camera, date"
            ));
        }
    };
    if name != "date" && !format.is_empty() {
        return Err(format!("{{{name}}} takes no format"));
    }
    Ok(part)
}

fn render_date(format: &str, date: DateTime) -> Option<String> {
    let DateTime { year, month, day, hour, minute, second } = date;
    // Cameras may say 60; what matters here is a name.
    let fields = [month, day, hour, minute, second.min(59)].map(|n| n as i8);
    let [month, day, hour, minute, second] = fields;
    let civil =
        jiff::civil::DateTime::new(year as i16, month, day, hour, minute, second, 0).ok()?;
    let mut out = String::new();
    jiff::fmt::strtime::format(format, civil).map(|text| out.push_str(&text)).ok()?;
    Some(out)
}

impl Template {
    fn check(&self) -> Result<(), String> {
        let names = |part: &Part| matches!(part, Part::Name | Part::Stem);
        if !self.parts.iter().any(names) {
            return Err("it needs {name} or {stem}, or all photos would have one name".into());
        }
        let texts: String = self
            .parts
            .iter()
            .map(|part| if let Part::Text(text) = part { text.as_str() } else { "x" })
            .collect();
        if texts.starts_with('/') || texts.contains('\\') {
            return Err("it must be relative, with / between folders".into());
        }
        if texts.split('/').any(|part| part == ".." || part == "." || part.is_empty()) {
            return Err("it must not have empty, . or .. parts".into());
        }
        Ok(())
    }

    /// Renders folder and file name; the folder may be empty and has no `/` at its ends.
    ///
    /// Whatever the camera said, the result stays inside the library: parts are cleaned of
    /// separators, control characters, leading and trailing dots, reserved names and overlength.
    pub fn render(&self, fields: &Fields<'_>) -> (String, String) {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Name => path.push_str(&clean(fields.name)),
                Part::Stem => path.push_str(&clean(split_name(fields.name).0)),
                Part::Extension => path.push_str(&clean(split_name(fields.name).1)),
                Part::Model => path.push_str(&clean(fields.model)),
                Part::Camera => path.push_str(&clean(fields.camera)),
                Part::Date(format) => {
                    let text = fields.date.and_then(|date| render_date(format, date));
                    let _ = write!(path, "{}", text.unwrap_or_else(|| UNDATED.into()));
                }
            }
        }
        let mut parts: Vec<String> = path.split('/').map(clean).collect();
        let name = parts.pop().unwrap_or_default();
        parts.dedup_by(|a, b| a == UNDATED && b == UNDATED);
        (parts.join("/"), name)
    }

    /// Renders a path for a file of the library by what it tells of itself.
    pub fn path_of(&self, path: &str, facts: &FileFacts) -> String {
        let (folder, name) = self.render(&Fields {
            name: path.rsplit('/').next().unwrap_or(path),
            date: facts.taken.as_deref().and_then(DateTime::parse),
            model: facts.model.as_deref().unwrap_or_default(),
            camera: "",
        });
        if folder.is_empty() { name } else { format!("{folder}/{name}") }
    }

    /// True if it has a field for the camera's key.
    pub fn names_camera(&self) -> bool {
        self.parts.contains(&Part::Camera)
    }

    /// The template as written.
    pub fn default_text() -> &'static str {
        DEFAULT
    }
}

fn split_name(name: &str) -> (&str, &str) {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((name, ""))
}

/// Makes one path component out of any text.
fn clean(text: &str) -> String {
    let forbidden = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c) || c == '\u{FFFD}';
    let text: String = text.chars().map(|c| if forbidden(c) { '_' } else { c }).collect();
    // Windows and shares drop trailing dots and blanks; a leading dot hides a file.
    let text = text.trim_end_matches(['.', ' ']).trim_start_matches(['.', ' ']);
    let text = if text.is_empty() { "unnamed" } else { text };
    let (stem, extension) = split_name(text);
    let stem_is_reserved = is_reserved(text.split('.').next().unwrap_or(text).trim_end());
    let stem = if stem_is_reserved { format!("_{stem}") } else { stem.to_owned() };
    let extension = if extension.is_empty() { String::new() } else { format!(".{extension}") };
    let extension = shorten(&extension, 16);
    let stem = shorten(&stem, LONGEST_NAME_BYTES - extension.len());
    format!("{stem}{extension}")
}

fn shorten(text: &str, most_bytes: usize) -> String {
    let mut end = text.len().min(most_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Names that Windows and its shares keep for devices.
fn is_reserved(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    let device = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
        || device
            .is_some_and(|number| number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: Option<DateTime> =
        Some(DateTime { year: 2016, month: 1, day: 2, hour: 15, minute: 1, second: 36 });

    fn render(template: &str, name: &str, date: Option<DateTime>) -> String {
        let fields = Fields { name, date, model: "X-T10", camera: "FUJIFILM-X-T10-AB12" };
        let (folder, name) = template.parse::<Template>().unwrap().render(&fields);
        format!("{folder}|{name}")
    }

    #[test]
    fn the_default_is_year_day_and_the_cameras_name() {
        assert_eq!(DEFAULT.parse(), Ok(Template::default()));
        assert_eq!(render(DEFAULT, "DSCF0591.JPG", DATE), "2016/2016-01-02|DSCF0591.JPG");
        assert_eq!(render(DEFAULT, "DSCF0591.JPG", None), "undated|DSCF0591.JPG");
    }

    #[test]
    fn all_fields_are_filled() {
        let template = "{model}/{camera}/{date:%H%M%S}_{stem}.{ext}";
        assert_eq!(
            render(template, "DSCF0591.JPG", DATE),
            "X-T10/FUJIFILM-X-T10-AB12|150136_DSCF0591.JPG"
        );
        assert_eq!(render("{{{name}}}", "A.JPG", DATE), "|{A.JPG}");
    }

    #[test]
    fn a_resized_copy_is_named_as_what_it_is() {
        let key = |name: &str, rendition| PhotoKey {
            name: name.into(),
            capture_date: None,
            size: 1,
            format: 0x3801,
            rendition,
            twin: 0,
        };
        let resized = |name| name_of(&key(name, Rendition::Resized)).into_owned();
        assert_eq!(resized("DSCF0591.JPG"), "DSCF0591_resized.JPG");
        assert_eq!(resized("a.b.jpg"), "a.b_resized.jpg");
        assert_eq!((resized("noext"), resized("")), ("noext_resized".into(), "_resized".into()));
        assert_eq!(name_of(&key("DSCF0591.JPG", Rendition::Original)), "DSCF0591.JPG");
    }

    #[test]
    fn hostile_names_stay_inside() {
        for (name, expected) in [
            ("../../x", "|_.._x"),
            ("/etc/passwd", "|_etc_passwd"),
            ("C:\\x.jpg", "|C__x.jpg"),
            ("..", "|unnamed"),
            ("", "|unnamed"),
            ("con.jpg", "|_con.jpg"),
            ("a\u{0}b\n.jpg", "|a_b_.jpg"),
            (".hidden", "|hidden"),
            ("LPT1", "|_LPT1"),
        ] {
            assert_eq!(render("{name}", name, DATE), expected, "{name:?}");
        }
        let long = "x".repeat(400) + ".JPG";
        let name = render("{name}", &long, DATE);
        assert!(name.len() <= LONGEST_NAME_BYTES + 1 && name.ends_with(".JPG"), "{name}");
    }

    #[test]
    fn what_cannot_be_a_template_is_refused() {
        for text in [
            "",
            "x",
            "{nam}",
            "{name",
            "name}",
            "/{name}",
            "../{name}",
            "a//{name}",
            "{date}",
            "{name:x}",
            "{date:%Q}/{name}",
        ] {
            assert!(text.parse::<Template>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_named_by_what_it_tells() {
        let template: Template = "{model}/{date:%Y}/{stem}_x.{ext}".parse().unwrap();
        let mut facts = FileFacts {
            taken: Some("20160102T150136".to_owned()),
            model: Some("X-T20/..".to_owned()),
            ..FileFacts::default()
        };
        assert_eq!(template.path_of("a/b/DSCF0001-2.JPG", &facts), "X-T20_/2016/DSCF0001-2_x.JPG");
        facts = FileFacts::default();
        assert_eq!(template.path_of("DSCF0001.JPG", &facts), "unnamed/undated/DSCF0001_x.JPG");
        let flat: Template = "{name}".parse().unwrap();
        assert_eq!(flat.path_of("a/b.jpg", &facts), "b.jpg");
        assert!(!flat.names_camera());
        assert!("{camera}-{name}".parse::<Template>().unwrap().names_camera());
    }
}
