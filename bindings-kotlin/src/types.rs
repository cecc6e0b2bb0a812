//! What calls give back, and what they are given: values.

use std::time::{Duration, SystemTime};

use mailseal::policy;
use mailseal::{DueReport as CoreDue, Error, dlp};

use crate::convert::{Phi, PhiBytes, Secret, count, id, moment, number};
use crate::error::Result;
use crate::words::{
    Category, Cause, Confidence, Evidence, FactorLevel, FindingKind, Identity, MisaddressedWhy,
    Refusal, Route, Sensitivity, Stage, Status, TlsAssurance, Word as _, all, some,
};

/// Something found.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Finding {
    /// What it is.
    kind: FindingKind,
    /// Where it is: `subject`, `text`, `html`, `attachment 0`, …
    part: String,
    /// Its first byte in the part's decoded text as UTF-8.
    start: i64,
    /// The byte behind its last.
    end: i64,
    /// How sure it is.
    confidence: Confidence,
    /// The specially protected category it belongs to.
    category: Option<Category>,
    /// What led to it.
    evidence: Vec<Evidence>,
    /// The entry of a container that it stands in: a file in an archive.
    inside: Option<Phi>,
    /// The found text.
    text: Phi,
}

/// A part that could not be scanned: policies treat it as PHI.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Unscannable {
    /// The part.
    part: String,
    /// A stable code: `encrypted`, `too_large`, `malformed`, …
    why: String,
}

/// One reason for or against a message's being PHI.
#[derive(Debug, uniffi::Record)]
pub(crate) struct RiskReason {
    /// A stable code.
    code: String,
    /// In hundredths of log-odds: above 0 for PHI, below 0 against it.
    weight: i32,
}

/// What the message as a whole is.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Risk {
    /// How sensitive it is.
    sensitivity: Sensitivity,
    /// The specially protected categories that it touches.
    categories: Vec<Category>,
    /// How surely it is PHI, in hundredths of log-odds: above 0 it is.
    score: i32,
    /// Why, the weightiest first.
    reasons: Vec<RiskReason>,
}

/// A recipient that looks like the wrong one.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Misaddressed {
    /// The recipient's id.
    recipient: i32,
    /// Why.
    why: MisaddressedWhy,
}

/// All that scanning a message showed.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Findings {
    /// How sensitive the message is; absent where the scanner gives no verdict
    /// and found nothing: what that means is the policy's to say.
    sensitivity: Option<Sensitivity>,
    /// What was found.
    items: Vec<Finding>,
    /// What could not be scanned; never take it for clean.
    unscannable: Vec<Unscannable>,
    /// Whether the scanner looks for names of persons.
    knows_names: bool,
    /// The verdict on the message as a whole, where there is one.
    risk: Option<Risk>,
    /// The recipients who look like the wrong ones.
    misaddressed: Vec<Misaddressed>,
}

impl Findings {
    pub(crate) fn of(found: &dlp::Findings) -> Result<Self> {
        let risk = |risk: &dlp::Risk| -> Result<Risk> {
            let reason = |r: &dlp::RiskReason| RiskReason {
                code: r.code.to_owned(),
                weight: r.weight,
            };
            Ok(Risk {
                sensitivity: Sensitivity::of(risk.sensitivity)?,
                categories: all(&risk.categories)?,
                score: risk.score,
                reasons: risk.reasons.iter().map(reason).collect(),
            })
        };
        let unscannable = |u: &dlp::Unscannable| Unscannable {
            part: u.part.to_string(),
            why: u.why.to_owned(),
        };
        let misaddressed = |m: &dlp::Misaddressed| -> Result<Misaddressed> {
            Ok(Misaddressed {
                recipient: id(m.recipient),
                why: MisaddressedWhy::of(m.why)?,
            })
        };
        Ok(Self {
            sensitivity: some(found.sensitivity())?,
            items: found.items.iter().map(finding).collect::<Result<_>>()?,
            unscannable: found.unscannable.iter().map(unscannable).collect(),
            knows_names: found.knows_names,
            risk: found.risk.as_ref().map(risk).transpose()?,
            misaddressed: found
                .misaddressed
                .iter()
                .map(misaddressed)
                .collect::<Result<_>>()?,
        })
    }
}

fn finding(item: &dlp::Finding) -> Result<Finding> {
    Ok(Finding {
        kind: FindingKind::of(item.kind)?,
        part: item.part.to_string(),
        start: count(item.span.start),
        end: count(item.span.end),
        confidence: Confidence::of(item.confidence)?,
        category: some(item.category)?,
        evidence: all(&item.evidence)?,
        inside: item.inside.as_ref().map(Phi::from),
        text: item.expose().into(),
    })
}

