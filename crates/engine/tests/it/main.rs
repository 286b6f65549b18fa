//! The engine among fakes, by a clock moved by hand.

#![cfg(test)]

mod company;
mod healing;
mod retention;
