//! Which file a record says it was recorded to (contract Providers §c.5). Anybody who can set a variable of the dialplan
//! can write it.

use chrono_tz::Tz;
use domain::clock::Timestamp;

use super::time::day;
use crate::provider::asterisk::recordings::{FOLDER, is_plain};

/// What recordings end with; other notes are none.
const ENDS: [&str; 7] = [".wav", ".mp3", ".ogg", ".opus", ".gsm", ".flac", ".m4a"];

/// Before the name in older tables of FreePBX.
const AUDIO: &str = "audio:";

/// The file within the folder `monitor`. FreePBX's `recordingfile` has no folder: it lies in that of the day on which the
/// call began.
pub(super) fn file(userfield: &str, recordingfile: &str, start: Timestamp, zone: Tz) -> Option<String> {
    let of_day = || {
        let name = within(recordingfile)?;
        Some(if name.contains('/') { name } else { format!("{}/{name}", day(start, zone)) })
    };
    within(userfield).or_else(of_day)
}

/// The path within the folder; of one that leads elsewhere the name, as of files that are heard of.
fn within(text: &str) -> Option<String> {
    let path = text.strip_prefix(AUDIO).unwrap_or(text);
    let elsewhere = || path.strip_prefix('/').and_then(|path| path.rsplit('/').next()).unwrap_or(path);
    let name = path.split_once(FOLDER).map_or_else(elsewhere, |(_, within)| within);
    let lower = name.to_ascii_lowercase();
    let is_audio = ENDS.iter().any(|end| lower.strip_suffix(end).is_some_and(|stem| !stem.is_empty()));
    (is_audio && is_plain(name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: Timestamp = Timestamp::from_micros(1_795_390_000_000_000);

    fn found(userfield: &str, recordingfile: &str) -> Option<String> {
        file(userfield, recordingfile, AT, chrono_tz::Asia::Vladivostok)
    }

    #[test]
    fn a_name_of_freepbx_lies_in_the_folder_of_its_day() {
        assert_eq!(found("", "in-7495-1.2.WAV").as_deref(), Some("2026/11/23/in-7495-1.2.WAV"));
        assert_eq!(found("", "2026/11/01/x.mp3").as_deref(), Some("2026/11/01/x.mp3"));
        assert_eq!(found("1795402607.0.wav", "x.mp3").as_deref(), Some("1795402607.0.wav"));
        assert_eq!(found("audio:/var/spool/asterisk/monitor/q/x.wav", "").as_deref(), Some("q/x.wav"));
        assert_eq!(found("/var/rec/x.wav", "").as_deref(), Some("x.wav"));
    }

    #[test]
    fn what_is_no_name_of_a_recording_is_none() {
        for text in [
            "",
            ".wav",
            "note",
            "/etc/passwd",
            "../x.wav",
            "/monitor/../x.wav",
            "a/../x.wav",
            "a//x.wav",
            "a b.wav",
            "x.wav?y",
            "http://host/x.wav",
            "x.wav\n",
            "ж.wav",
            "x.exe",
        ] {
            assert_eq!(found(text, text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder(text in "[a-z./:+ -]{0,20}(\\.wav)?") {
            if let Some(file) = found(&text, "") {
                prop_assert!(!file.contains(':') && file.split('/').all(|part| !matches!(part, "" | "." | "..")), "{file}");
            }
        }
    }
}
