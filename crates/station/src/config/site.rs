//! A site in the configuration.

use filmwire_deliver::{CopyOptions, Settings, Site, SiteOptions, Usage};
use filmwire_program::exit::Trouble;
use serde::Deserialize;

use super::reduced::copy_size;
use super::way::{StoreWay, shown};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteEntry {
    title: String,
    url: Option<String>,
    size: Option<u16>,
}

/// What a site looks like, and where its files go.
#[derive(Debug, Clone)]
pub(crate) struct SiteWay {
    to: StoreWay,
    usage: Usage,
    settings: Settings,
    size: u16,
}

impl SiteEntry {
    pub(super) fn check(self, to: StoreWay, usage: Usage) -> Result<SiteWay, &'static str> {
        if self.title.trim().is_empty() {
            return Err("a site needs a title");
        }
        if self.url.as_deref().is_some_and(|url| !is_address(url)) {
            return Err("url is where the site is seen, such as \"https://anna.example/photos/\"");
        }
        let size = copy_size(self.size)?;
        let settings = Settings { title: self.title, url: self.url };
        Ok(SiteWay { to, usage, settings, size })
    }
}

/// Whether a text is an address that may stand on pages: it holds no secret.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"@?#\"<>\\".contains(c);
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(is_plain)
    })
}

impl SiteWay {
    /// What publishes. `owner` names our temporary files, `publisher` us. Reads secrets.
    pub(super) fn open(&self, owner: &str, publisher: &str) -> Result<Site, Trouble> {
        let options = SiteOptions {
            settings: self.settings.clone(),
            copies: CopyOptions { long_side: self.size, ..CopyOptions::default() },
            publisher: publisher.to_owned(),
        };
        Ok(Site::new(self.to.open()?, self.usage, options, owner))
    }

    /// What it is, for people.
    pub(crate) fn words(&self) -> String {
        let seen = self.settings.url.as_deref().map(|url| format!(" seen at {}", shown(url)));
        let (seen, size) = (seen.unwrap_or_default(), self.size);
        format!(
            "site {:?}{seen}, photos of {size} pixels, on {}",
            self.settings.title,
            self.to.words()
        )
    }

    /// How its files are put and proven.
    pub(crate) fn usage(&self) -> Usage {
        self.usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_secret() {
        for good in ["https://anna.example", "http://127.0.0.1:8000/photos/"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "anna.example",
            "https://",
            "https:///x",
            "https://a:b@c/",
            "https://a/?t=1",
            "ftp://a",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
