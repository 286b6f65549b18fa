//! The fault matrix: each remote system (a row) fails in each way (a column) while calls of every kind come in and go
//! on. Each cell is a test of its own, so that its name says which one failed; what is expected of it stands in the
//! tables of [`kontur`], [`workonflow`], [`metabot`] and [`provider`]. The faults of the machine itself are in
//! [`database`], [`disk`] and [`clock`].
//!
//! While a fault lasts all others are served: the other destinations, and a second workspace. When it is over
//! everything is whole: one communication, one registration, one comment, in a legal order.

/// One test for each line of a table: its name, and what it is checked with.
macro_rules! cells {
    ($check:path; $($name:ident: $($argument:expr),+;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                $check($($argument),+).await;
            }
        )+
    };
}

mod calls;
mod cell;
mod clock;
mod database;
mod disk;
mod kontur;
mod metabot;
pub(crate) mod neighbour;
mod office;
mod provider;
mod room;
mod row;
mod sender;
mod way;
mod whole;
mod workonflow;
