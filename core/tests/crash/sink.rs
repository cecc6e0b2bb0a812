//! A mail host that takes everything and counts it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How often each message was taken, by its number.
type Accepted = Arc<Mutex<HashMap<u64, u32>>>;

/// Listens on loopback until the process ends.
#[derive(Debug)]
pub(crate) struct Sink {
    address: SocketAddr,
    accepted: Accepted,
    /// Held by each connection while it lives.
    open: Arc<()>,
}

impl Sink {
    /// Starts one; `event` is called at every step of every connection.
    pub(crate) fn start(event: Arc<dyn Fn() + Send + Sync>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Accepted::default();
        let open = Arc::new(());
        let (shared, held) = (Arc::clone(&accepted), Arc::clone(&open));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (accepted, event) = (Arc::clone(&shared), Arc::clone(&event));
                let held = Arc::clone(&held);
                std::thread::spawn(move || {
                    event();
                    // The client may die at any point: that is no fault here.
                    let _ = serve(&stream, &accepted, &*event);
                    drop(held);
                });
            }
        });
        Self {
            address,
            accepted,
            open,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was taken so far. While a client lives this may change.
    pub(crate) fn accepted(&self) -> HashMap<u64, u32> {
        self.accepted.lock().unwrap().clone()
    }

    /// Waits until what dead clients left in the pipes is read.
    pub(crate) fn settle(&self) {
        // One is ours, one is the listener's.
        while Arc::strong_count(&self.open) > 2 {
            std::thread::yield_now();
        }
    }
}

fn serve(stream: &TcpStream, accepted: &Accepted, event: &dyn Fn()) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let say = |text: &str| (&mut &*stream).write_all(text.as_bytes());
    say("220 mx.mail.example ESMTP\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default() {
            "EHLO" => say("250-mx.mail.example\r\n250 PIPELINING\r\n")?,
            "MAIL" => {
                event();
                say("250 2.1.0 ok\r\n")?;
            }
            "RCPT" => say("250 2.1.5 ok\r\n")?,
            "DATA" => {
                event();
                say("354 go ahead\r\n")?;
                let mut number = None;
                loop {
                    line.clear();
                    if reader.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    if let Some(rest) = line.strip_prefix("Subject: Message ") {
                        number = Some(rest.trim().parse().unwrap());
                    }
                }
                event();
                *accepted.lock().unwrap().entry(number.unwrap()).or_insert(0) += 1;
                event();
                say("250 2.0.0 queued\r\n")?;
                event();
            }
            "QUIT" => return say("221 2.0.0 bye\r\n"),
            _ => say("250 2.0.0 ok\r\n")?,
        }
    }
}
