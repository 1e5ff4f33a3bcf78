//! Bodies known by their name alone: which persona stands for them, and why.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{BUILTIN, Faithful, Persona, PersonaError};

/// A name that [`Persona::builtin`] takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownModel {
    /// The name.
    pub name: String,
    /// The persona that stands for it; `None` if it has a file of its own.
    pub based_on: Option<String>,
    /// What stands behind it.
    pub faithful: Faithful,
    /// Why that persona and no other; empty for a file of its own.
    pub why: String,
}

/// `personas/names.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    model: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    like: String,
    why: String,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let text = include_str!("../../personas/names.toml");
    toml::from_str::<Table>(text).expect("a file of ours, read by a test").model
});

/// Names in the table, in its order.
pub(super) fn by_name_alone() -> Vec<&'static str> {
    TABLE.iter().map(|row| row.name.as_str()).collect()
}

/// The persona that stands for a body in the table; `None` if it is in none.
pub(super) fn generic(name: &str) -> Option<Result<Persona, PersonaError>> {
    let row = TABLE.iter().find(|row| row.name.eq_ignore_ascii_case(name))?;
    Some(Persona::builtin(&row.like).map(|persona| Persona {
        name: row.name.clone(),
        model: row.name.clone(),
        faithful: Faithful::Guess,
        based_on: Some(row.like.clone()),
        ..persona
    }))
}

/// Files first, then the table.
pub(super) fn all() -> Vec<KnownModel> {
    let files = BUILTIN.iter().filter_map(|(name, text)| {
        let persona = Persona::from_toml(text).ok()?;
        let name = (*name).to_owned();
        Some(KnownModel { name, based_on: None, faithful: persona.faithful, why: String::new() })
    });
    let table = TABLE.iter().map(|row| KnownModel {
        name: row.name.clone(),
        based_on: Some(row.like.clone()),
        faithful: Faithful::Guess,
        why: row.why.clone(),
    });
    files.chain(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_a_file_and_says_why() {
        for row in TABLE.iter() {
            let file = BUILTIN.iter().any(|(name, _)| *name == row.like);
            assert!(file, "{} is like {}, which has no file", row.name, row.like);
            assert!(row.why.starts_with("C: "), "{}: {}", row.name, row.why);
            assert!(!BUILTIN.iter().any(|(name, _)| *name == row.name), "{} has a file", row.name);
            let same = TABLE.iter().filter(|other| other.name == row.name).count();
            assert_eq!(same, 1, "{} stands twice", row.name);
        }
    }

    #[test]
    fn a_body_known_by_name_alone_is_its_class_with_its_own_name() {
        let body = Persona::builtin("x-pro2").unwrap();
        let class = Persona::builtin(body.based_on.as_deref().unwrap()).unwrap();
        assert_eq!((body.name.as_str(), body.model.as_str()), ("X-Pro2", "X-Pro2"));
        assert_eq!((body.faithful, class.based_on.as_deref()), (Faithful::Guess, None));
        assert_eq!(body.versions, class.versions);
        assert_eq!(Persona::from_toml(&toml::to_string(&body).unwrap()).unwrap(), body);
    }

    #[test]
    fn all_names_are_listed_and_all_can_be_had() {
        let known = Persona::known_models();
        assert_eq!(known.len(), BUILTIN.len() + TABLE.len());
        for model in known {
            let persona = Persona::builtin(&model.name).unwrap();
            assert_eq!(persona.faithful, model.faithful, "{}", model.name);
            assert_eq!(persona.based_on, model.based_on, "{}", model.name);
        }
    }

    #[test]
    fn a_name_in_no_table_is_an_error_that_lists_both() {
        let text = Persona::builtin("X-Z9").unwrap_err().to_string();
        assert!(text.contains("X-T20") && text.contains("X-Pro2"), "{text}");
    }
}
