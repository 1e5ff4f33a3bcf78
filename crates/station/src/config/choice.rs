//! Which files a target is to get.

use filmwire_catalogue::Choice;
use filmwire_program::exit::Trouble;
use filmwire_program::file::Source;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceEntry {
    #[serde(default)]
    kinds: Vec<Spanned<String>>,
    #[serde(default)]
    cameras: Vec<String>,
    min_rating: Option<u8>,
    since: Option<Spanned<String>>,
    #[serde(default)]
    resized: bool,
}

impl ChoiceEntry {
    /// A site shows copies of JPEG files alone.
    pub(super) fn of_site(self, source: &Source<'_>) -> Result<Self, Trouble> {
        self.of_copies(&["jpeg"], "a site shows jpeg files alone", source)
    }

    /// Copies are made of JPEG files, and of the JPEG in a raw file where that is asked for: of a
    /// photo that was taken as both there would be two.
    pub(super) fn of_reduced(self, source: &Source<'_>) -> Result<Self, Trouble> {
        self.of_copies(&["jpeg", "raf"], "copies are made of jpeg and raf files alone", source)
    }

    fn of_copies(
        mut self,
        kinds: &[&str],
        words: &str,
        source: &Source<'_>,
    ) -> Result<Self, Trouble> {
        match self.kinds.iter().find(|kind| !kinds.contains(&kind.as_ref().as_str())) {
            Some(kind) => {
                let text = format!("{words}, and no {}", kind.as_ref());
                Err(source.wrong(kind.span().start, &text))
            }
            None if !self.kinds.is_empty() => Ok(self),
            None => {
                self.kinds = vec![Spanned::new(0..0, "jpeg".to_owned())];
                Ok(self)
            }
        }
    }

    pub(super) fn check(self, source: &Source<'_>) -> Result<Choice, Trouble> {
        const KINDS: [&str; 4] = ["jpeg", "raf", "heif", "film"];
        for kind in &self.kinds {
            if !KINDS.contains(&kind.as_ref().as_str()) {
                let text =
                    format!("{:?} is no kind; choose from jpeg, raf, heif, film", kind.as_ref());
                return Err(source.wrong(kind.span().start, &text));
            }
        }
        let since = self.since.map(|since| {
            // As the catalogue has it: digits, with a T before the time.
            let digits: String = since.as_ref().chars().filter(char::is_ascii_digit).collect();
            let is_date = since.as_ref().chars().all(|c| c.is_ascii_digit() || c == '-');
            match digits.len() == 8 && is_date {
                true => Ok(digits),
                false => {
                    Err(source.wrong(since.span().start, "write a date such as \"2026-05-01\""))
                }
            }
        });
        Ok(Choice {
            kinds: self.kinds.into_iter().map(Spanned::into_inner).collect(),
            cameras: self.cameras,
            min_rating: self.min_rating,
            since: since.transpose()?,
            resized: self.resized,
        })
    }
}
