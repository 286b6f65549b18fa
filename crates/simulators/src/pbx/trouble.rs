//! What shall be odd about the recording of a leg, and for how many requests.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// One oddity of a leg's recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    pub kind: TroubleKind,
    /// How many requests it meets; none: until healed.
    #[serde(default)]
    pub times: Option<u32>,
}

/// What is odd. The first kinds say what is answered, and a request meets the first of them that is set; the last
/// three say how the sound is sent, and a request meets all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// This status and no sound: 404 while it is not ready, 410 when the url is too old, 403, 500.
    Status(u16),
    /// HTTP 200 without a single byte.
    Empty,
    /// HTTP 200 and a page of HTML, said to be of this media type.
    Html { content_type: String },
    /// This status (302, 307) and the url to go to.
    Redirect { status: u16, to: String },
    /// `Content-Length` tells the whole; the connection breaks after this many percent of it.
    Cut { percent: u8 },
    /// No `Range`, no `ETag`: the answer is always the whole.
    NoRange,
    /// No `Content-Length`: the sound comes in chunks.
    NoLength,
    /// This `Content-Type` instead of the right one; none: no such header.
    ContentType(Option<String>),
}

impl Trouble {
    /// An oddity of every request until healed.
    pub fn always(kind: TroubleKind) -> Self {
        Self { kind, times: None }
    }

    /// An oddity of the next `times` requests.
    pub fn times(kind: TroubleKind, times: u32) -> Self {
        Self { kind, times: Some(times) }
    }
}

impl TroubleKind {
    fn is_answer(&self) -> bool {
        !matches!(self, Self::NoRange | Self::NoLength | Self::ContentType(_))
    }
}

/// The troubles of all recordings, by leg.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    by_leg: HashMap<String, Vec<Trouble>>,
}

impl Troubles {
    /// Adds one behind those already set.
    pub(super) fn set(&mut self, leg_id: &str, trouble: Trouble) {
        self.by_leg.entry(leg_id.to_owned()).or_default().push(trouble);
    }

    /// The recording is served as it should be.
    pub(super) fn heal(&mut self, leg_id: &str) {
        self.by_leg.remove(leg_id);
    }

    /// What is set at the moment.
    pub(super) fn of(&self, leg_id: &str) -> Vec<Trouble> {
        self.by_leg.get(leg_id).cloned().unwrap_or_default()
    }

    /// What this request meets, each used up by one.
    pub(super) fn take(&mut self, leg_id: &str) -> Vec<TroubleKind> {
        let Some(troubles) = self.by_leg.get_mut(leg_id) else { return Vec::new() };
        let (mut met, mut is_answered) = (Vec::new(), false);
        troubles.retain_mut(|trouble| {
            if trouble.times == Some(0) {
                return false;
            }
            if trouble.kind.is_answer() && std::mem::replace(&mut is_answered, true) {
                return true;
            }
            met.push(trouble.kind.clone());
            trouble.times.as_mut().is_none_or(|times| {
                *times -= 1;
                *times > 0
            })
        });
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_one_after_the_other_and_manners_together() {
        use TroubleKind::{Empty, NoLength, NoRange, Status};
        let mut troubles = Troubles::default();
        troubles.set("a", Trouble::times(Status(404), 2));
        troubles.set("a", Trouble::times(Empty, 1));
        troubles.set("a", Trouble::always(NoRange));
        troubles.set("a", Trouble::times(NoLength, 1));
        let met: Vec<_> = (0..4).map(|_| troubles.take("a")).collect();
        let expected = [
            vec![Status(404), NoRange, NoLength],
            vec![Status(404), NoRange],
            vec![Empty, NoRange],
            vec![NoRange],
        ];
        assert_eq!(met, expected);
        assert!(troubles.take("b").is_empty());
        troubles.heal("a");
        assert!(troubles.take("a").is_empty());
    }

    #[test]
    fn a_trouble_is_short_in_json() {
        let read = |json: &str| serde_json::from_str::<Trouble>(json).expect("a trouble");
        assert_eq!(read(r#"{"kind":"empty"}"#), Trouble::always(TroubleKind::Empty));
        let cut = Trouble::times(TroubleKind::Cut { percent: 40 }, 2);
        assert_eq!(read(r#"{"kind":{"cut":{"percent":40}},"times":2}"#), cut);
        assert_eq!(read(r#"{"kind":{"content_type":null}}"#).kind, TroubleKind::ContentType(None));
    }
}
