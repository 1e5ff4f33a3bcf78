//! The guide's page on bodies says what the program says.

use std::path::Path;

use filmwire_camera::{BODIES, Body, Evidence};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/your-camera.md");
    std::fs::read_to_string(path).expect("the page is there")
}

fn row(body: &Body) -> String {
    let Body { model, evidence, proven, expected, unknown } = body;
    format!("| {model} | {} | {proven} | {expected} | {unknown} |", evidence.as_str())
}

#[test]
fn every_body_has_its_row() {
    let page = page();
    let told = BODIES.iter().filter(|body| body.evidence != Evidence::Name);
    let missing: Vec<_> = told.map(row).filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "not in the page:\n{}", missing.join("\n"));
}

#[test]
fn bodies_known_by_name_only_are_listed() {
    let page = page();
    let (_, section) = page.split_once("## Known by name only").expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    for body in BODIES.iter().filter(|body| body.evidence == Evidence::Name) {
        let words: Vec<_> = section.split(['|', ',', '\n']).map(str::trim).collect();
        assert!(words.contains(&body.model), "{} is missing: {section}", body.model);
    }
}
