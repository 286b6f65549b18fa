//! The engine among fakes, by a clock moved by hand; and in whole worlds, each played from a seed.

#![cfg(test)]

mod company;
mod dials;
mod healing;
mod hours;
mod listening;
mod parking;
mod recordings;
mod retention;
mod simulation;
mod syncs;
