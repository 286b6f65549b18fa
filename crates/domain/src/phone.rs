//! Phone numbers: what providers write, normalised to what Kontur takes (digits without `+`, contract Kontur §4).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::Extension;

/// A normalised number: digits without `+`, or `anonymous` for a withheld one. `Display` and `Debug` mask it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(Box<str>);

/// What is sent in place of a withheld number.
pub const ANONYMOUS: &str = "anonymous";

/// Numbers up to this many digits are extensions or service numbers and are left as they are.
const SHORT: usize = 6;

/// A country's numbering: what a national number lacks to be international (ITU-T E.164, E.129).
struct Numbering {
    iso: &'static str,
    code: &'static str,
    trunk: &'static str,
    national_digits: usize,
}

const NUMBERINGS: &[Numbering] = &[
    Numbering { iso: "RU", code: "7", trunk: "8", national_digits: 10 },
    Numbering { iso: "KZ", code: "7", trunk: "8", national_digits: 10 },
    Numbering { iso: "BY", code: "375", trunk: "80", national_digits: 9 },
    Numbering { iso: "AM", code: "374", trunk: "0", national_digits: 8 },
    Numbering { iso: "AZ", code: "994", trunk: "0", national_digits: 9 },
    Numbering { iso: "GE", code: "995", trunk: "0", national_digits: 9 },
    Numbering { iso: "KG", code: "996", trunk: "0", national_digits: 9 },
    Numbering { iso: "MD", code: "373", trunk: "0", national_digits: 8 },
    Numbering { iso: "TJ", code: "992", trunk: "8", national_digits: 9 },
    Numbering { iso: "TM", code: "993", trunk: "8", national_digits: 8 },
    Numbering { iso: "UZ", code: "998", trunk: "8", national_digits: 9 },
];

/// A country of the configuration, by its ISO 3166 code; says how national numbers become international.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Country(usize);

/// The country has no numbering here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known country; expected one of AM, AZ, BY, GE, KG, KZ, MD, RU, TJ, TM, UZ")]
pub struct UnknownCountry(String);

impl Country {
    /// Russia: the default of the configuration.
    pub const RU: Self = Self(0);

    /// Finds the country by its two-letter code, in capitals.
    pub fn parse(code: &str) -> Result<Self, UnknownCountry> {
        let found = NUMBERINGS.iter().position(|numbering| numbering.iso == code);
        found.map(Self).ok_or_else(|| UnknownCountry(code.to_owned()))
    }

    /// The two-letter code of ISO 3166.
    pub fn iso(self) -> &'static str {
        NUMBERINGS[self.0].iso
    }
}

impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.iso())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

impl Phone {
    /// The withheld number.
    pub fn anonymous() -> Self {
        Self(ANONYMOUS.into())
    }

    /// A colleague's extension in the place of a number.
    pub fn extension(extension: &Extension) -> Self {
        Self(extension.as_str().into())
    }

    /// Normalises what a provider wrote. Text without digits (`anonymous`, `Unknown`, empty) is a withheld number.
    ///
    /// `+`, a leading `00` or `810`, the national trunk prefix and bare national numbers are understood; anything
    /// else keeps its digits, so that no number is lost.
    pub fn normalise(raw: &str, country: Country) -> Self {
        let address = raw.trim().trim_start_matches("sip:").trim_start_matches("tel:");
        let address = address.split(['@', ';']).next().unwrap_or_default();
        let digits: String = address.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return Self::anonymous();
        }
        if address.starts_with('+') || digits.len() < SHORT {
            return Self(digits.into());
        }
        Self(international(&digits, &NUMBERINGS[country.0]).into())
    }

    /// A number that was normalised when it was stored.
    pub fn from_stored(digits: &str) -> Self {
        Self(digits.into())
    }

    /// Digits, or `anonymous`. Not for logs: there `Display` masks.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the number was withheld.
    pub fn is_anonymous(&self) -> bool {
        &*self.0 == ANONYMOUS
    }
}

fn international(digits: &str, numbering: &Numbering) -> String {
    let national = numbering.national_digits;
    if let Some(rest) =
        digits.strip_prefix("810").filter(|rest| numbering.trunk == "8" && rest.len() > national)
    {
        return rest.to_owned();
    }
    if let Some(rest) = digits.strip_prefix("00").filter(|rest| rest.len() > national) {
        return rest.to_owned();
    }
    if let Some(rest) = digits.strip_prefix(numbering.trunk).filter(|rest| rest.len() == national) {
        return format!("{}{rest}", numbering.code);
    }
    if digits.len() == national && !digits.starts_with(numbering.trunk)
        || digits.len() == 10 && numbering.code == "7"
    {
        return format!("{}{digits}", numbering.code);
    }
    digits.to_owned()
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_anonymous() || self.0.len() < SHORT {
            return f.write_str(&self.0);
        }
        write!(f, "…{}", &self.0[self.0.len() - 4..])
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, country: &str, expected: &str) {
        assert_eq!(
            Phone::normalise(raw, Country::parse(country).unwrap()).as_str(),
            expected,
            "{raw} in {country}"
        );
    }

    #[test]
    fn national_and_international_spellings_become_one() {
        for raw in
            ["+7 999 777-55-33", "8 (999) 777-55-33", "79997775533", "9997775533", "sip:79997775533@pbx.test"]
        {
            check(raw, "RU", "79997775533");
        }
        check("80 29 123-45-67", "BY", "375291234567");
        check("291234567", "BY", "375291234567");
        check("810 49 30 1234567", "RU", "49301234567");
        check("00 49 30 1234567", "RU", "49301234567");
        check("8 800 555-35-35", "RU", "78005553535");
        check("+8 800 555", "RU", "8800555");
    }

    #[test]
    fn short_numbers_stay_and_withheld_ones_are_anonymous() {
        check("101", "RU", "101");
        check("007", "RU", "007");
        for raw in ["", "anonymous", "Unknown", "sip:anonymous@anonymous.invalid"] {
            check(raw, "RU", ANONYMOUS);
        }
    }

    #[test]
    fn shown_numbers_are_masked() {
        let phone = Phone::normalise("+79997775533", Country::RU);
        assert_eq!(format!("{phone} {phone:?}"), "…5533 …5533");
    }
}
