//! Plans and receipts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mailseal::base::RecipientId;
use mailseal::policy::{Decision, Reason, Rung, Show};
use mailseal::{Error, Outcome, PlanError, Planned, Receipt, SealedMessage, Unresolved};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::{
    Phi, Secret, class, member, member_or_none, moment, moment_or_none, parse_word,
};
use crate::error::OrRaise as _;
use crate::findings::Findings;

/// A message with a decision for each recipient. Nothing has been sent.
///
/// It is sent once, whatever comes of it. Afterwards it can still be read.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Plan {
    inner: Mutex<mailseal::Plan>,
    used: AtomicBool,
}

impl Plan {
    pub(crate) fn new(inner: mailseal::Plan) -> Self {
        Self {
            inner: Mutex::new(inner),
            used: AtomicBool::new(false),
        }
    }

    fn read(&self) -> MutexGuard<'_, mailseal::Plan> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan, for the one call that may carry it out. Its message is shared
    /// and not copied.
    pub(crate) fn take(&self) -> Result<mailseal::Plan, Error> {
        match self.used.swap(true, Ordering::AcqRel) {
            true => Err(PlanError::AlreadyUsed.into()),
            false => Ok(self.read().clone()),
        }
    }
}

fn recipient(id: u32) -> RecipientId {
    RecipientId::new(id)
}

#[pymethods]
impl Plan {
    /// The message's id in receipts and in the audit log.
    #[getter]
    fn id(&self) -> String {
        self.read().id().to_string()
    }

    /// When it was made.
    #[getter]
    fn made<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let at = self.read().made();
        moment(py, at)
    }

    /// Until when it can be sent without planning again.
    #[getter]
    fn expires<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let at = self.read().expires();
        moment(py, at)
    }

    /// The highest sensitivity over the recipients.
    #[getter]
    fn sensitivity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let word = self.read().sensitivity().word();
        member(py, "Sensitivity", word)
    }

    /// What the scanner found.
    #[getter]
    fn findings(&self) -> Findings {
        Findings::new(self.read().findings().clone())
    }

    /// One entry a recipient, a tuple of ``PlannedRecipient``.
    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // Not under the lock: converting runs Python's code.
        let planned = self.read().recipients().to_vec();
        let all: Vec<_> = planned
            .iter()
            .map(|p| planned_of(py, p))
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, all)
    }

    /// The ids of the recipients whom the policy refuses and who are not dropped.
    #[getter]
    fn refused<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let ids = self.read().refused();
        PyTuple::new(py, ids.iter().map(|id| id.index()).collect::<Vec<_>>())
    }

    /// Whether it was given to ``send`` or ``seal``.
    #[getter]
    fn used(&self) -> bool {
        self.used.load(Ordering::Acquire)
    }

    /// The subject that some copy shows in place of its own, where one does.
    #[getter]
    fn neutral_subject(&self) -> Option<Phi> {
        self.read()
            .neutral_subject()
            .map(|subject| Phi(subject.into()))
    }

    /// The clear address behind an id; ``None`` where there is none.
    fn address(&self, id: u32) -> Option<Phi> {
        let plan = self.read();
        plan.address(recipient(id)).map(|a| Phi(a.as_str().into()))
    }

    /// Takes a recipient out: they get nothing, and the receipt says so. Returns
    /// whether there is such a recipient.
    fn drop_recipient(&self, py: Python<'_>, id: u32) -> PyResult<bool> {
        match self.used() {
            true => Err(PlanError::AlreadyUsed).or_raise(py),
            false => Ok(self.read().drop_recipient(recipient(id))),
        }
    }

    /// The plan in words. ``show`` says how recipients are named: ``index``
    /// (where left out), ``masked`` or ``clear``.
    #[pyo3(signature = (show=None))]
    fn explain(&self, show: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
        let show = show.map(parse_word).transpose()?.unwrap_or(Show::Index);
        Ok(self.read().explain(show))
    }

    fn __repr__(&self) -> String {
        let plan = self.read();
        format!(
            "Plan({}, {} recipients)",
            plan.id(),
            plan.recipients().len()
        )
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a plan holds a message and cannot be pickled",
        ))
    }
}

fn rung<'py>(py: Python<'py>, rung: &Rung) -> PyResult<Bound<'py, PyAny>> {
    class(py, "Rung")?.call1((
        member(py, "Route", rung.route.word())?,
        member(py, "TlsAssurance", rung.transport_floor.word())?,
        member_or_none(py, "FactorLevel", rung.factor_floor.map(|f| f.word()))?,
        rung.proven,
        rung.requiretls,
        rung.is_end_to_end(),
    ))
}

fn reasons<'py>(py: Python<'py>, why: &[Reason]) -> PyResult<Bound<'py, PyTuple>> {
    let make = class(py, "Reason")?;
    let all: Vec<_> = why
        .iter()
        .map(|reason| make.call1((reason.code(), reason.to_string())))
        .collect::<PyResult<_>>()?;
    PyTuple::new(py, all)
}

