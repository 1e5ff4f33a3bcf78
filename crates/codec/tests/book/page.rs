//! Pages of the book: fences, inline code, links and marks.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// A page of `docs/protocol/`.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) text: String,
    path: PathBuf,
}

/// A fenced block and the words behind its backticks.
pub(crate) struct Fence {
    /// Line of the opening fence, counted from 1.
    pub(crate) line: usize,
    /// What stands behind the language, such as `command`.
    pub(crate) argument: String,
    pub(crate) lines: Vec<String>,
}

pub(crate) fn pages() -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol");
    let mut pages: Vec<Page> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .map(Page::read)
        .collect();
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    pages
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, text, path }
    }

    /// The fenced blocks of a language.
    pub(crate) fn fences(&self, language: &str) -> Vec<Fence> {
        let mut fences: Vec<Fence> = Vec::new();
        let (mut inside, mut wanted) = (false, false);
        for (index, line) in self.text.lines().enumerate() {
            if let Some(info) = fence_info(line) {
                inside = !inside;
                let (found, argument) = info.split_once(' ').unwrap_or((info, ""));
                wanted = inside && found == language;
                if wanted {
                    let argument = argument.to_owned();
                    fences.push(Fence { line: index + 1, argument, lines: Vec::new() });
                }
            } else if wanted && let Some(fence) = fences.last_mut() {
                fence.lines.push(line.to_owned());
            }
        }
        assert!(!inside, "{}: a fence is not closed", self.name);
        fences
    }

    /// Lines outside fences, with their numbers.
    fn prose(&self) -> Vec<(usize, &str)> {
        let mut inside = false;
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered
            .filter(|(_, line)| {
                let is_fence = fence_info(line).is_some();
                inside ^= is_fence;
                !inside && !is_fence
            })
            .collect()
    }

    /// What stands between backticks.
    pub(crate) fn code_spans(&self) -> Vec<(usize, String)> {
        let spans = |(number, line): (usize, &str)| {
            let odd = line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            odd.into_iter().map(move |span| (number, span))
        };
        self.prose().into_iter().flat_map(spans).collect()
    }

    /// Lines without what stands between backticks.
    fn plain(&self) -> impl Iterator<Item = (usize, String)> {
        let plain = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        self.prose().into_iter().map(move |(number, line)| (number, plain(line)))
    }

    /// Targets of links, as written.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (number, line) in self.prose() {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            links.extend(targets.map(|target| (number, target.to_owned())));
        }
        links
    }

    pub(crate) fn broken_links(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (number, target) in self.links() {
            if target.starts_with("http://") || target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = self.path.parent().expect("a folder");
            let path = if file.is_empty() { self.path.clone() } else { folder.join(file) };
            let is_known = || {
                let text = fs::read_to_string(&path).unwrap_or_default();
                anchors(&text).contains(anchor)
            };
            if !path.exists() || (!anchor.is_empty() && !is_known()) {
                broken.push(format!("{}:{number}: there is no {target}", self.name));
            }
        }
        broken
    }

    /// What stands in brackets that are no link: sources and grades.
    pub(crate) fn marks(&self) -> Vec<(usize, String)> {
        let mut marks = Vec::new();
        for (number, line) in self.plain() {
            for rest in line.split('[').skip(1) {
                let Some((mark, behind)) = rest.split_once(']') else { continue };
                if !behind.starts_with(['(', ':']) && !mark.is_empty() && !mark.contains('`') {
                    marks.push((number, mark.to_owned()));
                }
            }
        }
        marks
    }

    /// Code spans in the first column of the tables under a heading.
    pub(crate) fn first_column(&self, heading: &str) -> BTreeSet<String> {
        let section = self.text.lines().skip_while(|line| *line != heading).skip(1);
        section
            .take_while(|line| !line.starts_with("## "))
            .filter_map(|line| line.strip_prefix("| "))
            .filter_map(|row| row.split(" |").next())
            .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
            .collect()
    }
}

/// What stands behind the backticks of a fence, which may be indented in a list.
fn fence_info(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("```")
}

/// The anchors that GitHub gives the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut inside = false;
    let headings = text.lines().filter(|line| {
        inside ^= fence_info(line).is_some();
        !inside && line.starts_with('#')
    });
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let keep = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
            let slug: String = title.chars().filter(keep).collect::<String>().replace(' ', "-");
            let times = seen.entry(slug.clone()).or_insert(0);
            *times += 1;
            if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
        })
        .collect()
}
