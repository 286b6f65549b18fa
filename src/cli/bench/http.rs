//! As much of HTTP/1.1 as both ends of a bench need: they share the processors with what is measured, and a library
//! would cost more than the server.

/// Where the parts of a message are in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    /// Bytes of the head, with the empty line.
    pub(super) head: usize,
    /// Bytes of the body.
    pub(super) body: usize,
}

impl Message {
    /// The first message of the buffer; none while it is not there whole. Bodies have a `content-length`.
    pub(super) fn first(buffer: &[u8]) -> Option<Self> {
        let head = find(buffer, b"\r\n\r\n")? + 4;
        let body = content_length(&buffer[..head]);
        (buffer.len() >= head + body).then_some(Self { head, body })
    }

    /// Bytes of the whole.
    pub(super) fn len(self) -> usize {
        self.head + self.body
    }
}

/// Where `needle` begins.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack.get(from..)?.iter().position(|byte| *byte == first) {
        if haystack[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    let lines = head.split(|byte| *byte == b'\n');
    let value = lines
        .filter_map(|line| line.split_at_checked(NAME.len()))
        .find_map(|(name, value)| name.eq_ignore_ascii_case(NAME).then_some(value));
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_its_body_does() {
        let whole = b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\n\"OK\"HTTP";
        let head = whole.len() - 8;
        assert_eq!(Message::first(whole), Some(Message { head, body: 4 }));
        for cut in 0..head + 4 {
            assert_eq!(Message::first(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(Message::first(b"GET / HTTP/1.1\r\n\r\n"), Some(Message { head: 18, body: 0 }));
    }

    #[test]
    fn what_is_looked_for_is_found() {
        assert_eq!(find(b"aab\"type\":\"x", b"\"type\":\""), Some(3));
        assert_eq!(find(b"aaab", b"aab"), Some(1));
        assert_eq!(find(b"aaab", b"aabb"), None);
        assert_eq!(find(b"", b"a"), None);
    }
}