fn decision<'py>(py: Python<'py>, decision: &Decision) -> PyResult<Bound<'py, PyAny>> {
    let sensitivity = member(py, "Sensitivity", decision.sensitivity().word())?;
    let why = reasons(py, decision.why())?;
    match decision {
        Decision::Send {
            chosen, fallbacks, ..
        } => {
            let fallbacks: Vec<_> = fallbacks
                .iter()
                .map(|r| rung(py, r))
                .collect::<PyResult<_>>()?;
            let fallbacks = PyTuple::new(py, fallbacks)?;
            class(py, "Send")?.call1((rung(py, chosen)?, fallbacks, sensitivity, why))
        }
        Decision::Refuse { kind, .. } => {
            let kind = member(py, "Refusal", kind.word())?;
            class(py, "Refuse")?.call1((kind, sensitivity, why))
        }
        _ => Err(Error::Config("this version does not know the decision")).or_raise(py),
    }
}

fn planned_of<'py>(py: Python<'py>, planned: &Planned) -> PyResult<Bound<'py, PyAny>> {
    class(py, "PlannedRecipient")?.call1((
        planned.id().index(),
        Phi(planned.address().as_str().into()),
        decision(py, planned.decision())?,
        planned.is_dropped(),
    ))
}

fn outcome<'py>(py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyAny>> {
    let tls = match &outcome.tls {
        None => None,
        Some(tls) => Some(class(py, "TlsEvidence")?.call1((
            tls.version.word(),
            &tls.suite,
            &tls.group,
            &tls.certificate_sha256,
            member(py, "Identity", tls.identity.word())?,
            member(py, "TlsAssurance", tls.assurance().word())?,
        ))?),
    };
    let make = class(py, "Outcome")?;
    let values: Vec<Bound<'py, PyAny>> = vec![
        outcome.recipient.index().into_pyobject(py)?.into_any(),
        member(py, "Status", outcome.status.word())?,
        member_or_none(py, "Route", outcome.route.map(|r| r.word()))?,
        member_or_none(
            py,
            "TlsAssurance",
            outcome.transport_floor.map(|f| f.word()),
        )?,
        member_or_none(py, "FactorLevel", outcome.factor_floor.map(|f| f.word()))?,
        tls.into_pyobject(py)?,
        member_or_none(py, "Stage", outcome.stage.map(|s| s.word()))?,
        member_or_none(py, "Cause", outcome.cause.map(|c| c.word()))?,
        outcome.code.into_pyobject(py)?,
        outcome.enhanced.map(|e| e.to_string()).into_pyobject(py)?,
        outcome.attempts.into_pyobject(py)?.into_any(),
        moment_or_none(py, outcome.next_try)?,
        outcome.grant.map(|g| g.to_string()).into_pyobject(py)?,
        moment(py, outcome.at)?,
        outcome.passcode().cloned().map(Secret).into_pyobject(py)?,
        Phi(outcome.diagnostic().clone())
            .into_pyobject(py)?
            .into_any(),
    ];
    make.call1(PyTuple::new(py, values)?)
}

/// A receipt as Python has it.
pub(crate) fn receipt<'py>(py: Python<'py>, receipt: &Receipt) -> PyResult<Bound<'py, PyAny>> {
    let outcomes: Vec<_> = receipt
        .outcomes
        .iter()
        .map(|o| outcome(py, o))
        .collect::<PyResult<_>>()?;
    class(py, "Receipt")?.call1((
        receipt.id.to_string(),
        receipt.message.to_string(),
        moment(py, receipt.created)?,
        PyTuple::new(py, outcomes)?,
    ))
}

/// Sealed messages as Python has them.
pub(crate) fn sealed<'py>(
    py: Python<'py>,
    messages: &[SealedMessage],
) -> PyResult<Bound<'py, PyTuple>> {
    let make = class(py, "SealedMessage")?;
    let one = |message: &SealedMessage| {
        let to = message.envelope.recipients.iter();
        let to: Vec<Phi> = to.map(|a| Phi(a.as_str().into())).collect();
        make.call1((
            message.recipient.index(),
            message
                .envelope
                .sender
                .as_ref()
                .map(|a| Phi(a.as_str().into())),
            PyTuple::new(py, to)?,
            PyBytes::new(py, &message.bytes),
            member(py, "TlsAssurance", message.transport_floor.word())?,
        ))
    };
    PyTuple::new(py, messages.iter().map(one).collect::<PyResult<Vec<_>>>()?)
}

/// Copies that are not at their end.
pub(crate) fn unresolved<'py>(
    py: Python<'py>,
    all: &[Unresolved],
) -> PyResult<Bound<'py, PyTuple>> {
    let make = class(py, "Unresolved")?;
    let one = |u: &Unresolved| {
        make.call1((
            u.receipt.to_string(),
            u.recipient.index(),
            member(py, "Status", u.status.word())?,
            u.attempts,
            moment_or_none(py, u.next)?,
        ))
    };
    PyTuple::new(py, all.iter().map(one).collect::<PyResult<Vec<_>>>()?)
}

/// What one call of `deliver_due` did.
pub(crate) fn due<'py>(
    py: Python<'py>,
    report: &mailseal::DueReport,
) -> PyResult<Bound<'py, PyAny>> {
    let one = |(id, o): &(mailseal::base::ReceiptId, Outcome)| {
        PyTuple::new(
            py,
            [
                id.to_string().into_pyobject(py)?.into_any(),
                outcome(py, o)?,
            ],
        )
    };
    let outcomes = report
        .outcomes
        .iter()
        .map(one)
        .collect::<PyResult<Vec<_>>>()?;
    class(py, "DueReport")?.call1((PyTuple::new(py, outcomes)?, report.failed, report.expired))
}
