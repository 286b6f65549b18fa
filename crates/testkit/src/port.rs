//! Ports for servers under test. They are not those that the system hands out for outgoing connections: a server that
//! was killed has to find its port free when it is started again.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which Linux takes ports for outgoing connections (32768 and up).
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// Ports that one process tries before it gets to those where the next one begins.
const BLOCK: u32 = 32;

/// A port that nobody listens on, be it TCP, be it UDP on any address of this machine. Processes begin at different places, since tests run in many of them at once.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(BLOCK);
    for _ in 0..COUNT {
        let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).expect("below 2^16");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free on 127.0.0.1");
}