/// Why a decision is as it is. Names no address and no content.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Reason {
    /// A stable code: `policy.transport_unmet`.
    code: String,
    /// In words.
    text: String,
}

/// One acceptable way to send, with what must hold before anything leaves.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Rung {
    /// How the message travels.
    route: Route,
    /// The least assurance of the connection.
    transport_floor: TlsAssurance,
    /// The least factor of the pickup; only for escrow.
    factor_floor: Option<FactorLevel>,
    /// Whether the facts already show that the floor will be met.
    proven: bool,
    /// Whether the message must be handed over with REQUIRETLS.
    requiretls: bool,
    /// Whether only the recipient can open what travels.
    end_to_end: bool,
}

/// What is to be done with a message for one recipient.
#[derive(Debug, uniffi::Enum)]
pub(crate) enum Decision {
    /// Send it by `chosen`, else by the fallbacks in their order.
    Send {
        /// The first rung to try.
        chosen: Rung,
        /// What may be tried after a failure before `MAIL FROM`.
        fallbacks: Vec<Rung>,
        /// What the message was taken for.
        sensitivity: Sensitivity,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// Send nothing.
    Refuse {
        /// Whether it is dropped, held for review or refused.
        kind: Refusal,
        /// What the message was taken for.
        sensitivity: Sensitivity,
        /// Why.
        reasons: Vec<Reason>,
    },
}

fn rung(rung: &policy::Rung) -> Result<Rung> {
    Ok(Rung {
        route: Route::of(rung.route)?,
        transport_floor: TlsAssurance::of(rung.transport_floor)?,
        factor_floor: some(rung.factor_floor)?,
        proven: rung.proven,
        requiretls: rung.requiretls,
        end_to_end: rung.is_end_to_end(),
    })
}

fn decision(decision: &policy::Decision) -> Result<Decision> {
    let sensitivity = Sensitivity::of(decision.sensitivity())?;
    let reason = |r: &policy::Reason| Reason {
        code: r.code().to_owned(),
        text: r.to_string(),
    };
    let reasons = decision.why().iter().map(reason).collect();
    match decision {
        policy::Decision::Send {
            chosen, fallbacks, ..
        } => Ok(Decision::Send {
            chosen: rung(chosen)?,
            fallbacks: fallbacks.iter().map(rung).collect::<Result<_>>()?,
            sensitivity,
            reasons,
        }),
        policy::Decision::Refuse { kind, .. } => Ok(Decision::Refuse {
            kind: Refusal::of(*kind)?,
            sensitivity,
            reasons,
        }),
        _ => Err(Error::Config("this version does not know the decision").into()),
    }
}

/// One recipient's part of a plan.
#[derive(Debug, uniffi::Record)]
pub(crate) struct PlannedRecipient {
    /// The recipient's place in the message, from 0.
    id: i32,
    /// The address.
    address: Phi,
    /// What was decided, with the reasons.
    decision: Decision,
    /// Whether the caller dropped the recipient.
    dropped: bool,
}

impl PlannedRecipient {
    pub(crate) fn of(planned: &mailseal::Planned) -> Result<Self> {
        Ok(Self {
            id: id(planned.id()),
            address: planned.address().into(),
            decision: decision(planned.decision())?,
            dropped: planned.is_dropped(),
        })
    }
}

/// What a connection really was. Names no host.
#[derive(Debug, uniffi::Record)]
pub(crate) struct TlsEvidence {
    /// `TLSv1.2` or `TLSv1.3`.
    version: String,
    /// The cipher suite, by its IANA name.
    suite: String,
    /// The key-exchange group, by its IANA name.
    group: Option<String>,
    /// SHA-256 of the host's certificate, hexadecimal.
    certificate_sha256: String,
    /// How the host's identity was verified.
    identity: Identity,
    /// What that is worth.
    assurance: TlsAssurance,
}

/// What became of one recipient's copy so far, with the evidence.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Outcome {
    /// The recipient's id; the plan gives the address.
    recipient: i32,
    /// How the copy stands.
    status: Status,
    /// The route of the last attempt.
    route: Option<Route>,
    /// The least assurance that was asked of the connection.
    transport_floor: Option<TlsAssurance>,
    /// What the recipient must show at pickup.
    factor_floor: Option<FactorLevel>,
    /// What the connection really was.
    tls: Option<TlsEvidence>,
    /// Where the last attempt stood.
    stage: Option<Stage>,
    /// Why.
    cause: Option<Cause>,
    /// The SMTP reply code.
    code: Option<i32>,
    /// The enhanced status code (RFC 3463).
    enhanced: Option<String>,
    /// Attempts so far.
    attempts: i32,
    /// When the next attempt is due.
    next_try: Option<SystemTime>,
    /// The id of the pickup grant, where the route is escrow.
    grant: Option<String>,
    /// When this was recorded.
    at: SystemTime,
    /// The pickup code that the sender tells the recipient by telephone or in
    /// person. Never send it by e-mail.
    passcode: Option<Secret>,
    /// The receiving host's reply text. It may repeat the address or more.
    diagnostic: Phi,
}

