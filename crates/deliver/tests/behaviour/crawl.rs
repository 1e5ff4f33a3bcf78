//! Looks at a site as a visitor does: from its first page along all links.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a visitor sees.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Names of the photos on the pages of days.
    pub(crate) names: BTreeSet<String>,
    /// Paths that were reached.
    pub(crate) paths: BTreeSet<String>,
}

/// Follows every link from the first page; each must lead to a whole file. Without a first page
/// nobody sees anything.
pub(crate) fn crawl(root: &Path, case: &str) -> Seen {
    let mut seen = Seen::default();
    if !root.join("index.html").exists() {
        return seen;
    }
    let mut left = vec!["index.html".to_owned()];
    while let Some(path) = left.pop() {
        if !seen.paths.insert(path.clone()) {
            continue;
        }
        let bytes = fs::read(root.join(&path));
        let bytes = bytes.unwrap_or_else(|cause| panic!("{case}: {path} is linked: {cause}"));
        if path.ends_with(".jpg") {
            let whole = bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]);
            assert!(whole, "{case}: {path} is in part");
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        if path.ends_with(".xml") {
            assert!(text.ends_with("</feed>\n"), "{case}: {path} is in part");
        }
        if !path.ends_with(".html") {
            continue;
        }
        assert!(text.ends_with("</html>\n"), "{case}: {path} is in part");
        let links = ["href=\"", "src=\""].into_iter().flat_map(|key| text.split(key).skip(1));
        for link in links.map(|rest| rest.split('"').next().unwrap()) {
            if !link.starts_with("data:") {
                left.push(resolved(&path, link));
            }
        }
        if path.starts_with("days/") {
            let names = text.split("alt=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
            seen.names.extend(names.map(str::to_owned));
        }
    }
    seen
}

fn resolved(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('#').next().unwrap().split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{page} links to {link}"),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// How many files are below a folder, at any depth.
pub(crate) fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}
