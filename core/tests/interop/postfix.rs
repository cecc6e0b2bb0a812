//! A Postfix of the test's own.
//!
//! [`Postfix::mx`] makes a mail host that takes mail for every domain and
//! keeps it in a Maildir; [`Postfix::relay`] makes one that hands everything
//! on. Both live in a temporary folder, listen on one loopback address, write
//! a log of their own and stop when dropped. [`Postfix::sessions`] reads the
//! log back as connections with the commands that were seen on each, so that a
//! test can say "on that connection there was no `MAIL FROM`".
//!
//! The file is shared with the throughput bench, so it knows nothing of
//! mailseal.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a peer may take for what it does in a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// The user and group `nobody`, to whom the received mail belongs.
const NOBODY: u32 = 65534;

/// Whether the peers can run; says why not, and fails where they must.
#[allow(dead_code, clippy::panic, clippy::print_stdout)]
pub(crate) fn available() -> bool {
    let demand = std::env::var("MAILSEAL_PEERS").unwrap_or_default();
    let obstacle = if demand == "off" {
        Some("MAILSEAL_PEERS is `off`".to_owned())
    } else {
        obstacle()
    };
    match obstacle {
        None => true,
        Some(why) if demand == "require" => panic!("the peers are required: {why}"),
        Some(why) => {
            println!("skipped: {why}");
            false
        }
    }
}

/// Why no Postfix can be started here.
pub(crate) fn obstacle() -> Option<String> {
    for program in ["postfix", "smtp-sink", "openssl"] {
        if find(program).is_none() {
            return Some(format!(
                "{program} is missing (apt-get install postfix openssl)"
            ));
        }
    }
    match fs::metadata("/proc/self") {
        Ok(entry) if entry.uid() == 0 => None,
        _ => Some("Postfix can be started by root only".to_owned()),
    }
}

