//! Checking single values.

use std::net::SocketAddr;

use adapters::provider::asterisk;
use domain::clock::Timestamp;
use domain::phone::Country;
use serde_json::Value;
use url::{Host, Url};

use super::Checker;
use crate::config::path::KeyPath;
use crate::config::schema::{Key, Kind};
use crate::config::suggest::nearest;
use crate::config::tree::{Entry, Tree};

impl Checker<'_> {
    /// The value, if it is of the key's kind.
    pub(super) fn scalar(&mut self, path: &KeyPath, key: &Key, tree: &Tree) -> Option<Value> {
        let wrong = match (&key.kind, tree) {
            (Kind::Integers, Tree::List(items)) => return self.integers(path, key, items),
            (Kind::Hosts, Tree::List(items)) => {
                return self.texts(path, key, items, |host| Host::parse(host).is_ok());
            }
            (Kind::Texts, Tree::List(items)) if !items.is_empty() => {
                return self.texts(path, key, items, |text| !text.trim().is_empty());
            }
            (Kind::Boolean, Tree::Boolean(on)) => return Some((*on).into()),
            (Kind::Integer(min, max), Tree::Integer(number)) if (min..=max).contains(&number) => {
                return Some((*number).into());
            }
            (Kind::Country, Tree::Text(code)) => return self.country(path, code),
            (Kind::Moment, Tree::Text(time) | Tree::Time(time)) => match Timestamp::parse(time) {
                Ok(_) => return Some(time.as_str().into()),
                Err(_) => format!("is {:?}", shortened(time)),
            },
            (Kind::Integer(..), Tree::Integer(number)) => format!("is {number}"),
            (Kind::Boolean | Kind::Integer(..) | Kind::Integers | Kind::Hosts | Kind::Texts, _) => {
                format!("is {}", tree.found())
            }
            (_, Tree::Text(text)) => match wrong_text(&key.kind, text) {
                None => return Some(text.as_str().into()),
                Some(wrong) => wrong,
            },
            _ => format!("is {}", tree.found()),
        };
        self.fault(path.clone(), format!("{wrong}; expected {}", key.expected()));
        None
    }

    /// The domain knows the countries, and lists them.
    fn country(&mut self, path: &KeyPath, code: &str) -> Option<Value> {
        match Country::parse(code) {
            Ok(_) => Some(code.into()),
            Err(error) => {
                self.fault(path.clone(), error.to_string());
                None
            }
        }
    }

    fn integers(&mut self, path: &KeyPath, key: &Key, items: &[Entry]) -> Option<Value> {
        if items.is_empty() {
            self.fault(path.clone(), format!("is an empty list; expected {}", key.expected()));
            return None;
        }
        let mut numbers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match &item.tree {
                Tree::Integer(number) if *number >= 0 => numbers.push(Value::from(*number)),
                other => {
                    self.fault(
                        path.index(index),
                        format!("is {}; expected {}", shown(other), key.expected()),
                    );
                }
            }
        }
        (numbers.len() == items.len()).then(|| numbers.into())
    }

    fn texts(
        &mut self,
        path: &KeyPath,
        key: &Key,
        items: &[Entry],
        is_good: impl Fn(&str) -> bool,
    ) -> Option<Value> {
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match &item.tree {
                Tree::Text(text) if is_good(text) => texts.push(Value::from(text.as_str())),
                other => {
                    let found = match other {
                        Tree::Text(text) => format!("{:?}", shortened(text)),
                        other => shown(other),
                    };
                    self.fault(path.index(index), format!("is {found}; expected {}", key.expected()));
                }
            }
        }
        (texts.len() == items.len()).then(|| texts.into())
    }
}

fn shown(tree: &Tree) -> String {
    match tree {
        Tree::Integer(number) => number.to_string(),
        other => other.found().to_owned(),
    }
}

/// What is wrong with a text, if anything. URLs may carry credentials and are not repeated.
fn wrong_text(kind: &Kind, text: &str) -> Option<String> {
    if text.trim().is_empty() && !matches!(kind, Kind::TextOrNothing) {
        return Some("is empty".to_owned());
    }
    let good = match kind {
        Kind::Url => return (!is_web_url(text)).then(|| "is no absolute URL of http or https".to_owned()),
        Kind::Word(words) => {
            return (!words.contains(&text)).then(|| match nearest(text, words.iter().copied()) {
                Some(meant) => format!("is {:?} (did you mean {meant:?}?)", shortened(text)),
                None => format!("is {:?}", shortened(text)),
            });
        }
        Kind::Address => text.parse::<SocketAddr>().is_ok(),
        Kind::HostPort => is_host_and_port(text),
        Kind::Expression => asterisk::check_extensions(text).is_ok(),
        Kind::Schedule => text.parse::<domain::schedule::Schedule>().is_ok(),
        Kind::TimeZone => text.parse::<chrono_tz::Tz>().is_ok(),
        Kind::Level => text.split(',').all(is_directive),
        _ => true,
    };
    (!good).then(|| format!("is {:?}", shortened(text)))
}

fn is_host_and_port(text: &str) -> bool {
    let has_port = |(host, port): (&str, &str)| {
        Host::parse(host).is_ok() && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    text.rsplit_once(':').is_some_and(has_port)
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// `level` or `target=level`.
fn is_directive(directive: &str) -> bool {
    let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
    matches!(
        level.trim().to_ascii_lowercase().as_str(),
        "off" | "error" | "warn" | "info" | "debug" | "trace"
    )
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
