//! Plans.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use mailseal::{Error, PlanError};

use crate::convert::{Phi, id, moment, recipient};
use crate::error::Result;
use crate::types::{Findings, PlannedRecipient};
use crate::words::{Sensitivity, Show, Word as _};

/// A message with a decision for each recipient. Nothing has been sent.
///
/// It is sent once, whatever comes of it. Afterwards it can still be read.
#[derive(uniffi::Object)]
pub(crate) struct NativePlan {
    inner: Mutex<mailseal::Plan>,
    used: AtomicBool,
}

impl NativePlan {
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
    pub(crate) fn take(&self) -> std::result::Result<mailseal::Plan, Error> {
        match self.used.swap(true, Ordering::AcqRel) {
            true => Err(PlanError::AlreadyUsed.into()),
            false => Ok(self.read().clone()),
        }
    }
}

#[uniffi::export]
impl NativePlan {
    /// The message's id in receipts and in the audit log.
    fn id(&self) -> String {
        self.read().id().to_string()
    }

    /// When it was made.
    fn made(&self) -> SystemTime {
        moment(self.read().made())
    }

    /// Until when it can be sent without planning again.
    fn expires(&self) -> SystemTime {
        moment(self.read().expires())
    }

    /// The highest sensitivity over the recipients.
    fn sensitivity(&self) -> Result<Sensitivity> {
        Sensitivity::of(self.read().sensitivity())
    }

    /// What the scanner found.
    fn findings(&self) -> Result<Findings> {
        Findings::of(self.read().findings())
    }

    /// One entry a recipient.
    fn recipients(&self) -> Result<Vec<PlannedRecipient>> {
        self.read()
            .recipients()
            .iter()
            .map(PlannedRecipient::of)
            .collect()
    }

    /// The ids of the recipients whom the policy refuses and who are not
    /// dropped.
    fn refused(&self) -> Vec<i32> {
        self.read().refused().into_iter().map(id).collect()
    }

    /// Whether it was given to `send` or `seal`.
    fn is_used(&self) -> bool {
        self.used.load(Ordering::Acquire)
    }

    /// The subject that some copy shows in place of its own, where one does.
    fn neutral_subject(&self) -> Option<Phi> {
        self.read().neutral_subject().map(Phi)
    }

    /// The clear address behind an id; absent where there is none.
    fn address(&self, id: i32) -> Option<Phi> {
        self.read().address(recipient(id)).map(Phi::from)
    }

    /// Takes a recipient out: they get nothing, and the receipt says so. Says
    /// whether there is such a recipient.
    fn drop_recipient(&self, id: i32) -> Result<bool> {
        match self.is_used() {
            true => Err(PlanError::AlreadyUsed.into()),
            false => Ok(self.read().drop_recipient(recipient(id))),
        }
    }

    /// The plan in words. `show` says how recipients are named.
    fn explain(&self, show: Show) -> String {
        self.read().explain(show.into())
    }
}
