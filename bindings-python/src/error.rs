//! Errors of the crate as exceptions of the package.

use mailseal::Error;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// The exception for an error: its class follows from the kind, its text is the
/// crate's, which holds nothing of a message.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    match build(py, error) {
        Ok(value) => PyErr::from_value(value),
        Err(failed) => failed,
    }
}

/// The same as a value that is returned and not raised.
pub(crate) fn build<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.import(py, "mailseal._errors", "make")?;
    let ids = error.recipients().iter().map(|id| id.index());
    make.call1((
        error.kind().word(),
        error.code(),
        error.is_retryable(),
        error.to_string(),
        PyTuple::new(py, ids.collect::<Vec<_>>())?,
        error.receipt().map(|id| id.to_string()),
    ))
}

/// `?` on results of the crate.
pub(crate) trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T, E: Into<Error>> OrRaise<T> for Result<T, E> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error.into()))
    }
}

/// A word or an id that is none: the caller's mistake, and Python's own error.
pub(crate) fn value_error(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}
