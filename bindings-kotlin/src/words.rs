//! The words of the decision, as enums. A test in Kotlin holds them and the
//! crate's together.

use std::collections::HashMap;

use mailseal::{Error, base, deliver, dlp, policy, wire};

use crate::error::Result;

/// An enum of the crate and its twin here.
pub(crate) trait Word: Sized {
    type Core;

    fn of(core: Self::Core) -> Result<Self>;
}

/// The twin of a value that may be absent.
pub(crate) fn some<W: Word>(core: Option<W::Core>) -> Result<Option<W>> {
    core.map(W::of).transpose()
}

/// The twins of several.
pub(crate) fn all<W: Word>(core: &[W::Core]) -> Result<Vec<W>>
where
    W::Core: Copy,
{
    core.iter().map(|one| W::of(*one)).collect()
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $core:ty { $($(#[$about:meta])* $variant:ident),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
            pub(crate) enum $name { $($(#[$about])* $variant),+ }

            impl Word for $name {
                type Core = $core;

                fn of(core: $core) -> Result<Self> {
                    type Core = $core;
                    // Some of the crate's enums may grow, others may not.
                    #[allow(unreachable_patterns)]
                    match core {
                        $(Core::$variant => Ok(Self::$variant),)+
                        _ => Err(Error::Config("this version does not know the word").into()),
                    }
                }
            }

            impl From<$name> for $core {
                fn from(word: $name) -> Self {
                    match word { $($name::$variant => Self::$variant),+ }
                }
            }
        )+

        /// Every enum with its words, as the crate has them.
        #[uniffi::export]
        pub(crate) fn words() -> HashMap<String, Vec<String>> {
            HashMap::from([$((
                stringify!($name).to_owned(),
                <$core>::ALL.iter().map(|value| value.word().to_owned()).collect(),
            )),+])
        }
    };
}

words! {
    /// What a message holds.
    Sensitivity = base::Sensitivity {
        /// Nothing protected.
        None,
        /// Protected health information.
        Phi,
        /// Protected health information of a specially protected kind.
        Sensitive,
    }

    /// A rung of the ladder: how a message travels.
    Route = base::Route {
        /// Over TLS.
        Tls,
        /// As OpenPGP.
        Pgp,
        /// As S/MIME.
        Smime,
        /// Kept here and picked up.
        Escrow,
    }

    /// How well the connection to the next mail host is protected.
    TlsAssurance = base::TlsAssurance {
        /// TLS if it is offered.
        Opportunistic,
        /// TLS, with any certificate.
        Encrypted,
        /// A certificate valid for the host's name.
        Authenticated,
        /// A certificate that the domain itself vouches for.
        Anchored,
    }

    /// What a recipient must show to pick up an escrowed message.
    FactorLevel = base::FactorLevel {
        /// Nothing.
        P0,
        /// The link alone.
        P1,
        /// A code by another way.
        P2,
        /// Something stronger.
        P3,
        /// The strongest.
        P4,
    }

    /// Who sees whom in a message to several people.
    Disclosure = base::Disclosure {
        /// Everybody gets a copy of their own, which names nobody else.
        Individual,
        /// Recipients see each other.
        Shared,
    }

    /// How an explanation names recipients.
    Show = policy::Show {
        /// By their ids.
        Index,
        /// With stars.
        Masked,
        /// In clear.
        Clear,
    }

    /// How a message is not sent.
    Refusal = policy::Refusal {
        /// The policy drops what it cannot protect.
        Dropped,
        /// A person must look at it first.
        Held,
        /// It is refused, and the sender is told.
        Refused,
    }

    /// How one recipient's copy stands.
    Status = mailseal::Status {
        /// Recorded; the first attempt is not over.
        Pending,
        /// The next host took responsibility for the message or the notice.
        Delivered,
        /// Kept encrypted and tried again later.
        Deferred,
        /// The next host refused for good. The recipient has nothing.
        Rejected,
        /// Tried until the schedule's end. The recipient has nothing.
        GivenUp,
        /// The next host may or may not have taken it.
        Unknown,
        /// The caller dropped the recipient.
        Refused,
        /// Given to the host application, which delivers it itself.
        HandedOver,
    }

    /// What the host found out about a copy whose outcome was unknown.
    Resolution = mailseal::Resolution {
        /// It arrived.
        Delivered,
        /// It did not: send it again.
        SendAgain,
    }

    /// A stage of an SMTP session.
    Stage = deliver::Stage {
        /// Looking for the host.
        Resolve,
        /// Connecting.
        Connect,
        /// The host's greeting.
        Greeting,
        /// EHLO.
        Ehlo,
        /// The TLS handshake.
        Tls,
        /// Authentication.
        Auth,
        /// MAIL FROM.
        MailFrom,
        /// RCPT TO.
        RcptTo,
        /// DATA.
        Data,
        /// The reply behind the final dot.
        Final,
    }

    /// Why an attempt ended as it did.
    Cause = deliver::Cause {
        /// It went well.
        Ok,
        /// There is no mail host.
        NoHost,
        /// No mail host is one that the MTA-STS policy names.
        StsNoMatch,
        /// The name could not be resolved.
        Dns,
        /// The target is one that must not be spoken to.
        TargetForbidden,
        /// No connection.
        Connect,
        /// The connection broke.
        Disconnected,
        /// It took too long.
        Timeout,
        /// The host does not speak SMTP.
        Protocol,
        /// The host offers no TLS.
        NoTls,
        /// Text came before the handshake.
        StartTlsInjection,
        /// The handshake failed.
        TlsHandshake,
        /// The certificate is not valid.
        TlsCertificate,
        /// The connection is worth less than was asked.
        BelowFloor,
        /// The relay offers no authentication that can be used.
        AuthUnavailable,
        /// The relay refused user and password.
        AuthRefused,
        /// A reply that says: later.
        TransientReply,
        /// A reply that says: never.
        PermanentReply,
        /// The message is too large for the host.
        TooLarge,
        /// The host lacks an extension that the message needs.
        ExtensionMissing,
        /// The message cannot be sent as it is.
        Content,
        /// The record before the final dot could not be written.
        Barrier,
        /// The key cannot be used.
        Key,
        /// The waiver ended before the message left.
        WaiverEnded,
    }

    /// How the identity of a mail host was verified.
    Identity = wire::tls::Identity {
        /// It was not.
        Unverified,
        /// A certificate valid in WebPKI for the host's name.
        WebPki,
        /// The same, and MTA-STS names the host.
        MtaSts,
        /// The public key agreed with the partner.
        PartnerPin,
        /// A certificate of the agreed private CA.
        PartnerCa,
    }

    /// What a finding is.
    FindingKind = dlp::FindingKind {
        /// A private person's name.
        Name,
        /// Anything smaller than a state that locates a person.
        Address,
        /// A date more precise than a year that belongs to a person.
        Date,
        /// An age of 90 or more.
        AgeOver89,
        /// A telephone number.
        Phone,
        /// A fax number.
        Fax,
        /// An e-mail address.
        Email,
        /// A social security number.
        Ssn,
        /// A medical record number.
        Mrn,
        /// The number of a health plan's member.
        HealthPlanId,
        /// An account number.
        Account,
        /// A licence or certificate number.
        License,
        /// A vehicle.
        Vehicle,
        /// A device.
        Device,
        /// A URL.
        Url,
        /// An IP address.
        Ip,
        /// Something biometric.
        Biometric,
        /// Any other identifier.
        OtherId,
        /// A credit card's number.
        CreditCard,
        /// A bank account.
        BankAccount,
        /// A provider.
        Provider,
        /// A national provider identifier.
        Npi,
        /// A DEA number.
        Dea,
        /// A facility.
        Facility,
        /// A condition.
        Condition,
        /// A code of ICD-10.
        Icd10,
        /// A medication.
        Medication,
        /// A national drug code.
        Ndc,
        /// A procedure.
        Procedure,
        /// A code of CPT.
        Cpt,
        /// An analyte.
        Lab,
        /// A code of LOINC.
        Loinc,
    }

    /// A specially protected kind of health content.
    Category = dlp::Category {
        /// Mental health.
        MentalHealth,
        /// Substance use (42 CFR part 2).
        SubstanceUse,
        /// Sexually transmitted infections and HIV.
        StiHiv,
        /// Reproductive health.
        Reproductive,
        /// Genetics.
        Genetic,
        /// Abuse.
        Abuse,
    }

    /// How sure a finding is.
    Confidence = dlp::Confidence {
        /// Perhaps.
        Low,
        /// Likely.
        Medium,
        /// Certain, or nearly.
        High,
    }

    /// What led to a finding.
    Evidence = dlp::Evidence {
        /// It looks like one.
        Shape,
        /// Its check digits are right.
        Checksum,
        /// A label stands before it.
        Label,
        /// Words near it.
        Cue,
        /// A list has it.
        Dictionary,
        /// The format says so.
        Structure,
        /// The model says so.
        Model,
        /// It stands elsewhere too.
        Repeated,
        /// A patient of the roster has it.
        Roster,
        /// The host said so.
        Host,
        /// Something speaks against it.
        Against,
        /// It was hidden.
        Obfuscated,
    }

    /// Why a recipient looks like the wrong one.
    MisaddressedWhy = dlp::MisaddressedWhy {
        /// The message names one patient, the address is another's.
        OtherPatient,
        /// The address only looks like the patient's.
        LookAlike,
    }
}
