//! Objects of the card: finding them, and saying what they are.

use std::ops::ControlFlow;

use filmwire_camera::{Camera, Error, ObjectHandle, ObjectInfo};
use filmwire_codec::{ObjectFormatCode, ResponseCode};
use serde_json::{Value, json};

use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};

/// Objects refused in a row after which a camera's count is not believed.
const MOST_REFUSED: u32 = 16;

/// An object as the camera tells of it.
pub(crate) struct Listed {
    /// Its handle now; handles shift when photos come and go.
    pub(crate) handle: ObjectHandle,
    /// What the camera tells.
    pub(crate) info: ObjectInfo,
}

impl Listed {
    /// Its name without what could control a terminal. Never a path.
    pub(crate) fn name(&self) -> String {
        text::tame(&self.info.name.to_text())
    }

    /// Its name as a file name: nothing in it leads to another folder.
    pub(crate) fn file_name(&self) -> String {
        safe_file_name(&self.info.name.to_text(), self.handle)
    }

    /// The fields of its JSON line.
    pub(crate) fn json(&self) -> Value {
        json!({
            "handle": self.handle.0,
            "name": self.info.name.to_text(),
            "date": self.info.captured().map(|date| date.to_string()),
            "size": self.info.size_bytes,
            "format": format!("{:#06X}", self.info.format.0),
            "format_name": format_name(self.info.format),
            "width": self.info.width,
            "height": self.info.height,
        })
    }
}

/// A short word for a format.
pub(crate) fn format_name(format: ObjectFormatCode) -> String {
    match format {
        ObjectFormatCode::EXIF_JPEG => "JPEG".to_owned(),
        ObjectFormatCode::MOV => "MOV".to_owned(),
        ObjectFormatCode::RAF => "RAF".to_owned(),
        other => other.to_string(),
    }
}

/// Bytes of a file's name; leaves room for what is put before its extension in the 255 that file
/// systems take.
const MOST_NAME_BYTES: usize = 200;

/// Letters, digits and `._-` of the name; the handle where nothing is left.
pub(crate) fn safe_file_name(name: &str, handle: ObjectHandle) -> String {
    let keep = |c: char| c.is_alphanumeric() || "._-() ".contains(c);
    let mut name: String = name.chars().map(|c| if keep(c) { c } else { '_' }).take(100).collect();
    name.truncate(name.floor_char_boundary(MOST_NAME_BYTES));
    let name = name.trim().trim_matches('.').trim();
    if name.is_empty() { format!("object-{handle}") } else { name.to_owned() }
}

/// What the person named: a handle or a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The object with this handle.
    Handle(ObjectHandle),
    /// The first object called so, in the camera's order.
    Name(String),
}

impl From<&str> for Wanted {
    fn from(text: &str) -> Self {
        match text.parse() {
            Ok(handle) => Self::Handle(ObjectHandle(handle)),
            Err(_) => Self::Name(text.to_owned()),
        }
    }
}

/// Finds objects, in the order in which they were named. What is not there is told and counted.
pub(crate) async fn find(
    camera: &Camera,
    wanted: &[String],
    out: &Output,
) -> Result<(Vec<Listed>, u64), anyhow::Error> {
    let mut found: Vec<Option<Listed>> = wanted.iter().map(|_| None).collect();
    let mut refusals: Vec<Option<Error>> = wanted.iter().map(|_| None).collect();
    let wanted: Vec<Wanted> = wanted.iter().map(|text| text.as_str().into()).collect();
    for (number, wanted) in wanted.iter().enumerate() {
        if let Wanted::Handle(handle) = *wanted {
            match read(camera, handle).await? {
                Ok(listed) => found[number] = Some(listed),
                Err(refusal) => refusals[number] = Some(refusal),
            }
        }
    }
    find_names(camera, &wanted, &mut found).await?;
    let mut missing = 0;
    for ((place, refusal), wanted) in found.iter().zip(&refusals).zip(&wanted) {
        if place.is_none() {
            missing += 1;
            tell_missing(wanted, refusal.as_ref(), out)?;
        }
    }
    Ok((found.into_iter().flatten().collect(), missing))
}