impl Outcome {
    fn of(outcome: &mailseal::Outcome) -> Result<Self> {
        let tls = |tls: &mailseal::wire::tls::TlsEvidence| -> Result<TlsEvidence> {
            Ok(TlsEvidence {
                version: tls.version.word().to_owned(),
                suite: tls.suite.clone(),
                group: tls.group.clone(),
                certificate_sha256: tls.certificate_sha256.clone(),
                identity: Identity::of(tls.identity)?,
                assurance: TlsAssurance::of(tls.assurance())?,
            })
        };
        Ok(Self {
            recipient: id(outcome.recipient),
            status: Status::of(outcome.status)?,
            route: some(outcome.route)?,
            transport_floor: some(outcome.transport_floor)?,
            factor_floor: some(outcome.factor_floor)?,
            tls: outcome.tls.as_ref().map(tls).transpose()?,
            stage: some(outcome.stage)?,
            cause: some(outcome.cause)?,
            code: outcome.code.map(i32::from),
            enhanced: outcome.enhanced.map(|e| e.to_string()),
            attempts: number(outcome.attempts),
            next_try: outcome.next_try.map(moment),
            grant: outcome.grant.map(|g| g.to_string()),
            at: moment(outcome.at),
            passcode: outcome.passcode().map(Secret::from),
            diagnostic: outcome.diagnostic().into(),
        })
    }
}

/// What one call of `send` or `seal` did.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Receipt {
    /// Keep it to ask again with `client.receipt(id)`.
    id: String,
    /// The message as the audit log names it.
    message: String,
    /// When the call was made.
    created: SystemTime,
    /// One outcome a recipient, in the order of their ids.
    outcomes: Vec<Outcome>,
}

impl Receipt {
    pub(crate) fn of(receipt: &mailseal::Receipt) -> Result<Self> {
        Ok(Self {
            id: receipt.id.to_string(),
            message: receipt.message.to_string(),
            created: moment(receipt.created),
            outcomes: receipt
                .outcomes
                .iter()
                .map(Outcome::of)
                .collect::<Result<_>>()?,
        })
    }
}

/// A sealed message with its envelope, for a mailer of the host's own.
#[derive(Debug, uniffi::Record)]
pub(crate) struct SealedMessage {
    /// The recipient's id.
    recipient: i32,
    /// The envelope's sender; absent for the empty path.
    sender: Option<Phi>,
    /// The envelope's recipients.
    recipients: Vec<Phi>,
    /// The message, RFC 5322. Under the route TLS it is in clear.
    content: PhiBytes,
    /// What the mailer must guarantee for the whole way.
    transport_floor: TlsAssurance,
}

/// What `seal` gives: messages for the host's own mailer, and the receipt.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Sealed {
    /// What was recorded.
    receipt: Receipt,
    /// The messages, one a recipient.
    messages: Vec<SealedMessage>,
}

impl Sealed {
    pub(crate) fn of(
        (receipt, messages): (mailseal::Receipt, Vec<mailseal::SealedMessage>),
    ) -> Result<Self> {
        let one = |message: mailseal::SealedMessage| -> Result<SealedMessage> {
            Ok(SealedMessage {
                recipient: id(message.recipient),
                sender: message.envelope.sender.as_ref().map(Phi::from),
                recipients: message.envelope.recipients.iter().map(Phi::from).collect(),
                content: PhiBytes(message.bytes),
                transport_floor: TlsAssurance::of(message.transport_floor)?,
            })
        };
        Ok(Self {
            receipt: Receipt::of(&receipt)?,
            messages: messages.into_iter().map(one).collect::<Result<_>>()?,
        })
    }
}

/// A copy that is not at its end.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Unresolved {
    /// The id of the call of `send`.
    receipt: String,
    /// The recipient's id.
    recipient: i32,
    /// Deferred, pending or unknown.
    status: Status,
    /// Attempts so far.
    attempts: i32,
    /// When something will be done about it.
    next: Option<SystemTime>,
}

impl Unresolved {
    pub(crate) fn of(left: &mailseal::Unresolved) -> Result<Self> {
        Ok(Self {
            receipt: left.receipt.to_string(),
            recipient: id(left.recipient),
            status: Status::of(left.status)?,
            attempts: number(left.attempts),
            next: left.next.map(moment),
        })
    }
}

