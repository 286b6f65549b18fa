//! When realtime is not worth sending any more (design §1, rule 4). Pure.

use super::{DeliveryState, Notice};

/// Why a notice is not sent any more; none if it is worth sending. `is_late` is whether its time is over, `opening` what
/// became of the call's call-started, if there was one.
pub const fn too_late(
    notice: &Notice,
    is_late: bool,
    opening: Option<DeliveryState>,
) -> Option<&'static str> {
    match (notice, opening) {
        _ if !notice.is_realtime() => None,
        (Notice::LegChanged { .. } | Notice::CallFinished { .. }, Some(DeliveryState::Expired)) => {
            Some("its call-started came too late")
        }
        // A call that was opened there would stay open for ever.
        (Notice::CallFinished { .. }, Some(DeliveryState::Delivered)) => None,
        _ if is_late => Some("too late to be worth sending"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::plan::LegSignal;

    #[test]
    fn late_realtime_is_skipped_but_what_was_opened_is_closed() {
        use DeliveryState::{Dead, Delivered, Expired};
        let at = Timestamp::default();
        let started = Notice::CallStarted { at };
        let event = Notice::LegChanged { leg: "a".into(), signal: LegSignal::Connected, at };
        let finished = Notice::CallFinished { at };
        let (late, orphan) = (Some("too late to be worth sending"), Some("its call-started came too late"));
        for (notice, opening, in_time, too_late_then) in [
            (&started, None, None, late),
            (&started, Some(Expired), None, late),
            (&event, Some(Delivered), None, late),
            (&event, Some(Expired), orphan, orphan),
            (&event, Some(Dead), None, late),
            (&finished, Some(Delivered), None, None),
            (&finished, Some(Expired), orphan, orphan),
            (&finished, Some(Dead), None, late),
            (&finished, None, None, late),
            (&Notice::CallFailed { at }, Some(Expired), None, None),
            (&Notice::Register, Some(Expired), None, None),
            (&Notice::Comment, None, None, None),
        ] {
            assert_eq!(too_late(notice, false, opening), in_time, "{notice:?} {opening:?}");
            assert_eq!(too_late(notice, true, opening), too_late_then, "{notice:?} {opening:?}, late");
        }
    }
}
