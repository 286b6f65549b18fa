//! Who a channel is, by its name: the outside, an employee, or part of the machinery (contract Providers §c.2, Direction).

use domain::call::event::Party;
use domain::id::Extension;
use domain::instance::settings::AsteriskSettings;
use domain::phone::{Country, Phone};
use regex::Regex;

/// A number of the telephone network is longer than any extension.
const MIN_NUMBER: usize = 6;

/// What the settings say of an installation's names and numbers.
#[derive(Debug, Clone)]
pub struct Rules {
    trunks: Vec<String>,
    extensions: Regex,
    prefix: String,
    country: Country,
}

/// Who is behind a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    /// Somebody who can talk.
    Party(Party),
    /// Half of a pair of Asterisk's own, behind which somebody is.
    Local,
    /// A message, an announcement, an endpoint that is no employee's.
    Nobody,
}

/// The expression of `extensions` is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no regular expression: {0}")]
pub struct InvalidExtensions(String);

impl Rules {
    /// The rules of an installation; national numbers are those of `country`.
    pub fn new(settings: &AsteriskSettings, country: Country) -> Result<Self, InvalidExtensions> {
        Ok(Self {
            trunks: settings.trunks.clone(),
            extensions: expression(&settings.extensions)?,
            prefix: settings.originate.prefix.clone(),
            country,
        })
    }

    /// Who is behind the channel of that name, such as `PJSIP/101-0000001a`.
    pub(super) fn side(&self, channel: &str) -> Side {
        if channel.starts_with("Local/") {
            return Side::Local;
        }
        let endpoint = channel.rsplit_once('-').map_or(channel, |(endpoint, _)| endpoint);
        if self.trunks.iter().any(|trunk| is_at(endpoint, trunk)) {
            return Side::Party(Party::Client);
        }
        let name = endpoint.split_once('/').map_or(endpoint, |(_, name)| name);
        match self.extension(name) {
            Some(extension) => Side::Party(Party::User { extension }),
            None => Side::Nobody,
        }
    }

    /// `name` as an employee's extension, if it is one.
    pub(super) fn extension(&self, name: &str) -> Option<Extension> {
        self.extensions.is_match(name).then(|| Extension::new(name))
    }

    /// A number as it came from outside.
    pub(super) fn phone(&self, raw: &str) -> Phone {
        Phone::normalise(raw, self.country)
    }

    /// A number as the company's, if it is one and no extension or name of the dialplan.
    pub(super) fn own_number(&self, raw: &str) -> Option<Phone> {
        is_number(raw).then(|| self.phone(raw))
    }

    /// A number as an employee dialled it.
    pub(super) fn dialled(&self, raw: &str) -> Phone {
        self.phone(raw.strip_prefix(self.prefix.as_str()).filter(|rest| !rest.is_empty()).unwrap_or(raw))
    }
}

/// The expression that says which endpoints are employees'.
pub(super) fn expression(text: &str) -> Result<Regex, InvalidExtensions> {
    Regex::new(text).map_err(|error| InvalidExtensions(error.to_string()))
}

/// Whether it is a number of the telephone network.
pub(super) fn is_number(raw: &str) -> bool {
    let digits = raw.trim_start_matches('+');
    digits.len() >= MIN_NUMBER && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an endpoint is that trunk, or a line of it: `PJSIP/trunk`, `DAHDI/i1/79990001122`.
fn is_at(endpoint: &str, trunk: &str) -> bool {
    let trunk = trunk.trim_end_matches('-');
    endpoint.strip_prefix(trunk).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let settings = serde_json::json!({
            "ami": {"address": "127.0.0.1:5038", "username": "kontur", "secret": "s"},
            "trunks": ["PJSIP/trunk", "DAHDI/i1"],
            "originate": {"prefix": "9"},
        });
        Rules::new(&serde_json::from_value(settings).unwrap(), Country::RU).unwrap()
    }

    #[test]
    fn channels_are_told_apart_by_their_endpoints() {
        let user = |extension: &str| Side::Party(Party::User { extension: extension.into() });
        let cases = [
            ("PJSIP/trunk-0000001a", Side::Party(Party::Client)),
            ("PJSIP/trunk-backup-0000001a", Side::Nobody),
            ("PJSIP/trunk2-0000001a", Side::Nobody),
            ("DAHDI/i1/79990001122-1", Side::Party(Party::Client)),
            ("PJSIP/101-0000001a", user("101")),
            ("SIP/007-0000001a", user("007")),
            ("PJSIP/1-0000001a", Side::Nobody),
            ("PJSIP/door-0000001a", Side::Nobody),
            ("Local/101@from-queue-00000001;2", Side::Local),
            ("Message/ast_msg_queue", Side::Nobody),
            ("", Side::Nobody),
        ];
        for (channel, expected) in cases {
            assert_eq!(rules().side(channel), expected, "{channel}");
        }
    }

    #[test]
    fn extensions_and_names_are_no_numbers_of_the_company() {
        let own = |raw: &str| rules().own_number(raw).map(|phone| phone.as_str().to_owned());
        assert_eq!(own("+74950000001").as_deref(), Some("74950000001"));
        assert_eq!(own("84950000001").as_deref(), Some("74950000001"));
        assert_eq!(own("495001").as_deref(), Some("495001"));
        for other in ["", "s", "101", "95001", "from-trunk", "*970000", "+"] {
            assert_eq!(own(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_dialled_to_get_out_is_not_part_of_the_number() {
        assert_eq!(rules().dialled("989990001122").as_str(), "79990001122");
        assert_eq!(rules().dialled("9").as_str(), "9");
        assert_eq!(rules().phone("989990001122").as_str(), "989990001122");
    }
}
