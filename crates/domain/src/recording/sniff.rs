//! Whether bytes can be audio: error pages and messages come with a status of 200, and now and then as `audio/mpeg`.

/// So many first bytes are enough to tell.
pub const HEAD: usize = 512;

/// Whether the header names something that no audio is.
pub fn names_text(content_type: &str) -> bool {
    content_type.starts_with("text/") || content_type.ends_with("json") || content_type.ends_with("xml")
}

/// Whether a file that begins so is a page (HTML, XML) or a message (JSON). Audio without a header of its own may begin
/// with any byte, but does not go on as text.
pub fn is_text(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut in two at the end.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let text = text.trim_start_matches('\u{feff}');
    let has_controls = text.chars().any(|c| c.is_control() && !c.is_whitespace());
    !has_controls && text.trim_start().starts_with(['<', '{', '['])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_and_messages() {
        for text in [
            "<!DOCTYPE html><html>",
            "\u{feff}<?xml version=\"1.0\"?>",
            "\r\n  <html>Файл не найден",
            "{\"error\":\"expired\"}",
            "[]",
        ] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        assert!(is_text(&[b"<p>".as_slice(), &"ж".repeat(HEAD).into_bytes()].concat()), "cut in a character");
    }

    #[test]
    fn audio() {
        for head in [
            b"ID3\x04\0\0".as_slice(),
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"OggS\0\x02",
            b"\xff\xfb\x90\x64",
            b"\0\0\0\x20ftypM4A ",
            b"#!AMR\n\x3c",
            b"{\x80\x81\xff",
            b"<<<<\0\0<<",
            b"",
        ] {
            assert!(!is_text(head), "{head:?}");
        }
    }

    #[test]
    fn types_that_no_audio_has() {
        for name in
            ["text/html", "text/plain", "application/json", "application/problem+json", "application/xml"]
        {
            assert!(names_text(name), "{name}");
        }
        for name in ["audio/mpeg", "application/octet-stream", "application/ogg", "video/webm"] {
            assert!(!names_text(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_judged(head in prop::collection::vec(any::<u8>(), 0..2 * HEAD)) {
            let judged = is_text(&head);
            let opens = head.iter().take(HEAD).any(|byte| [b'<', b'{', b'['].contains(byte));
            prop_assert!(!judged || opens);
        }
    }
}
