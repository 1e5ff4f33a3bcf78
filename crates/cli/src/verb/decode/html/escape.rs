//! Text of strangers in a page: nothing of it may become markup, and nothing may hide.

/// True for what cannot be seen but changes what is: controls, and marks of writing direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// Text as the content of an element, or as an attribute's value in quotes. What is hidden is named.
pub(super) fn html(text: &str) -> String {
    let mut to = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            c if is_hidden(c) => to.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            c => to.push(c),
        }
    }
    to
}

/// JSON as the content of a script element: it says the same, but with no letter of markup in it,
/// so that nothing can end the element, and with none that is hidden.
pub(super) fn json(text: &str) -> String {
    let mut to = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '<' | '>' | '&') || is_hidden(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units)
                .iter()
                .for_each(|unit| to.push_str(&format!("\\u{unit:04x}")));
        } else {
            to.push(c);
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(html("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(html("a\u{202E}b\nc"), "a⟨U+202E⟩b⟨U+000A⟩c");
    }

    #[test]
    fn json_says_the_same_without_markup() {
        let text = "</script><!-- & \u{202E}\u{2028}\u{FEFF}\u{E0001}\u{7F} ü 写";
        let plain = serde_json::to_string(text).unwrap();
        let safe = json(&plain);
        assert!(!safe.contains(['<', '>', '&', '\u{202E}', '\u{2028}', '\u{FEFF}', '\u{E0001}']));
        assert!(safe.contains("\\udb40\\udc01") && safe.contains("ü 写"));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }
}
