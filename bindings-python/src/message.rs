//! Messages: parsed, composed, and what the host says of them.

use std::sync::Arc;

use mailseal::Error;
use mailseal::base::{Recipient, Sensitivity};
use mailseal::compose::{self, Attachment, Builder, HasRecipient, HasSender, Limits, NoRecipient};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyTuple;

use crate::convert::{Phi, parse, parse_some, phi, secret};
use crate::error::OrRaise as _;
use crate::runtime::compute;

/// From here on reading, scanning and composing gets a thread of its own, so
/// that Ctrl-C is heard.
pub(crate) const LONG: usize = 256 * 1024;

/// A message ready to be scanned or planned. Immutable.
///
/// ``Message.parse`` reads RFC 5322, ``Message.compose`` builds one of fields.
/// Clients and scanners also take ``bytes`` and ``email.message.EmailMessage``.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Message(pub(crate) compose::Message);

fn limits(max_bytes: Option<usize>) -> Limits {
    max_bytes.map_or_else(Limits::default, |bytes| {
        Limits::default().message_bytes(bytes)
    })
}

#[pymethods]
impl Message {
    /// Reads RFC 5322. ``max_bytes`` is 160 MiB where it is left out.
    #[staticmethod]
    #[pyo3(signature = (raw, *, max_bytes=None))]
    fn parse(py: Python<'_>, raw: PyBackedBytes, max_bytes: Option<usize>) -> PyResult<Self> {
        let limits = limits(max_bytes);
        let long = raw.len() >= LONG;
        let read = compute(py, long, move || {
            compose::Message::parse_with(&raw, &limits)
        })?;
        read.map(Self).or_raise(py)
    }

    /// A text alone, to be scanned: it goes from nobody to nobody.
    #[staticmethod]
    fn from_text(py: Python<'_>, text: String) -> PyResult<Self> {
        compose::Message::from_text(text).map(Self).or_raise(py)
    }

    /// A message with what the host says of it. See ``mailseal.mark``.
    #[staticmethod]
    fn marked(py: Python<'_>, message: &Bound<'_, PyAny>, marks: GivenMarks<'_>) -> PyResult<Self> {
        let (source, marks) = (Source::take(message)?, marks.read(py)?);
        let long = source.len() >= LONG;
        let made = compute(py, long, move || marks.apply(source.read()?))?;
        made.map(Self).or_raise(py)
    }

    /// Builds a message. Names, text and HTML may hold PHI; the subject should
    /// not, and an attachment's name should not.
    ///
    /// ``attachments`` are triples of name, media type and content;  ``headers``
    /// pairs of name and value.
    #[staticmethod]
    #[pyo3(signature = (
        *, sender, to=Vec::new(), cc=Vec::new(), bcc=Vec::new(), subject=None, text=None,
        html=None, attachments=Vec::new(), headers=Vec::new(), sender_name=None, reply_to=None,
        max_bytes=None,
    ))]
    #[allow(clippy::too_many_arguments)]
    fn compose(
        py: Python<'_>,
        sender: &str,
        to: Vec<PyBackedStr>,
        cc: Vec<PyBackedStr>,
        bcc: Vec<PyBackedStr>,
        subject: Option<String>,
        text: Option<String>,
        html: Option<String>,
        attachments: Vec<(String, String, PyBackedBytes)>,
        headers: Vec<(String, String)>,
        sender_name: Option<String>,
        reply_to: Option<&str>,
        max_bytes: Option<usize>,
    ) -> PyResult<Self> {
        let mut builder = compose::Message::builder()
            .from(sender.parse().or_raise(py)?)
            .limits(limits(max_bytes));
        if let Some(name) = sender_name {
            builder = builder.sender_name(name);
        }
        if let Some(address) = reply_to {
            builder = builder.reply_to(address.parse().or_raise(py)?);
        }
        if let Some(subject) = subject {
            builder = builder.subject(subject);
        }
        if let Some(text) = text {
            builder = builder.text(text);
        }
        if let Some(html) = html {
            builder = builder.html(html);
        }
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let size: usize = attachments
            .iter()
            .map(|(_, _, content)| content.len())
            .sum();
        let mut to_all = Vec::new();
        for (role, list) in [(Role::To, to), (Role::Cc, cc), (Role::Bcc, bcc)] {
            for address in list {
                to_all.push((role, Recipient::new(address.parse().or_raise(py)?)));
            }
        }
        let builder = addressed(builder, to_all).or_raise(py)?;
        let built = compute(py, size >= LONG, move || {
            let with = |builder: Builder<_, _>,
                        (name, media_type, content): (_, _, PyBackedBytes)| {
                // Read where Python holds it, straight into the message.
                builder.attachment(Attachment::shared(name, media_type, Arc::new(content)))
            };
            attachments.into_iter().fold(builder, with).build()
        })?;
        built.map(Self).or_raise(py)
    }

    /// Bytes as parsed or built, all headers included.
    #[getter]
    fn size(&self) -> usize {
        self.0.size()
    }

    /// The author's address.
    #[getter]
    fn sender(&self) -> Phi {
        Phi(self.0.sender().as_str().into())
    }

    /// The addresses, a tuple in the order To, Cc, Bcc, each once. A recipient's
    /// id is an index into it.
    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let all = self.0.recipients().iter();
        let all: Vec<Phi> = all.map(|(_, r)| Phi(r.address().as_str().into())).collect();
        PyTuple::new(py, all)
    }

    /// The subject, decoded; empty where there is none.
    #[getter]
    fn subject(&self) -> Phi {
        Phi(self.0.subject().into())
    }

    fn __repr__(&self) -> String {
        format!(
            "Message({} bytes, {} recipients)",
            self.0.size(),
            self.0.recipients().len()
        )
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a message holds protected text and cannot be pickled",
        ))
    }
}

