//! A site, from the camera to the pages.

use std::path::Path;

use crate::program::{Simulated, run};

/// The files that the page at a path leads to, by `href` and `src`; each must be there.
fn links(root: &Path, page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root.join(page)).unwrap();
    let parts = ["href=\"", "src=\""].into_iter().flat_map(|key| text.split(key).skip(1));
    let links = parts.map(|rest| rest.split('"').next().unwrap());
    let links = links.filter(|link| !link.starts_with("data:"));
    let folder = root.join(page).parent().unwrap().to_owned();
    links
        .map(|link| {
            let link = link.split('#').next().unwrap();
            assert!(folder.join(link).is_file(), "{page} leads to {link}");
            link.to_owned()
        })
        .collect()
}

#[test]
fn photos_of_a_camera_become_a_site() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(5, 1);
    let text = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n\
         [targets.web]\nkind = \"site\"\ntitle = \"<Anna's>\"\nurl = \"https://anna.example\"\n\
         to = {{ kind = \"folder\", path = \"www\", make = true }}\n",
        camera.address()
    );
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    let words = |words: &[&str]| {
        let all: Vec<&str> =
            words.iter().copied().chain(["--json", "--config", "s.toml"]).collect();
        run(folder.path(), &all)
    };
    let checked = words(&["config", "check"]);
    let line = &checked.of_kind("station-config", "config")[0];
    let said = line["targets"][0]["text"].as_str().unwrap();
    assert!(said.starts_with("site \"<Anna's>\" seen at https://anna.example"), "{said}");
    let ran = words(&["run", "--once"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("station-run", "delivered").len(), 5);
    let root = folder.path().join("www");
    let index = links(&root, "index.html");
    let day = index.iter().find(|link| link.starts_with("days/")).unwrap();
    let photos: Vec<_> =
        links(&root, day).into_iter().filter(|link| link.starts_with("../photos/")).collect();
    assert_eq!(photos.len(), 5);
    assert!(index.contains(&"feed.xml".to_owned()) && index.contains(&"latest.jpg".to_owned()));
    let page = std::fs::read_to_string(root.join("index.html")).unwrap();
    assert!(page.contains("&lt;Anna&#39;s&gt;") && page.contains("DSCF0001.JPG"), "{page}");
    assert_eq!(words(&["deliver", "test"]).code, 0);
    assert_eq!(words(&["deliver", "status"]).code, 0);
    assert_eq!(words(&["verify"]).code, 0);
    let lost = root.join("days").join(&photos[0]);
    std::fs::remove_file(lost).unwrap();
    assert_eq!(words(&["verify", "--again"]).code, 8);
    assert_eq!(words(&["run", "--once"]).code, 0);
    assert_eq!(links(&root, day).iter().filter(|link| link.contains("photos/")).count(), 5);
    assert_eq!(words(&["verify"]).code, 0);
}
