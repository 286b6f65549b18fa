use proptest::prelude::*;

use super::*;

/// All that a decoder makes of bytes that come in pieces of `size`.
fn decoded(bytes: &[u8], size: usize) -> Result<Vec<Message>, FrameError> {
    let (mut decoder, mut messages) = (Decoder::default(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        decoder.feed(piece);
        while let Some(message) = decoder.message()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn message(fields: &[(&str, &str)]) -> Message {
    fields.iter().copied().collect()
}

#[test]
fn a_block_of_lines_is_a_message() {
    let stream =
        b"Event: Hangup\r\nChannel: PJSIP/101-00000001\r\nCause: 16\r\nCause-txt: Normal: Clearing\r\n\r\n";
    let expected = message(&[
        ("Event", "Hangup"),
        ("Channel", "PJSIP/101-00000001"),
        ("Cause", "16"),
        ("Cause-txt", "Normal: Clearing"),
    ]);
    assert_eq!(decoded(stream, stream.len()), Ok(vec![expected]));
}

#[test]
fn what_other_managers_write_is_understood_too() {
    let stream = b"\r\n\r\nEvent: A\nnonsense\nX:1\n\n\xff\xfe: \xc8\xe2\xe0\xed\r\n\r\n";
    let expected = vec![
        message(&[("Event", "A"), ("X", "1")]),
        message(&[("\u{fffd}\u{fffd}", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}")]),
    ];
    assert_eq!(decoded(stream, 3), Ok(expected));
}

#[test]
fn the_banner_is_a_line_of_its_own() {
    let mut decoder = Decoder::default();
    decoder.feed(b"Asterisk Call Mana");
    assert_eq!(decoder.line(), Ok(None));
    decoder.feed(b"ger/9.0.0\r\nResponse: Success\r\n\r\n");
    assert_eq!(decoder.line(), Ok(Some("Asterisk Call Manager/9.0.0".to_owned())));
    assert_eq!(decoder.message(), Ok(Some(message(&[("Response", "Success")]))));
}

#[test]
fn what_has_no_end_is_refused_before_it_fills_the_memory() {
    assert_eq!(decoded(&vec![b'a'; LONGEST_LINE + 2], 1_000), Err(FrameError::Line));
    assert_eq!(
        decoded(&[vec![b'a'; LONGEST_LINE + 1], b"\n".to_vec()].concat(), usize::MAX),
        Err(FrameError::Line)
    );
    assert_eq!(decoded(&b"a: b\r\n".repeat(MOST_FIELDS + 1), 1_000), Err(FrameError::Message));
    let long = [b"a: ".to_vec(), vec![b'b'; 60_000], b"\r\n".to_vec()].concat();
    assert_eq!(decoded(&long.repeat(LARGEST / 60_000 + 1), 1_000), Err(FrameError::Message));
}

#[test]
fn unknown_values_are_none() {
    let message = message(&[("A", ""), ("B", "<unknown>"), ("Key", "first"), ("key", "second")]);
    assert_eq!((message.get("A"), message.get("b")), (None, None));
    assert_eq!(message.get("KEY"), Some("first"));
}

fn word() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9-]{0,12}"
}

fn value() -> impl Strategy<Value = String> {
    r"[ -~а-я]{0,40}".prop_map(|text| text.trim().to_owned())
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), any::<u8>()], 0..600), size in 1_usize..50) {
        prop_assert_eq!(decoded(&bytes, size), decoded(&bytes, usize::MAX));
    }

    #[test]
    fn what_is_written_is_read(messages in proptest::collection::vec(proptest::collection::vec((word(), value()), 1..8), 0..6), size in 1_usize..40) {
        let block = |fields: &Vec<(String, String)>| fields.iter().fold(String::new(), |block, (key, value)| block + &format!("{key}: {value}
")) + "
";
        let stream: String = messages.iter().map(block).collect();
        let expected: Vec<Message> = messages.iter().map(|fields| fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()).collect();
        prop_assert_eq!(decoded(stream.as_bytes(), size), Ok(expected));
    }

    /// Nothing that is put into an action can become another field or another action.
    #[test]
    fn no_text_gets_out_of_its_field(values in proptest::collection::vec(".*", 1..5)) {
        let action = values.iter().fold(super::super::action::Action::new("Originate"), |action, value| action.with("Exten", value));
        let read = decoded(action.encode(7).as_bytes(), usize::MAX).unwrap();
        prop_assert_eq!(read.len(), 1);
        let keys: Vec<&str> = read[0].fields().map(|(key, _)| key).collect();
        prop_assert_eq!(&keys[..2], &["Action", "ActionID"]);
        prop_assert_eq!(keys.len(), 2 + values.len());
        prop_assert!(keys[2..].iter().all(|key| *key == "Exten"));
    }
}