#[derive(Clone, Copy)]
enum Role {
    To,
    Cc,
    Bcc,
}

/// The builder asks for a recipient before it builds.
fn addressed(
    builder: Builder<HasSender, NoRecipient>,
    recipients: Vec<(Role, Recipient)>,
) -> Result<Builder<HasSender, HasRecipient>, Error> {
    let mut rest = recipients.into_iter();
    let mut builder = match rest.next() {
        Some((Role::To, first)) => builder.to(first),
        Some((Role::Cc, first)) => builder.cc(first),
        Some((Role::Bcc, first)) => builder.bcc(first),
        None => return Err(compose::ComposeError::NoRecipients.into()),
    };
    for (role, recipient) in rest {
        builder = match role {
            Role::To => builder.to(recipient),
            Role::Cc => builder.cc(recipient),
            Role::Bcc => builder.bcc(recipient),
        };
    }
    Ok(builder)
}

/// What a client or a scanner is given.
pub(crate) enum Source {
    Message(Box<compose::Message>),
    /// RFC 5322, as Python holds it: not copied before it is parsed.
    Raw(PyBackedBytes),
}

impl Source {
    pub(crate) fn take(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        match given.cast::<Message>() {
            Ok(message) => Ok(Self::Message(Box::new(message.get().0.clone()))),
            Err(_) => Ok(Self::Raw(given.extract()?)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Message(message) => message.size(),
            Self::Raw(raw) => raw.len(),
        }
    }

    pub(crate) fn read(self) -> Result<compose::Message, Error> {
        match self {
            Self::Message(message) => Ok(*message),
            Self::Raw(raw) => Ok(compose::Message::parse(&raw)?),
        }
    }
}

/// A recipient's address, name, phone and passphrase.
type Details<'py> = (
    PyBackedStr,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
);

/// What the host says of a message beside its content.
#[derive(Default)]
pub(crate) struct Marks {
    declare: Option<Sensitivity>,
    assert_no_phi: Option<String>,
    audience: Option<String>,
    secure: bool,
    disclosure: Option<mailseal::base::Disclosure>,
    confirm: Vec<(mailseal::base::Address, String)>,
    recipients: Vec<Recipient>,
    idempotency_key: Option<String>,
}

/// [`Marks`] as Python gives them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct GivenMarks<'py> {
    declare: Option<PyBackedStr>,
    assert_no_phi: Option<String>,
    audience: Option<String>,
    secure: bool,
    disclosure: Option<PyBackedStr>,
    confirm: Vec<(PyBackedStr, String)>,
    recipients: Vec<Details<'py>>,
    idempotency_key: Option<String>,
}

impl GivenMarks<'_> {
    pub(crate) fn read(self, py: Python<'_>) -> PyResult<Marks> {
        let mut recipients = Vec::new();
        for (address, name, phone, passphrase) in &self.recipients {
            let mut recipient = Recipient::new(address.parse().or_raise(py)?);
            if let Some(name) = name {
                recipient = recipient.name(phi(name)?.expose());
            }
            if let Some(phone) = phone {
                recipient = recipient.phone(phi(phone)?.expose());
            }
            if let Some(passphrase) = passphrase {
                recipient = recipient.passphrase(secret(passphrase)?);
            }
            recipients.push(recipient);
        }
        let mut confirm = Vec::new();
        for (address, reason) in self.confirm {
            confirm.push((address.parse().or_raise(py)?, reason));
        }
        Ok(Marks {
            declare: parse_some(self.declare.as_deref())?,
            assert_no_phi: self.assert_no_phi,
            audience: self.audience,
            secure: self.secure,
            disclosure: self.disclosure.as_deref().map(parse).transpose()?,
            confirm,
            recipients,
            idempotency_key: self.idempotency_key,
        })
    }
}

impl Marks {
    pub(crate) fn apply(self, mut message: compose::Message) -> Result<compose::Message, Error> {
        for recipient in self.recipients {
            message = message.with_recipient_details(recipient)?;
        }
        if let Some(sensitivity) = self.declare {
            message = message.declare(sensitivity);
        }
        if let Some(reason) = self.assert_no_phi {
            message = message.assert_no_phi(reason)?;
        }
        if let Some(audience) = self.audience {
            message = message.with_audience(audience);
        }
        if let Some(disclosure) = self.disclosure {
            message = message.with_disclosure(disclosure);
        }
        for (address, reason) in self.confirm {
            message = message.confirm_recipient(&address, reason)?;
        }
        if let Some(key) = self.idempotency_key {
            message = message.with_idempotency_key(key);
        }
        // What was asked for before stays asked for.
        let secure = self.secure || message.secure_requested();
        Ok(message.marker_secure(secure))
    }
}
