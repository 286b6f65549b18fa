//! The documents keep their word: what the README says to type is typed, the programs of the provider's page are run,
//! every link leads somewhere, every metric is explained.

mod commands;
mod links;
mod metrics;
mod page;
mod signing;
mod walk;
