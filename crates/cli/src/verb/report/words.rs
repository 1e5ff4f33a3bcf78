//! The archive in words.

use filmwire_program::output::text;
use filmwire_redact::Redactor;

use super::Told;

/// Places that are named of a kind.
const MOST_PLACES: usize = 12;

/// `report.txt`.
pub(super) fn report(told: &Told<'_>) -> String {
    let mut lines =
        vec![format!("filmwire {}", env!("CARGO_PKG_VERSION")), system(), String::new()];
    doctor(told, &mut lines);
    lines.push(String::new());
    captures(told, &mut lines);
    lines.join("\n") + "\n"
}

/// System, release and machine; of the release only its numbers, since its name may be anybody's.
fn system() -> String {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let numbers: String = release.chars().take_while(|&c| c.is_ascii_digit() || c == '.').collect();
    format!("{} {numbers}, {}", std::env::consts::OS, std::env::consts::ARCH)
}

fn doctor(told: &Told<'_>, lines: &mut Vec<String>) {
    if !told.examined.asked {
        lines.push("The doctor was not asked: nothing is known of the way to a camera.".to_owned());
        return;
    }
    lines.push(
        "The doctor's steps, without its sentences, which name networks and addresses:".to_owned(),
    );
    for end in &told.examined.steps {
        lines.push(format!("  {:<13} {}", end.step, end.outcome));
    }
}

fn captures(told: &Told<'_>, lines: &mut Vec<String>) {
    if told.failed > 0 {
        let captures = text::count(told.failed, "capture", "captures");
        lines.push(format!("Not here, or not to the end: {captures}."));
    }
    if told.captures == 0 {
        lines.push("No capture is in this archive.".to_owned());
        return;
    }
    let left = told.redactor.left_out();
    lines.push(format!(
        "{} with {} of cameras. Real: what was said but for stand-ins, times and ports. Made up: \
         addresses, IP and TCP. The transcript was made of what is here.",
        text::count(told.captures, "capture", "captures"),
        text::count(left.connections, "connection", "connections"),
    ));
    let packets = |count| text::count(count, "packet", "packets");
    for (count, what) in [
        (left.others, format!("{} that are none of a camera's", packets(left.others))),
        (left.refused, format!("{} of a kind that cannot be read", packets(left.refused))),
        (left.closed, format!("protected frames of Wi-Fi that stay closed: {}", left.closed)),
        (left.comments, text::count(left.comments, "comment", "comments")),
    ] {
        if count > 0 {
            lines.push(format!("Left out: {what}."));
        }
    }
    lines.push(String::new());
    lines.push("Replaced by stand-ins of equal length:".to_owned());
    for (secret, count) in &told.redactor.replaced().counts {
        let places: Vec<_> =
            count.places.iter().take(MOST_PLACES).map(ToString::to_string).collect();
        let more = if count.places.len() > MOST_PLACES { ", .." } else { "" };
        lines.push(format!(
            "  {}: {} times, {}, at {}{more}",
            secret.words(),
            count.count,
            text::bytes(count.bytes),
            places.join(", "),
        ));
    }
    lines.push("Places are the number of a connection and of a transaction on it.".to_owned());
}

/// What was replaced, a line a kind.
pub(super) fn replaced(redactor: &Redactor) -> Vec<String> {
    let counts = redactor.replaced().counts.iter();
    counts
        .map(|(secret, count)| {
            format!(
                "replaced: {}, {} times, {}",
                secret.words(),
                count.count,
                text::bytes(count.bytes)
            )
        })
        .collect()
}