/// A copy that was tried again.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Tried {
    /// The id of the call of `send`.
    receipt: String,
    /// What came of it.
    outcome: Outcome,
}

/// What one call of `deliver_due` did.
#[derive(Debug, uniffi::Record)]
pub(crate) struct DueReport {
    /// The copies that were tried.
    tried: Vec<Tried>,
    /// Copies that could not be read or recorded; they stay where they are.
    failed: i32,
    /// Escrow grants that expired.
    expired: i32,
}

impl DueReport {
    pub(crate) fn of(report: &CoreDue) -> Result<Self> {
        let tried = |(receipt, outcome): &(mailseal::base::ReceiptId, mailseal::Outcome)| {
            Ok(Tried {
                receipt: receipt.to_string(),
                outcome: Outcome::of(outcome)?,
            })
        };
        Ok(Self {
            tried: report.outcomes.iter().map(tried).collect::<Result<_>>()?,
            failed: number(report.failed),
            expired: number(report.expired),
        })
    }
}

/// An audit log that verifies.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Verified {
    /// Entries that are as they were when the checkpoint was made.
    pub(crate) covered: i64,
    /// Entries that came after it.
    pub(crate) beyond: i64,
}

/// What the host knows of a recipient beside the message.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Recipient {
    /// The address, as the message has it.
    pub(crate) address: Phi,
    /// The display name.
    #[uniffi(default = None)]
    pub(crate) name: Option<Phi>,
    /// A telephone number that the sender got from the recipient.
    #[uniffi(default = None)]
    pub(crate) phone: Option<Phi>,
    /// A passphrase agreed with the recipient.
    #[uniffi(default = None)]
    pub(crate) passphrase: Option<Secret>,
}

/// A patient was warned of the risk of plain e-mail and prefers it.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Waiver {
    /// The address it was given for.
    pub(crate) address: Phi,
    /// The host's reference for the patient.
    pub(crate) patient: Phi,
    /// When the patient agreed.
    pub(crate) given: SystemTime,
    /// From when on it no longer counts.
    pub(crate) expires: SystemTime,
}

/// A recipient who looks like the wrong one, and is not.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Confirmation {
    /// The address.
    pub(crate) address: Phi,
    /// Why it is right, for the record.
    pub(crate) reason: Phi,
}

/// Where escrowed mail, audit log and deferred copies are kept.
#[derive(Debug, uniffi::Enum)]
pub(crate) enum Storage {
    /// One SQLite file; made where there is none.
    Sqlite {
        /// Where it lies.
        path: String,
    },
    /// In memory: gone with the client. For tests and trials.
    Memory,
}

/// The escrow route: what notices say and where recipients pick up.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Escrow {
    /// Where recipients pick up: `https://mail.harbor.example`.
    pub(crate) base_url: String,
    /// The organisation's name, as recipients know it.
    pub(crate) organisation: String,
    /// The notices' `From:`; the message's sender where left out.
    #[uniffi(default = None)]
    pub(crate) notice_from: Option<Phi>,
    /// How long an item can be picked up; 30 days where left out.
    #[uniffi(default = None)]
    pub(crate) lifetime: Option<Duration>,
}

/// A name of a patient.
#[derive(Debug, uniffi::Record)]
pub(crate) struct PatientName {
    /// The given name.
    pub(crate) given: Phi,
    /// The family name.
    pub(crate) family: Phi,
}

/// A patient of the host's roster.
#[derive(Debug, uniffi::Record)]
pub(crate) struct Patient {
    /// What the host calls the patient: a number that says nothing of them.
    pub(crate) id: i64,
    /// Names.
    #[uniffi(default)]
    pub(crate) names: Vec<PatientName>,
    /// `1961-04-02`.
    #[uniffi(default = None)]
    pub(crate) birth_date: Option<Phi>,
    /// Medical record numbers.
    #[uniffi(default)]
    pub(crate) mrn: Vec<Phi>,
    /// Social security numbers.
    #[uniffi(default)]
    pub(crate) ssn: Vec<Phi>,
    /// Numbers of health plans.
    #[uniffi(default)]
    pub(crate) plan_id: Vec<Phi>,
    /// Telephone numbers.
    #[uniffi(default)]
    pub(crate) phone: Vec<Phi>,
    /// Street lines of addresses.
    #[uniffi(default)]
    pub(crate) street: Vec<Phi>,
    /// The patient's own addresses.
    #[uniffi(default)]
    pub(crate) emails: Vec<Phi>,
    /// Addresses of those who may get the patient's mail.
    #[uniffi(default)]
    pub(crate) proxies: Vec<Phi>,
}
