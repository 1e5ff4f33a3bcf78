//! JSON lines against the schemas in `docs/reference`.
//!
//! A small strict validator of the part of draft 2020-12 that the schemas use; a keyword it does
//! not know is an error, so that no rule is passed over in silence. It is stricter than the schemas
//! in one thing: a field that they do not describe is an error here, while readers are to pass it
//! over, since new fields may come.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

/// Reads JSON lines; each must be valid by the schema of the verb.
pub(crate) fn lines(verb: &str, text: &str) -> Vec<Value> {
    let schemas = Schemas::read();
    let check = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        if let Err(problem) = schemas.check(verb, &value) {
            panic!("{line}\n{problem}");
        }
        value
    };
    text.lines().map(check).collect()
}

struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    fn read() -> Self {
        let mut all = BTreeMap::new();
        for entry in std::fs::read_dir(folder()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".schema.json") {
                let text = std::fs::read_to_string(path).unwrap();
                all.insert(name, serde_json::from_str(&text).unwrap());
            }
        }
        Self(all)
    }

    fn check(&self, verb: &str, value: &Value) -> Result<(), String> {
        let file = format!("{verb}.schema.json");
        self.valid(&file, &self.0[&file], value, "line")
    }

    fn resolve(&self, file: &str, reference: &str) -> (String, &Value) {
        let (named, pointer) = reference.split_once('#').unwrap();
        let file = if named.is_empty() { file } else { named };
        let found = self.0.get(file).and_then(|schema| schema.pointer(pointer));
        (file.to_owned(), found.unwrap_or_else(|| panic!("{reference} leads nowhere")))
    }

    fn valid(&self, file: &str, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        for (keyword, rule) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" => {}
                "$ref" => {
                    let (file, schema) = self.resolve(file, rule.as_str().unwrap());
                    self.valid(&file, schema, value, at)?;
                }
                "oneOf" => self.one_of(file, rule, value, at)?,
                "type" => is_type(rule, value, at)?,
                "const" => expect(rule == value, || format!("{at}: {value} is not {rule}"))?,
                "enum" => {
                    let fits = rule.as_array().unwrap().contains(value);
                    expect(fits, || format!("{at}: {value} is none of {rule}"))?;
                }
                "minimum" => {
                    let fits = value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap());
                    expect(fits, || format!("{at}: {value} is less than {rule}"))?;
                }
                "pattern" => pattern(rule.as_str().unwrap(), value, at)?,
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.valid(file, rule, item, &format!("{at}[{number}]"))?;
                    }
                }
                "properties" => {
                    for (name, field) in value.as_object().into_iter().flatten() {
                        let known = rule.get(name);
                        let rule = known.ok_or_else(|| format!("{at}: {name} is too much"))?;
                        self.valid(file, rule, field, &format!("{at}.{name}"))?;
                    }
                }
                // Of other values nothing is required, by the standard.
                "required" if !value.is_object() => {}
                "required" => {
                    for name in rule.as_array().unwrap() {
                        let there = value.get(name.as_str().unwrap()).is_some();
                        expect(there, || format!("{at}: {name} is missing"))?;
                    }
                }
                other => panic!("the validator does not know {other}"),
            }
        }
        Ok(())
    }

    fn one_of(&self, file: &str, rule: &Value, value: &Value, at: &str) -> Result<(), String> {
        let choices = rule.as_array().unwrap();
        let results: Vec<_> =
            choices.iter().map(|choice| self.valid(file, choice, value, at)).collect();
        let fitting = results.iter().filter(|result| result.is_ok()).count();
        // The mistakes of lines of other kinds say nothing.
        let problems = results.into_iter().filter_map(Result::err);
        let problems: Vec<_> =
            problems.filter(|text| !text.starts_with(&format!("{at}.kind"))).collect();
        expect(fitting == 1, || format!("{fitting} of the choices fit: {}", problems.join("; ")))
    }
}

fn expect(fits: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if fits { Ok(()) } else { Err(problem()) }
}

fn is_type(rule: &Value, value: &Value, at: &str) -> Result<(), String> {
    let is = |name: &Value| match name.as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("the validator does not know the type {other}"),
    };
    let fits = match rule {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    };
    expect(fits, || format!("{at}: {value} is no {rule}"))
}

/// The four patterns in use, spelt out.
fn pattern(pattern: &str, value: &Value, at: &str) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let lower = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let upper = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
    let fits = match pattern {
        "^0x[0-9A-F]{4}$" => {
            text.strip_prefix("0x").is_some_and(|rest| rest.len() == 4 && rest.chars().all(upper))
        }
        "^[0-9a-f]{64}$" => text.len() == 64 && text.chars().all(lower),
        "^[0-9a-f]{32}$" => text.len() == 32 && text.chars().all(lower),
        "^([0-9a-f]{2})*$" => text.len().is_multiple_of(2) && text.chars().all(lower),
        other => panic!("the validator does not know the pattern {other}"),
    };
    expect(fits, || format!("{at}: {text:?} does not fit {pattern}"))
}

#[test]
fn wrong_lines_are_found() {
    let schemas = Schemas::read();
    let check = |text: &str| schemas.check("ls", &serde_json::from_str(text).unwrap());
    let good = r#"{"v":1,"kind":"failed","name":"A","reason":"b"}"#;
    assert_eq!(check(good), Ok(()));
    for bad in [
        r#"{"v":2,"kind":"failed","name":"A","reason":"b"}"#,
        r#"{"v":1,"kind":"failed","name":7,"reason":"b"}"#,
        r#"{"v":1,"kind":"failed","name":"A"}"#,
        r#"{"v":1,"kind":"failed","name":"A","reason":"b","more":1}"#,
        r#"{"v":1,"kind":"nonsense"}"#,
        r#"{"v":1,"kind":"summary","objects":-1,"bytes":0,"failed":0}"#,
    ] {
        assert!(check(bad).is_err(), "{bad}");
    }
}

/// Two descriptions that a line could both fit would make it invalid for readers that allow more.
#[test]
fn published_schemas_allow_new_fields_and_name_each_kind_apart() {
    let schemas = Schemas::read();
    for (file, schema) in &schemas.0 {
        assert!(!schema.to_string().contains("additionalProperties"), "{file}");
        let mut seen: Vec<(&Value, Vec<String>)> = Vec::new();
        for choice in schema["oneOf"].as_array().unwrap() {
            let (_, described) = schemas.resolve(file, choice["$ref"].as_str().unwrap());
            let kind = &described["properties"]["kind"]["const"];
            // A kind of several forms tells them apart by a constant of its own.
            let Some(required) = described["required"].as_array() else { continue };
            let required: Vec<_> = required.iter().map(Value::to_string).collect();
            for (other, fields) in &seen {
                let apart = |a: &[String], b: &[String]| a.iter().any(|field| !b.contains(field));
                let differ = apart(&required, fields) && apart(fields, &required);
                assert!(*other != kind || differ, "{file}: two of {kind}");
            }
            seen.push((kind, required));
        }
    }
}

#[test]
fn every_schema_is_understood_and_every_reference_leads_somewhere() {
    let schemas = Schemas::read();
    assert!(schemas.0.len() >= 10);
    let any = serde_json::json!({ "v": 1, "kind": "none" });
    for file in schemas.0.keys() {
        let verb = file.strip_suffix(".schema.json").unwrap();
        assert!(schemas.check(verb, &any).is_err(), "{file}");
    }
}
