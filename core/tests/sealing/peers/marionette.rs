//! Marionette, the protocol by which Mozilla's programs are driven: JSON with
//! its length before it, over TCP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// How long a script may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session.
#[derive(Debug)]
pub(crate) struct Marionette {
    stream: BufReader<TcpStream>,
    last: u64,
}

impl Marionette {
    /// Connects, and gets the privileges of the program itself.
    pub(crate) fn connect(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
        stream
            .set_read_timeout(Some(PATIENCE * 2))
            .map_err(|error| error.to_string())?;
        let mut session = Self {
            stream: BufReader::new(stream),
            last: 0,
        };
        session.receive()?;
        session.command("WebDriver:NewSession", &json!({"capabilities": {}}))?;
        session.command("Marionette:SetContext", &json!({"value": "chrome"}))?;
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        session.command("WebDriver:SetTimeouts", &json!({"script": patience}))?;
        Ok(session)
    }

    /// Runs one of our scripts, which gives `{value}` or `{error}`.
    pub(crate) fn script(&mut self, script: &str, argument: &Value) -> Result<Value, String> {
        let reply = self.command(
            "WebDriver:ExecuteAsyncScript",
            &json!({"script": script, "args": [argument], "sandbox": "system", "newSandbox": true}),
        )?;
        let result = &reply["value"];
        if result.is_null() {
            return Err("a dialogue came up and ended the script".to_owned());
        }
        match &result["error"] {
            Value::Null => Ok(result["value"].clone()),
            error => Err(error.to_string()),
        }
    }

    /// Ends the program.
    pub(crate) fn quit(&mut self) -> Result<(), String> {
        self.command("Marionette:Quit", &json!({"flags": ["eForceQuit"]}))
            .map(drop)
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Result<Value, String> {
        self.last += 1;
        let text = json!([0, self.last, name, parameters]).to_string();
        self.stream
            .get_mut()
            .write_all(format!("{}:{text}", text.len()).as_bytes())
            .map_err(|error| format!("{name}: {error}"))?;
        let reply = self.receive()?;
        match &reply[2] {
            Value::Null => Ok(reply[3].clone()),
            error => Err(format!("{name}: {} {}", error["message"], error["data"])),
        }
    }

    fn receive(&mut self) -> Result<Value, String> {
        let mut length = Vec::new();
        self.stream
            .read_until(b':', &mut length)
            .map_err(|error| format!("no reply: {error}"))?;
        let length: usize = std::str::from_utf8(&length)
            .ok()
            .and_then(|text| text.strip_suffix(':')?.parse().ok())
            .ok_or("the program ended")?;
        let mut text = vec![0; length];
        self.stream
            .read_exact(&mut text)
            .map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    }
}
