//! Words, times and protected texts.

use std::hash::{BuildHasher as _, RandomState};
use std::str::FromStr;
use std::sync::OnceLock;

use mailseal::base::{
    Disclosure, FactorLevel, KeyTrust, Route, Sensitivity, Timestamp, TlsAssurance, UnknownWord,
};
use mailseal::deliver::{Cause, Stage};
use mailseal::dlp::{Category, Confidence, Evidence, FindingKind, MisaddressedWhy};
use mailseal::policy::{Refusal, Show};
use mailseal::wire::tls::Identity;
use mailseal::{ErrorKind, Resolution, Status, base};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::error::value_error;

/// A value of an enum of the crate, by its word.
pub(crate) fn parse<T: FromStr<Err = UnknownWord>>(word: &str) -> PyResult<T> {
    word.parse().map_err(value_error)
}

/// The same, given as a member of an enum of the package or as its word.
pub(crate) fn parse_word<T: FromStr<Err = UnknownWord>>(given: &Bound<'_, PyAny>) -> PyResult<T> {
    parse(&given.str()?.to_cow()?)
}

/// The same where nothing need be given.
pub(crate) fn parse_some<T: FromStr<Err = UnknownWord>>(word: Option<&str>) -> PyResult<Option<T>> {
    word.map(parse).transpose()
}

/// The member of an enum of `mailseal._words` that has this word.
pub(crate) fn member<'py>(py: Python<'py>, class: &str, word: &str) -> PyResult<Bound<'py, PyAny>> {
    static MEMBERS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let members = MEMBERS.import(py, "mailseal._words", "MEMBERS")?;
    members.get_item(class)?.get_item(word)
}

/// The same, or `None`.
pub(crate) fn member_or_none<'py>(
    py: Python<'py>,
    class: &str,
    word: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    match word {
        Some(word) => member(py, class, word),
        None => Ok(py.None().into_bound(py)),
    }
}

/// A class of `mailseal._types`.
pub(crate) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static TYPES: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let types = TYPES.get_or_try_init(py, || py.import("mailseal._types").map(Bound::unbind))?;
    types.bind(py).getattr(name)
}

/// An aware `datetime` in UTC.
pub(crate) fn moment<'py>(py: Python<'py>, at: Timestamp) -> PyResult<Bound<'py, PyAny>> {
    class(py, "moment")?.call1((at.unix_ms(),))
}

/// The same, or `None`.
pub(crate) fn moment_or_none<'py>(
    py: Python<'py>,
    at: Option<Timestamp>,
) -> PyResult<Bound<'py, PyAny>> {
    match at {
        Some(at) => moment(py, at),
        None => Ok(py.None().into_bound(py)),
    }
}

/// Every enum with its words, as the crate has them.
#[pyfunction]
pub(crate) fn words(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    macro_rules! add {
        ($($kind:ident),+ $(,)?) => {
            $(all.set_item(
                stringify!($kind),
                PyTuple::new(py, $kind::ALL.iter().map(|value| value.word()))?,
            )?;)+
        };
    }
    add!(
        Category,
        Cause,
        Confidence,
        Disclosure,
        ErrorKind,
        Evidence,
        FactorLevel,
        FindingKind,
        Identity,
        KeyTrust,
        MisaddressedWhy,
        Refusal,
        Resolution,
        Route,
        Sensitivity,
        Show,
        Stage,
        Status,
        TlsAssurance,
    );
    Ok(all)
}

/// A hash that says nothing of the text outside of this process.
fn hash(text: &str) -> u64 {
    static STATE: OnceLock<RandomState> = OnceLock::new();
    STATE.get_or_init(RandomState::new).hash_one(text)
}

/// Text that is, or may hold, protected health information.
///
/// Neither ``repr`` nor ``str`` show it, and it cannot be pickled. ``expose()``
/// gives the clear text: each call is a place that a reviewer can find.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Phi(pub(crate) base::Phi<String>);

#[pymethods]
impl Phi {
    /// Protects a text of the caller's own.
    #[new]
    fn new(text: String) -> Self {
        Self(base::Phi::new(text))
    }

    /// The clear text. What is done with it is the caller's responsibility.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    fn __repr__(&self) -> &'static str {
        "Phi(***)"
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        hash(self.0.expose())
    }

    // Immutable: a copy is the same, which `dataclasses.asdict` asks for.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "protected text cannot be pickled: expose() it where it must leave the process",
        ))
    }
}

/// A passcode, password or token.
///
/// Neither ``repr`` nor ``str`` show it, it cannot be pickled, and it is equal
/// to itself alone. ``expose()`` gives the clear text.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Secret(pub(crate) base::Secret<String>);

#[pymethods]
impl Secret {
    /// Protects a secret of the caller's own.
    #[new]
    fn new(text: String) -> Self {
        Self(base::Secret::new(text))
    }

    /// The clear text. What is done with it is the caller's responsibility.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    fn __repr__(&self) -> &'static str {
        "Secret(***)"
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a secret cannot be pickled"))
    }
}

/// A secret given as `Secret` or as `str`.
pub(crate) fn secret(given: &Bound<'_, PyAny>) -> PyResult<base::Secret<String>> {
    match given.cast::<Secret>() {
        Ok(secret) => Ok(secret.get().0.clone()),
        Err(_) => Ok(base::Secret::new(given.extract()?)),
    }
}

/// Protected text given as `Phi` or as `str`.
pub(crate) fn phi(given: &Bound<'_, PyAny>) -> PyResult<base::Phi<String>> {
    match given.cast::<Phi>() {
        Ok(phi) => Ok(phi.get().0.clone()),
        Err(_) => Ok(base::Phi::new(given.extract()?)),
    }
}
