//! Names of profiles: they become names of files.

/// A name that no profile can have, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no name for a profile: {why}")]
pub struct BadName {
    /// The name.
    pub name: String,
    /// Why not.
    pub why: &'static str,
}

/// Most characters of a name: with its ending it fits into every file system.
const LONGEST: usize = 60;

/// Checks a name: letters and digits of any script, `-`, `_` and `.`, so that it stays in its folder
/// and can be typed without quotes.
///
/// Fails with [`BadName`], which says what to write instead.
pub fn check_name(name: &str) -> Result<(), BadName> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let why = if name.is_empty() {
        "it is empty"
    } else if name.chars().count() > LONGEST {
        "it has more than 60 characters"
    } else if !name.chars().all(is_plain) {
        "write letters, digits, -, _ and . only; a path has a slash, such as ./studio.toml"
    } else if name.starts_with(['.', '-']) {
        "it begins with a letter or a digit"
    } else if name.to_ascii_lowercase().ends_with(".toml") {
        "leave .toml out, or write a path with a slash, such as ./studio.toml"
    } else {
        return Ok(());
    };
    Err(BadName { name: name.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for good in ["studio", "copy-stand_2", "Repro.v2", "büro", "2026", &"x".repeat(60)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in
            ["", ".", "..", "../a", "a/b", "-x", "a b", "a\n", "a\\b", "c:", "a.toml", "a.TOML"]
        {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_name(&"x".repeat(61)).is_err());
    }
}
