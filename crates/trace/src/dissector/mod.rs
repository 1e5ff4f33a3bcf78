//! A dissector for Wireshark and tshark, made of the same tables as everything else.

use std::fmt::Write as _;

use filmwire_codec::code::{CodeEntry, tables};
use filmwire_codec::value::KINDS;

/// The part that is no table; Lua 5.2, as Wireshark 4.0 has it.
const TEMPLATE: &str = include_str!("fujifilm.lua");
/// The line of it where the tables go.
const PLACE: &str = "--TABLES--\n";
/// Tables that are looked up by themselves, and what Lua calls them.
const LISTS: [(&str, &str); 5] = [
    ("operation", "OPERATIONS"),
    ("response", "RESPONSES"),
    ("event", "EVENTS"),
    ("property", "PROPERTIES"),
    ("init fail reason", "REASONS"),
];

/// The dissector's text: a Lua script that needs nothing besides.
pub fn dissector() -> String {
    TEMPLATE.replacen(PLACE, &lua_tables(), 1)
}

fn lua_tables() -> String {
    let mut text = String::new();
    for table in tables() {
        let name = LISTS.iter().find(|(kind, _)| *kind == table.kind);
        if let Some((_, name)) = name {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "local {name} = {{");
            entries(&mut text, table.entries, "  ");
            text.push_str("}\n");
        }
    }
    text.push_str("-- What values of a property mean.\nlocal WORDS = {\n");
    for table in tables() {
        if let Some(property) = property_of(table.kind) {
            let _ = writeln!(text, "  [0x{property:04X}] = {{");
            entries(&mut text, table.entries, "    ");
            text.push_str("  },\n");
        }
    }
    text.push_str("}\n-- Bytes of the properties whose values have words.\nlocal WIDTHS = {\n");
    for kind in KINDS {
        let width = kind.data_type.width_bytes().unwrap_or_default();
        let _ = writeln!(text, "  [0x{:04X}] = {width},", kind.property.0);
    }
    text.push_str("}\n");
    text
}

fn entries(text: &mut String, entries: &[CodeEntry], indent: &str) {
    for CodeEntry { code, name, .. } in entries {
        // Names have neither quotes nor backslashes; a test looks.
        let _ = writeln!(text, "{indent}[0x{code:04X}] = \"{name}\",");
    }
}

/// The property whose values a table has: its code in parentheses at the end.
fn property_of(kind: &str) -> Option<u16> {
    let (_, code) = kind.strip_suffix(')')?.rsplit_once('(')?;
    u16::from_str_radix(code, 16).ok()
}

#[cfg(test)]
mod tests {
    use filmwire_codec::{DevicePropCode, OperationCode};

    use super::*;

    #[test]
    fn every_code_of_the_tables_is_in_it() {
        let text = dissector();
        assert!(!text.contains(PLACE));
        for table in tables() {
            let listed = LISTS.iter().any(|(kind, _)| *kind == table.kind);
            if !listed && property_of(table.kind).is_none() {
                assert_eq!(table.kind, "object format", "a table that goes nowhere");
                continue;
            }
            for CodeEntry { code, name, .. } in table.entries {
                assert!(text.contains(&format!("[0x{code:04X}] = \"{name}\",\n")), "{name}");
                assert!(!name.contains(['"', '\\', '\n']), "{name}");
            }
        }
    }

    #[test]
    fn words_belong_to_properties_that_have_them() {
        let properties = tables().into_iter().filter_map(|table| property_of(table.kind));
        for property in properties.map(DevicePropCode) {
            let own = [DevicePropCode::CAMERA_STATE, DevicePropCode::FUNCTION_MODE];
            let known = KINDS.iter().any(|kind| kind.property == property);
            assert!(known || own.contains(&property), "{property}");
        }
    }

    #[test]
    fn values_without_a_table_are_computed() {
        let text = dissector();
        let listed: Vec<_> = tables().iter().filter_map(|table| property_of(table.kind)).collect();
        for kind in KINDS {
            let code = kind.property.0;
            let computed = ["aperture", "bias", "iso", "focus_point", "shutter_speed", "battery"]
                .iter()
                .any(|name| text.contains(&format!("  [0x{code:04X}] = {name},\n")));
            assert!(computed != listed.contains(&code), "{}", kind.property);
            assert!(text.contains(&format!("[0x{code:04X}] = ")), "{}", kind.property);
        }
    }

    #[test]
    fn the_codes_it_spells_out_are_the_tables() {
        let text = dissector();
        for line in [
            "local CURRENT_STATE, CAMERA_STATE, FUNCTION_MODE = 0xD212, 0xDF00, 0xDF01\n",
            "local GEOLOCATION = 0xD500\n",
            "local VERSIONS = { first = 0xDF21, last = 0xDF31 }\n",
            "local WITH_VALUE = { [0x1015] = true, [0x1016] = true }\n",
        ] {
            assert!(text.contains(line), "{line}");
        }
        let own = [
            DevicePropCode::CURRENT_STATE,
            DevicePropCode::CAMERA_STATE,
            DevicePropCode::FUNCTION_MODE,
        ];
        assert_eq!(own.map(|code| code.0), [0xD212, 0xDF00, 0xDF01]);
        assert_eq!(DevicePropCode::GEOLOCATION.0, 0xD500);
        let [first, last] = [0xDF21, 0xDF31].map(DevicePropCode);
        assert!(first.is_version() && last.is_version());
        assert!(!DevicePropCode(0xDF20).is_version() && !DevicePropCode(0xDF32).is_version());
        let values = [OperationCode::GET_DEVICE_PROP_VALUE, OperationCode::SET_DEVICE_PROP_VALUE];
        assert_eq!(values.map(|code| code.0), [0x1015, 0x1016]);
    }
}