/// Where `program` lies: on the path, or where Debian keeps what root runs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_port(address: IpAddr) -> Result<SocketAddr, String> {
    TcpListener::bind((address, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no free port on {address}: {error}"))
}

/// What a Postfix shall be.
#[derive(Debug)]
pub(crate) struct Builder {
    settings: Vec<(String, String)>,
    address: IpAddr,
    port: u16,
    certificate: Option<(String, String)>,
    commands_in_log: bool,
    services: Vec<Service>,
    files: Vec<(String, String)>,
}

/// A further listener of the same instance, with settings of its own.
#[derive(Debug)]
struct Service {
    name: String,
    address: IpAddr,
    settings: Vec<(String, String)>,
}

impl Builder {
    fn new(host: &str) -> Self {
        let settings = [
            ("compatibility_level", "3.6"),
            ("command_directory", "/usr/sbin"),
            ("daemon_directory", "/usr/lib/postfix/sbin"),
            ("mail_owner", "postfix"),
            ("setgid_group", "postdrop"),
            ("myhostname", host),
            ("mydestination", ""),
            ("local_transport", "error:no local users"),
            ("mynetworks", "127.0.0.0/8"),
            ("inet_interfaces", "all"),
            ("inet_protocols", "ipv4"),
            // Nothing here may ask DNS: names are the test's.
            ("smtpd_peername_lookup", "no"),
            ("disable_dns_lookups", "yes"),
            ("smtp_host_lookup", "native"),
            ("alias_maps", ""),
            ("notify_classes", ""),
        ];
        Self {
            settings: settings
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            address: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            certificate: None,
            commands_in_log: true,
            services: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Listens on this loopback address too, on the same port, with these
    /// parameters over those of `main.cf`; [`Postfix::sessions_of`] tells its
    /// connections apart by `name`.
    #[allow(dead_code)]
    pub(crate) fn service(
        mut self,
        name: &str,
        address: impl Into<IpAddr>,
        settings: &[(&str, &str)],
    ) -> Self {
        self.services.push(Service {
            name: name.to_owned(),
            address: address.into(),
            settings: settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        });
        self
    }

    /// Puts a file into the folder of `main.cf`, for parameters that name
    /// `$config_directory/<name>`.
    #[allow(dead_code)]
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Listens on this loopback address, on a free port.
    pub(crate) fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Listens on this port instead of a free one.
    #[allow(dead_code)]
    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Offers STARTTLS with this chain and key (PEM, the leaf first).
    #[allow(dead_code)]
    pub(crate) fn certificate(mut self, chain: &str, key: &str) -> Self {
        self.certificate = Some((chain.to_owned(), key.to_owned()));
        self
    }

    /// Sets or overrides a parameter of `main.cf`.
    pub(crate) fn set(mut self, parameter: &str, value: &str) -> Self {
        // Of two lines for one parameter Postfix takes the last.
        self.settings.push((parameter.to_owned(), value.to_owned()));
        self
    }

    /// Leaves the commands out of the log, for speed.
    #[allow(dead_code)]
    pub(crate) fn quiet(mut self) -> Self {
        self.commands_in_log = false;
        self
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(self) -> Result<Postfix, String> {
        let folder = tempfile::Builder::new()
            .prefix("mailseal-postfix-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .map_err(|error| format!("no temporary folder: {error}"))?;
        let address = match self.port {
            0 => free_port(self.address)?,
            port => SocketAddr::new(self.address, port),
        };
        let settings = lay_out(folder.path(), &self)?;
        write(&folder.path().join("etc/main.cf"), &settings, 0o644)?;
        for (name, text) in &self.files {
            // Keys are read before Postfix gives up root, tables after it.
            let mode = if name.ends_with(".pem") { 0o600 } else { 0o644 };
            write(&folder.path().join("etc").join(name), text, mode)?;
        }
        let mut services = format!("{address} inet n - n - - smtpd\n");
        for service in &self.services {
            let listens = SocketAddr::new(service.address, address.port());
            services.push_str(&format!(
                "{listens} inet n - n - - smtpd\n -o syslog_name={}\n",
                service.name
            ));
            for (key, value) in &service.settings {
                services.push_str(&format!(" -o {{ {key} = {value} }}\n"));
            }
        }
        services.push_str(SERVICES);
        write(&folder.path().join("etc/master.cf"), &services, 0o644)?;
        let complaints = fs::File::create(folder.path().join("complaints"))
            .map_err(|error| format!("cannot make a file: {error}"))?;
        // It makes itself the leader of a session, and ends without a word where
        // it leads a process group already.
        let master = Command::new("/usr/lib/postfix/sbin/master")
            .arg("-c")
            .arg(folder.path().join("etc"))
            .arg("-s")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(complaints)
            .spawn()
            .map_err(|error| format!("cannot start Postfix: {error}"))?;
        let mut postfix = Postfix {
            master,
            address,
            folder,
        };
        postfix.wait_until_up()?;
        Ok(postfix)
    }
}

/// The services behind the one that listens. Unlike Debian's, none of them is
/// chrooted.
const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// Makes the folders with the owners that Postfix insists on, and returns the
/// text of `main.cf`.
fn lay_out(folder: &Path, builder: &Builder) -> Result<String, String> {
    let postfix = id_of("/etc/passwd", "postfix")?;
    let postdrop = id_of("/etc/group", "postdrop")?;
    make_folder(&folder.join("etc"), 0o755, None, None)?;
    make_folder(&folder.join("q"), 0o755, None, None)?;
    make_folder(&folder.join("q/pid"), 0o755, None, None)?;
    for queue in [
        "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
        "saved", "trace",
    ] {
        make_folder(&folder.join("q").join(queue), 0o700, Some(postfix), None)?;
    }
    let shared = Some(postdrop);
    make_folder(&folder.join("q/public"), 0o710, Some(postfix), shared)?;
    make_folder(&folder.join("q/maildrop"), 0o730, Some(postfix), shared)?;
    make_folder(&folder.join("data"), 0o700, Some(postfix), None)?;
    make_folder(&folder.join("mail"), 0o700, Some(NOBODY), Some(NOBODY))?;

    let place = folder.display();
    let mut text = String::new();
    for (key, value) in &builder.settings {
        text.push_str(&format!("{key} = {value}\n"));
    }
    text.push_str(&format!(
        "queue_directory = {place}/q\n\
         data_directory = {place}/data\n\
         maillog_file = {place}/log\n\
         maillog_file_prefixes = {place}\n\
         virtual_mailbox_base = {place}/mail\n"
    ));
    if builder.commands_in_log {
        text.push_str("debug_peer_list = 127.0.0.0/8\ndebug_peer_level = 1\n");
    }
    if let Some((chain, key)) = &builder.certificate {
        write(&folder.join("etc/chain.pem"), chain, 0o644)?;
        write(&folder.join("etc/key.pem"), key, 0o600)?;
        text.push_str(&format!(
            "smtpd_tls_security_level = may\n\
             smtpd_tls_chain_files = {place}/etc/key.pem, {place}/etc/chain.pem\n\
             smtpd_tls_loglevel = 1\n\
             smtpd_tls_received_header = yes\n"
        ));
    }
    Ok(text)
}

fn make_folder(path: &Path, mode: u32, uid: Option<u32>, gid: Option<u32>) -> Result<(), String> {
    fs::create_dir(path)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .and_then(|()| std::os::unix::fs::chown(path, uid, gid))
        .map_err(|error| format!("cannot make a folder for Postfix: {error}"))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    fs::File::create(path)
        .and_then(|mut file| {
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            file.write_all(text.as_bytes())
        })
        .map_err(|error| format!("cannot write a file for Postfix: {error}"))
}

/// The number of a user or group: the third field of its line.
fn id_of(file: &str, name: &str) -> Result<u32, String> {
    fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| {
            (fields.next() == Some(name)).then(|| fields.nth(1).and_then(|id| id.parse().ok()))
        })
        .flatten()
        .ok_or_else(|| format!("there is no {name} in {file}"))
}

/// A running Postfix. Dropping it stops it and removes all that it wrote.
#[derive(Debug)]
pub(crate) struct Postfix {
    master: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Postfix {
    /// A mail host that accepts mail for every domain and keeps it.
    #[allow(dead_code)]
    pub(crate) fn mx(host: &str) -> Builder {
        Builder::new(host)
            .set("virtual_mailbox_domains", "static:all")
            .set("virtual_mailbox_maps", "static:inbox/")
            .set("virtual_uid_maps", &format!("static:{NOBODY}"))
            .set("virtual_gid_maps", &format!("static:{NOBODY}"))
    }

    /// A relay that hands every message to `onward`, in clear text.
    #[allow(dead_code)]
    pub(crate) fn relay(host: &str, onward: SocketAddr) -> Builder {
        Builder::new(host).set("relayhost", &format!("[{}]:{}", onward.ip(), onward.port()))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that it logged so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Every connection that came in so far, in order of arrival.
    #[allow(dead_code)]
    pub(crate) fn sessions(&self) -> Vec<Session> {
        read_sessions(&self.log(), "")
    }

    /// The connections that came in at one [`Builder::service`].
    #[allow(dead_code)]
    pub(crate) fn sessions_of(&self, service: &str) -> Vec<Session> {
        read_sessions(&self.log(), service)
    }

    /// Waits until `count` connections have come and gone, and returns all.
    #[allow(dead_code)]
    pub(crate) fn wait_for_sessions(&self, count: usize) -> Result<Vec<Session>, String> {
        self.wait_for(&format!("{count} ended sessions"), || {
            let sessions = self.sessions();
            let ended = sessions.iter().filter(|session| session.ended).count();
            (ended >= count).then_some(sessions)
        })
    }

    /// The messages in the Maildir, in no order, with the header fields that
    /// Postfix put on top (`Return-Path`, `Delivered-To`, `Received`).
    #[allow(dead_code)]
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("mail/inbox/new")) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| fs::read(entry.ok()?.path()).ok())
            .collect()
    }

    /// Waits until the Maildir holds `count` messages, and returns them.
    #[allow(dead_code)]
    pub(crate) fn wait_for_messages(&self, count: usize) -> Result<Vec<Vec<u8>>, String> {
        self.wait_for(&format!("{count} messages"), || {
            let messages = self.messages();
            (messages.len() >= count).then_some(messages)
        })
    }

    /// How many recipients it has handed on or delivered.
    #[allow(dead_code)]
    pub(crate) fn sent(&self) -> usize {
        self.log().matches(", status=sent ").count()
    }

    /// Asks `probe` until it has an answer. Another process cannot be awaited
    /// otherwise; the pause only keeps the wait from eating the processor.
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        probe: impl Fn() -> Option<T>,
    ) -> Result<T, String> {
        let started = Instant::now();
        loop {
            if let Some(answer) = probe() {
                return Ok(answer);
            }
            if started.elapsed() > PATIENCE {
                let log = self.log();
                let lines: Vec<&str> = log.lines().collect();
                let last = lines
                    .get(lines.len().saturating_sub(40)..)
                    .unwrap_or_default();
                return Err(format!(
                    "Postfix did not come to {what}; its log ends:\n{}",
                    last.join("\n")
                ));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_until_up(&mut self) -> Result<(), String> {
        let started = Instant::now();
        // Its sockets listen by the time it says so.
        while !self.log().contains("daemon started") {
            let exited = self.master.try_wait().ok().flatten().is_some();
            if exited || started.elapsed() > PATIENCE {
                let complaints =
                    fs::read_to_string(self.folder.path().join("complaints")).unwrap_or_default();
                // It ends without a word where the address is taken: its log
                // is written by a service that it has not started by then.
                return Err(format!(
                    "Postfix did not start (is {} free?):\n{complaints}{}",
                    self.address,
                    self.log()
                ));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        stop_group(&mut self.master);
    }
}

/// Ends a child and the process group that it leads, with whatever it started.
fn stop_group(leader: &mut Child) {
    let group = format!("-{}", leader.id());
    let told = Command::new("kill")
        .args([OsStr::new("-TERM"), OsStr::new("--"), OsStr::new(&group)])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !told {
        // Not fatal: it may have ended by itself.
        drop(leader.kill());
    }
    drop(leader.wait());
}

/// One connection, as the log tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// The commands in the order they came, as sent.
    pub(crate) commands: Vec<String>,
    /// `TLSv1.3 with cipher …` where a handshake was completed.
    pub(crate) tls: Option<String>,
    /// Whether the connection is over.
    pub(crate) ended: bool,
}

impl Session {
    /// Whether a command that begins so was seen, in any case.
    #[allow(dead_code)]
    pub(crate) fn saw(&self, command: &str) -> bool {
        self.commands.iter().any(|seen| {
            seen.get(..command.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(command))
        })
    }
}

/// Reads the sessions out of a log. One smtpd process serves one connection at
/// a time, so its number tells them apart.
fn read_sessions(log: &str, service: &str) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    let mut current: Vec<(&str, usize)> = Vec::new();
    for line in log.lines() {
        let Some((pid, message)) = line
            .split_once("/smtpd[")
            .filter(|(before, _)| before.ends_with(service))
            .and_then(|(_, rest)| rest.split_once("]: "))
        else {
            continue;
        };
        if message.starts_with("connect from ") {
            current.retain(|(p, _)| *p != pid);
            current.push((pid, sessions.len()));
            sessions.push(Session::default());
            continue;
        }
        let Some(session) = current
            .iter()
            .find(|(p, _)| *p == pid)
            .and_then(|(_, index)| sessions.get_mut(*index))
        else {
            continue;
        };
        if message.starts_with("disconnect from ") {
            session.ended = true;
        } else if let Some(command) = message
            .strip_prefix("< ")
            .and_then(|rest| rest.split_once("]: "))
        {
            session.commands.push(command.1.to_owned());
        } else if let Some((_, rest)) = message.split_once("TLS connection established from ") {
            session.tls = rest.split_once("]: ").map(|(_, tls)| tls.to_owned());
        }
    }
    sessions
}
