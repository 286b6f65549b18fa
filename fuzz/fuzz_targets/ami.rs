//! The reader of Asterisk's manager interface: any bytes, in pieces of any size, and whatever messages they make.

#![no_main]

use adapters::provider::asterisk::ami::frame::Decoder;
use adapters::provider::asterisk::observer::Observer;
use adapters::provider::asterisk::rules::Rules;
use domain::clock::Timestamp;
use domain::phone::Country;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else { return };
    let settings = serde_json::json!({
        "ami": {"address": "127.0.0.1:5038", "username": "kontur", "secret": "s"},
        "trunks": ["PJSIP/trunk"],
    });
    let settings = serde_json::from_value(settings).expect("settings");
    let mut observer = Observer::new(Rules::new(&settings, Country::RU).expect("rules"));
    let mut decoder = Decoder::default();
    let mut count = 0_u32;
    for piece in bytes.chunks(usize::from(*size).max(1)) {
        decoder.feed(piece);
        loop {
            match decoder.message() {
                Ok(Some(message)) => {
                    // A listing is asked for now and then.
                    if count % 16 == 3 {
                        observer.begin_listing();
                    }
                    count += 1;
                    drop(observer.take(&message, Timestamp::from_micros(1_800_000_000_000_000)));
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
});
