//! The environment variables, behind a trait: tests hand in a map, and nothing else asks the process.

use std::collections::BTreeMap;

/// Where environment variables come from.
pub trait Environment {
    /// The variable's value, if it is set and is text.
    fn get(&self, name: &str) -> Option<String>;

    /// All variables whose names begin with `prefix`, by name.
    fn all(&self, prefix: &str) -> BTreeMap<String, String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn all(&self, prefix: &str) -> BTreeMap<String, String> {
        let texts = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let ours = texts.filter(|(name, _)| name.starts_with(prefix));
        ours.map(|(name, value)| (name, value.to_string_lossy().into_owned())).collect()
    }
}

/// Variables of a test.
impl Environment for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).cloned()
    }

    fn all(&self, prefix: &str) -> BTreeMap<String, String> {
        let ours = self.iter().filter(|(name, _)| name.starts_with(prefix));
        ours.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