/// Says why there is nothing of what the person named.
fn tell_missing(wanted: &Wanted, refusal: Option<&Error>, out: &Output) -> Result<(), Trouble> {
    let shown = "`filmwire ls` shows what there is";
    let (line, (reason, help)) = match wanted {
        Wanted::Name(name) => {
            (json!({ "name": name }), (format!("no object is called {name:?}"), shown))
        }
        Wanted::Handle(handle) => {
            let line = json!({ "handle": handle.0, "name": handle.to_string() });
            let words = match refusal {
                Some(error) if !is_no_such_object(error) => {
                    (format!("object {handle}: {error}"), error.cure())
                }
                _ => (format!("no object has the handle {handle}"), shown),
            };
            (line, words)
        }
    };
    out.warn(&format!("{}; {help}", text::tame(&reason)));
    let mut line = line;
    line["reason"] = reason.into();
    out.json("failed", line)
}

/// Any other refusal says nothing about whether the object is there.
fn is_no_such_object(error: &Error) -> bool {
    matches!(error, Error::Refused { response: ResponseCode::INVALID_OBJECT_HANDLE, .. })
}

/// Goes through the card until every name was met once.
async fn find_names(
    camera: &Camera,
    wanted: &[Wanted],
    found: &mut [Option<Listed>],
) -> anyhow::Result<()> {
    let open = |found: &[Option<Listed>]| {
        let mut pairs = wanted.iter().zip(found);
        pairs.any(|(wanted, place)| matches!(wanted, Wanted::Name(_)) && place.is_none())
    };
    if !open(found) {
        return Ok(());
    }
    walk(camera, |handle, info| {
        let Some(info) = info else { return Ok(ControlFlow::Continue(())) };
        let name = info.name.to_text();
        for (place, wanted) in found.iter_mut().zip(wanted) {
            let is_it = matches!(wanted, Wanted::Name(text) if text.eq_ignore_ascii_case(&name));
            if is_it && place.is_none() {
                *place = Some(Listed { handle, info: info.clone() });
            }
        }
        Ok(if open(found) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })
    .await
}

/// Reads what the camera tells of an object; the inner error says that it refuses, or that its
/// words make no sense.
async fn read(camera: &Camera, handle: ObjectHandle) -> Result<Result<Listed, Error>, Error> {
    match camera.object_info(handle).await {
        Ok(info) => Ok(Ok(Listed { handle, info })),
        Err(refusal @ (Error::Refused { .. } | Error::Unreadable { .. })) => Ok(Err(refusal)),
        Err(error) => Err(error),
    }
}

/// Goes through all objects in order of their handles; `each` gets what the camera refused too.
///
/// Fails if the camera refuses so many in a row that its count cannot be true.
pub(crate) async fn walk(
    camera: &Camera,
    mut each: impl FnMut(ObjectHandle, Option<ObjectInfo>) -> Result<ControlFlow<()>, Trouble>,
) -> anyhow::Result<()> {
    let (mut handle, mut refused) = (0, 0);
    // The count is read anew each time: a photo may be taken meanwhile.
    while handle < camera.object_count() {
        handle += 1;
        let listed = read(camera, ObjectHandle(handle)).await?.ok();
        refused = if listed.is_some() { 0 } else { refused + 1 };
        if refused > MOST_REFUSED {
            let count = camera.object_count();
            let text =
                format!("the camera claims {count} objects, but refuses those from {handle}");
            return Err(Trouble::failed(text, "look at the camera's screen and run again").into());
        }
        if each(ObjectHandle(handle), listed.map(|listed| listed.info))?.is_break() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_camera_is_no_path() {
        let safe = |name| safe_file_name(name, ObjectHandle(7));
        assert_eq!(safe("DSCF0001.JPG"), "DSCF0001.JPG");
        assert_eq!(safe("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe("/"), "_");
        assert_eq!(safe(".."), "object-7");
        assert_eq!(safe(""), "object-7");
        assert_eq!(safe("a\x1b\0b"), "a__b");
        // File systems count bytes, and take 255.
        assert_eq!(safe(&"\u{1d400}".repeat(120)), "\u{1d400}".repeat(50));
    }

    #[test]
    fn digits_are_a_handle() {
        assert_eq!(Wanted::from("12"), Wanted::Handle(ObjectHandle(12)));
        assert_eq!(Wanted::from("DSCF12"), Wanted::Name("DSCF12".into()));
    }
}
