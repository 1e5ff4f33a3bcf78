//! Prints what files tell, one JSON object a line: `facts FILE...`
//!
//! A field that a file does not tell is null. `.ci/formats` compares the lines with exiftool's.

use std::fs::File;
use std::io;
use std::process::ExitCode;

use filmwire_photo::{Facts, Structure, check_structure};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for path in std::env::args().skip(1) {
        match line(&path) {
            Ok(line) => println!("{line}"),
            Err(error) => {
                eprintln!("{path}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn line(path: &str) -> io::Result<Value> {
    let mut file = File::open(path)?;
    let (structure, why) = match check_structure(&mut file, None)? {
        Structure::Whole => ("whole", None),
        Structure::Broken(why) => ("broken", Some(why)),
        Structure::Unknown => ("unknown", None),
    };
    let facts = Facts::read(&mut file)?;
    Ok(json!({
        "path": path,
        "structure": structure,
        "why": why,
        "kind": facts.kind.map(|kind| kind.to_string()),
        "make": facts.make,
        "model": facts.model,
        "serial": facts.serial,
        "internal_serial": facts.internal_serial,
        "taken": facts.taken,
        "subseconds": facts.subseconds,
        "utc_offset": facts.utc_offset,
        "width": facts.width,
        "height": facts.height,
        "orientation": facts.orientation,
        "film_simulation": facts.film_simulation.map(|film| film.to_string()),
        "dynamic_range": facts.dynamic_range.map(|range| range.to_string()),
        "rating": facts.rating,
        "gps_time": facts.gps_time,
        "clock_drift_s": facts.clock_drift_s,
        "duration_ms": facts.duration_ms,
        "preview": facts.preview.map(|part| [part.offset, part.length]),
    }))
}
