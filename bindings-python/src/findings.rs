//! What a scan found, converted when it is looked at.

use std::sync::Arc;

use mailseal::dlp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::convert::{Phi, class, member, member_or_none};

/// All that scanning a message showed. Immutable.
///
/// The findings become Python values when ``items`` is first read, so that a
/// scan of which only ``sensitivity`` is asked costs no more than in Rust.
#[pyclass(frozen, eq, module = "mailseal")]
pub(crate) struct Findings {
    inner: Arc<dlp::Findings>,
    items: PyOnceLock<Py<PyTuple>>,
}

impl PartialEq for Findings {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Findings {
    pub(crate) fn new(inner: dlp::Findings) -> Self {
        Self {
            inner: Arc::new(inner),
            items: PyOnceLock::new(),
        }
    }
}

#[pymethods]
impl Findings {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("sensitivity", "items")
    }

    /// How sensitive the message is; ``None`` where the scanner gives no verdict
    /// and found nothing: what that means is the policy's to say.
    #[getter]
    fn sensitivity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        member_or_none(
            py,
            "Sensitivity",
            self.inner.sensitivity().map(|s| s.word()),
        )
    }

    /// What was found, a tuple of ``Finding``.
    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let items = self.items.get_or_try_init(py, || {
            let make = class(py, "Finding")?;
            let all: Vec<_> = self
                .inner
                .items
                .iter()
                .map(|item| finding(py, &make, item))
                .collect::<PyResult<_>>()?;
            PyTuple::new(py, all).map(Bound::unbind)
        })?;
        Ok(items.bind(py).clone())
    }

    /// What could not be scanned, a tuple of ``Unscannable``; never take it for
    /// clean.
    #[getter]
    fn unscannable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let make = class(py, "Unscannable")?;
        let all: Vec<_> = self
            .inner
            .unscannable
            .iter()
            .map(|u| make.call1((u.part.to_string(), u.why)))
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, all)
    }

    /// Whether the scanner looks for names of persons.
    #[getter]
    fn knows_names(&self) -> bool {
        self.inner.knows_names
    }

    /// The verdict on the message as a whole, a ``Risk``, where there is one.
    #[getter]
    fn risk<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(risk) = &self.inner.risk else {
            return Ok(None);
        };
        let categories: Vec<_> = risk
            .categories
            .iter()
            .map(|c| member(py, "Category", c.word()))
            .collect::<PyResult<_>>()?;
        let make = class(py, "RiskReason")?;
        let reasons: Vec<_> = risk
            .reasons
            .iter()
            .map(|r| make.call1((r.code, r.weight)))
            .collect::<PyResult<_>>()?;
        let risk = class(py, "Risk")?.call1((
            member(py, "Sensitivity", risk.sensitivity.word())?,
            PyTuple::new(py, categories)?,
            risk.score,
            PyTuple::new(py, reasons)?,
        ))?;
        Ok(Some(risk))
    }

    /// The recipients who look like the wrong ones, a tuple of ``Misaddressed``.
    #[getter]
    fn misaddressed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let make = class(py, "Misaddressed")?;
        let all: Vec<_> = self
            .inner
            .misaddressed
            .iter()
            .map(|m| {
                let why = member(py, "MisaddressedWhy", m.why.word())?;
                make.call1((m.recipient.index(), why))
            })
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, all)
    }

    fn __repr__(&self) -> String {
        let word = self.inner.sensitivity().map_or("unjudged", |s| s.word());
        format!("Findings({word}, {} items)", self.inner.items.len())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "findings hold protected text and cannot be pickled",
        ))
    }
}

fn finding<'py>(
    py: Python<'py>,
    make: &Bound<'py, PyAny>,
    item: &dlp::Finding,
) -> PyResult<Bound<'py, PyAny>> {
    let evidence: Vec<_> = item
        .evidence
        .iter()
        .map(|e| member(py, "Evidence", e.word()))
        .collect::<PyResult<_>>()?;
    make.call1((
        member(py, "FindingKind", item.kind.word())?,
        item.part.to_string(),
        item.span.start,
        item.span.end,
        member(py, "Confidence", item.confidence.word())?,
        member_or_none(py, "Category", item.category.map(|c| c.word()))?,
        PyTuple::new(py, evidence)?,
        item.inside.clone().map(Phi),
        Phi(item.expose().clone()),
    ))
}
