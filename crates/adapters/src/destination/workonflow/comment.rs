//! The texts of a call: the comment, and the names of a new thread and contact. Ours, in Russian, unless the
//! administrator wrote others. Pure.

use domain::instance::settings::WorkonflowTemplates;

use crate::template::{Facts, TemplateError, Templates};

const COMMENT: &str = "\
{{ call.direction_text }} звонок {{ call.started_at_text }}: {{ call.result_text }}
Клиент: {{ call.client_text }}{% if call.employee_extension %}
Сотрудник: доб. {{ call.employee_extension }}{% endif %}
Ожидание: {{ call.wait_text }}{% if call.answered_at %}
Разговор: {% if call.end_inferred %}не менее {% endif %}{{ call.talk_text }}{% endif %}
Звонок № {{ call.reference }}";

/// Ends every comment of a call whose end was inferred, whoever wrote the template.
const INFERRED: &str = "Окончание звонка не получено от телефонии: он считается завершённым";

const THREAD_TITLE: &str = "Звонки: {{ call.client_text }}";

const CONTACT_NAME: &str = "{{ call.client_text }}";

/// The title of the one thread for all withheld numbers: it is found again by this text, so it cannot be changed.
pub(super) const ANONYMOUS_TITLE: &str = "Звонки со скрытых номеров";

/// The templates in use.
pub(super) struct Texts {
    templates: Templates,
    comment: Text,
    thread_title: Text,
    contact_name: Text,
}

struct Text {
    key: &'static str,
    source: String,
}

/// The texts of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallTexts {
    /// Contains the call's reference.
    pub(super) comment: String,
    pub(super) thread_title: String,
    pub(super) contact_name: String,
}

impl Texts {
    /// Takes the administrator's templates, each if it can be used.
    pub(super) fn new(settings: &WorkonflowTemplates) -> Result<Self, TemplateError> {
        let templates = Templates::new();
        let text = |key, own: &Option<String>, ours: &str| {
            let source = own.as_deref().unwrap_or(ours).to_owned();
            templates.check(key, &source).map(|()| Text { key, source })
        };
        Ok(Self {
            comment: text("templates.comment", &settings.comment, COMMENT)?,
            thread_title: text("templates.thread_title", &settings.thread_title, THREAD_TITLE)?,
            contact_name: text("templates.contact_name", &settings.contact_name, CONTACT_NAME)?,
            templates,
        })
    }

    /// The texts of a call.
    pub(super) fn of(&self, facts: &Facts) -> Result<CallTexts, TemplateError> {
        Ok(CallTexts {
            comment: with_note(with_reference(self.render(&self.comment, facts)?, &facts.reference), facts),
            thread_title: self.render(&self.thread_title, facts)?,
            contact_name: or(self.render(&self.contact_name, facts)?, &facts.client_text),
        })
    }

    fn render(&self, text: &Text, facts: &Facts) -> Result<String, TemplateError> {
        let rendered = self.templates.render(text.key, &text.source, facts)?;
        Ok(rendered.trim().to_owned())
    }
}

/// Without its reference a comment could not be found again after an unknown outcome, and would be written twice.
fn with_reference(comment: String, reference: &str) -> String {
    if comment.contains(reference) { comment } else { format!("{comment}\nЗвонок № {reference}") }
}

/// What was never told is not passed off as told.
fn with_note(comment: String, facts: &Facts) -> String {
    if facts.end_inferred { format!("{comment}\n{INFERRED}") } else { comment }
}

/// A contact has to have a name.
fn or(name: String, other: &str) -> String {
    if name.is_empty() { other.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::samples;

    fn missed() -> Facts {
        Facts {
            result_text: "пропущен (никто не ответил)".to_owned(),
            answered_at: String::new(),
            employee_extension: String::new(),
            ..samples::answered()
        }
    }

    fn texts(settings: &WorkonflowTemplates, facts: &Facts) -> CallTexts {
        Texts::new(settings).unwrap().of(facts).unwrap()
    }

    #[test]
    fn our_own_texts() {
        let texts = texts(&WorkonflowTemplates::default(), &samples::answered());
        assert_eq!(
            texts.comment,
            "Входящий звонок 22.11.2026 10:00:00: состоялся разговор\nКлиент: +79997775533\nСотрудник: доб. 101\n\
             Ожидание: 5 с\nРазговор: 1 мин 2 с\nЗвонок № 7ZK3M9QA"
        );
        assert_eq!(texts.thread_title, "Звонки: +79997775533");
        assert_eq!(texts.contact_name, "+79997775533");
    }

    #[test]
    fn a_call_without_a_conversation_says_nothing_of_one() {
        assert_eq!(
            texts(&WorkonflowTemplates::default(), &missed()).comment,
            "Входящий звонок 22.11.2026 10:00:00: пропущен (никто не ответил)\nКлиент: +79997775533\n\
             Ожидание: 5 с\nЗвонок № 7ZK3M9QA"
        );
    }

    #[test]
    fn an_inferred_end_is_said_to_be_one() {
        let facts = Facts { end_inferred: true, ..samples::answered() };
        assert_eq!(
            texts(&WorkonflowTemplates::default(), &facts).comment,
            "Входящий звонок 22.11.2026 10:00:00: состоялся разговор\nКлиент: +79997775533\nСотрудник: доб. 101\n\
             Ожидание: 5 с\nРазговор: не менее 1 мин 2 с\nЗвонок № 7ZK3M9QA\n\
             Окончание звонка не получено от телефонии: он считается завершённым"
        );
        let own =
            WorkonflowTemplates { comment: Some("{{ call.reference }}".to_owned()), ..Default::default() };
        assert_eq!(texts(&own, &facts).comment, format!("7ZK3M9QA\n{INFERRED}"));
    }

    #[test]
    fn the_administrators_texts_replace_ours_and_keep_the_reference() {
        let settings = WorkonflowTemplates {
            comment: Some("{{ call.client_phone }} {{ call.talk_seconds }}\n".to_owned()),
            thread_title: Some("Клиент {{ call.vats_phone }}".to_owned()),
            contact_name: Some("{{ call.reason }}".to_owned()),
        };
        let texts = texts(&settings, &samples::answered());
        assert_eq!(texts.comment, "79997775533 62\nЗвонок № 7ZK3M9QA");
        assert_eq!(texts.thread_title, "Клиент 79229929292");
        assert_eq!(texts.contact_name, "+79997775533", "a name that came out empty");
    }

    #[test]
    fn the_constructor_names_the_key_of_a_template_that_cannot_be_used() {
        let broken = |settings: WorkonflowTemplates| Texts::new(&settings).map(drop).unwrap_err().key;
        let text = Some("{{ call.nobody }}".to_owned());
        assert_eq!(
            broken(WorkonflowTemplates { comment: text.clone(), ..Default::default() }),
            "templates.comment"
        );
        assert_eq!(
            broken(WorkonflowTemplates { thread_title: text.clone(), ..Default::default() }),
            "templates.thread_title"
        );
        assert_eq!(
            broken(WorkonflowTemplates { contact_name: text, ..Default::default() }),
            "templates.contact_name"
        );
    }
}
