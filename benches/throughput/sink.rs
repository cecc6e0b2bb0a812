//! `smtp-sink`, started and stopped.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::postfix;

/// A running sink. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Sink {
    child: Child,
    address: SocketAddr,
}

impl Sink {
    /// Starts one on a free loopback port and waits until it answers.
    pub(crate) fn start() -> Result<Self, String> {
        let program = postfix::find("smtp-sink").ok_or("smtp-sink is missing")?;
        let address = postfix::free_port(IpAddr::from([127, 0, 22, 1]))?;
        let child = Command::new(program)
            .args(["-u", "nobody", &address.to_string(), "1000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start smtp-sink: {error}"))?;
        let sink = Self { child, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if started.elapsed() > Duration::from_secs(10) {
                return Err("smtp-sink does not listen".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(sink)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
