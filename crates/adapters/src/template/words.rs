//! The Russian words of our own texts.

use std::time::Duration;

use domain::call::CallResult;
use domain::call::event::{Direction, Reason};

pub(super) const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "Входящий",
        Direction::Outbound => "Исходящий",
        Direction::Internal => "Внутренний",
    }
}

/// How the call ended and, where it did not come to a conversation, why.
pub(super) fn result(result: CallResult, reason: Option<Reason>) -> String {
    let (ended, why) = match result {
        CallResult::Answered => return "состоялся разговор".to_owned(),
        CallResult::Missed => ("пропущен", reason.map(missed_because)),
        CallResult::Failed => ("не состоялся", reason.map(failed_because)),
    };
    why.map_or_else(|| ended.to_owned(), |why| format!("{ended} ({why})"))
}

/// The client called.
const fn missed_because(reason: Reason) -> &'static str {
    match reason {
        Reason::Busy => "сотрудник был занят",
        Reason::NoAnswer => "никто не ответил",
        Reason::Cancelled => "клиент положил трубку",
        Reason::Unreachable => "сотрудник недоступен",
        Reason::Rejected => "вызов отклонён",
        Reason::Error => "сбой связи",
    }
}

/// The client was called.
const fn failed_because(reason: Reason) -> &'static str {
    match reason {
        Reason::Busy => "занято",
        Reason::NoAnswer => "нет ответа",
        Reason::Cancelled => "вызов отменён",
        Reason::Unreachable => "абонент недоступен",
        Reason::Rejected => "вызов отклонён",
        Reason::Error => "сбой связи",
    }
}

/// A span of time to the second: `1 ч 2 мин 3 с`, without leading zeros.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let parts = [(seconds / 3600, "ч"), (seconds / 60 % 60, "мин"), (seconds % 60, "с")];
    let shown: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if shown.is_empty() { "0 с".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let cases = [
            (0, "0 с"),
            (59, "59 с"),
            (60, "1 мин"),
            (62, "1 мин 2 с"),
            (3600, "1 ч"),
            (3723, "1 ч 2 мин 3 с"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_reason_is_told_from_the_side_of_whoever_called() {
        assert_eq!(result(CallResult::Missed, Some(Reason::Cancelled)), "пропущен (клиент положил трубку)");
        assert_eq!(result(CallResult::Failed, Some(Reason::Cancelled)), "не состоялся (вызов отменён)");
        assert_eq!(result(CallResult::Answered, Some(Reason::Busy)), "состоялся разговор");
        assert_eq!(result(CallResult::Missed, None), "пропущен");
    }
}
