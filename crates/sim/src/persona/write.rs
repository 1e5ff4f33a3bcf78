//! A persona as a file, with words beside its values.

use std::collections::{BTreeMap, BTreeSet};

use super::{Persona, PersonaError, Shooting};

/// Fields with free text, in which no number is looked for.
const TEXTS: [&str; 4] = ["name", "based_on", "model", "firmware"];

/// What a persona file says besides its values.
///
/// A value is named as [`Persona::set`] names it: `ok`, `versions.DF24`, `shooting.light`; a
/// descriptor by its property, as `capabilities.5012`.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    head: Vec<String>,
    by_path: BTreeMap<String, Vec<String>>,
}

impl Notes {
    /// Adds a line to what stands above everything.
    pub fn head(&mut self, line: &str) {
        self.head.push(line.to_owned());
    }

    /// Adds words to a value: the first stand beside it, further ones above it.
    pub fn add(&mut self, path: &str, words: &str) {
        self.by_path.entry(path.to_owned()).or_default().push(words.to_owned());
    }

    /// The words beside a value.
    pub fn beside(&self, path: &str) -> Option<&str> {
        self.by_path.get(path)?.first().map(String::as_str)
    }
}

impl Persona {
    /// Writes a persona file that [`Persona::from_toml`] reads. Of [`Persona::shooting`] it has
    /// what differs from the default, or has words.
    ///
    /// Control characters in words become spaces. Fails with [`PersonaError::Parse`] if a value
    /// cannot be written.
    pub fn to_toml(&self, notes: &Notes) -> Result<String, PersonaError> {
        let failed = |error: toml::ser::Error| PersonaError::Parse(error.to_string());
        let text = toml::to_string(self).map_err(failed)?;
        let usual = toml::to_string(&Shooting::default()).map_err(failed)?;
        let usual: BTreeSet<&str> = usual.lines().collect();
        let mut out: String = notes.head.iter().map(|line| comment(line) + "\n").collect();
        let mut section = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                name.trim_matches(['[', ']']).clone_into(&mut section);
                put(&mut out, line, notes.by_path.get(&section));
                continue;
            }
            let Some((key, value)) = line.split_once(" = ") else {
                out.extend([line, "\n"]);
                continue;
            };
            let said = notes.by_path.get(&path(&section, key, value));
            if section != "shooting" || said.is_some() || !usual.contains(line) {
                put(&mut out, &format!("{key} = {}", value_text(&section, key, value)), said);
            }
        }
        Ok(out)
    }
}

/// The name of a value. Descriptors are told apart by the first of their lines.
fn path(section: &str, key: &str, value: &str) -> String {
    let key = key.trim_matches('"');
    match section {
        "" => key.to_owned(),
        "capabilities" if key == "code" => format!("{section}.{}", value.trim_matches('"')),
        _ => format!("{section}.{key}"),
    }
}

/// Codes and sizes are read as hexadecimal numbers; times and what is shot with are not.
fn value_text(section: &str, key: &str, value: &str) -> String {
    let is_plain = TEXTS.contains(&key) || key.ends_with("_ms");
    if is_plain || matches!(section, "shooting" | "reply_ms") {
        return value.to_owned();
    }
    let (mut out, mut in_text) = (String::new(), false);
    for token in value.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = token.trim_end_matches(|c: char| !c.is_ascii_digit());
        match digits.parse::<u32>().ok().filter(|&number| !in_text && number > 0xFF) {
            Some(number) => out.extend([&format!("{number:#X}"), &token[digits.len()..]]),
            None => out.push_str(token),
        }
        in_text ^= token.ends_with('"');
    }
    out
}

fn put(out: &mut String, line: &str, said: Option<&Vec<String>>) {
    let said: &[String] = said.map_or(&[], Vec::as_slice);
    for more in said.iter().skip(1) {
        out.extend([&comment(more), "\n"]);
    }
    out.push_str(line);
    if let Some(first) = said.first() {
        out.extend([" ", &comment(first)]);
    }
    out.push('\n');
}

fn comment(words: &str) -> String {
    let tame: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("# {tame}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for known in Persona::known_models() {
            let persona = Persona::builtin(&known.name).unwrap();
            let text = persona.to_toml(&Notes::default()).unwrap();
            assert_eq!(Persona::from_toml(&text).unwrap(), persona, "{}", known.name);
        }
    }

    #[test]
    fn words_stand_beside_their_value() {
        let mut persona = Persona::builtin("X-T10").unwrap();
        persona.model = "X-\"9\" = 300 # no comment".to_owned();
        let mut notes = Notes::default();
        notes.head("first");
        for path in
            ["model", "versions.DF24", "capabilities.5012", "properties.D400", "shooting.light"]
        {
            notes.add(path, &format!("seen {path}\nok = 3"));
        }
        notes.add("versions.DF24", "seen also: 1");
        let text = persona.to_toml(&notes).unwrap();
        assert_eq!(Persona::from_toml(&text).unwrap(), persona, "{text}");
        for line in [
            "# first\n",
            "# seen also: 1\nDF24 = 0x20002 # seen versions.DF24 ok = 3\n",
            "code = \"5012\" # seen capabilities.5012 ok = 3\n",
            "[properties.D400] # seen properties.D400 ok = 3\n",
            "# seen shooting.light ok = 3\n",
        ] {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
        assert!(!text.contains("self_timer"), "{text}");
    }
}
