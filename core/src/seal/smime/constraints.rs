//! Name constraints (RFC 5280 section 4.2.1.10, RFC 9598 section 6) and
//! critical extensions.

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;

use super::certificate::{Certificate, SMTP_UTF8_MAILBOX};
use super::names::within;
use crate::base::{Address, Domain, KeyFault};

/// The extensions that are processed where a certificate marks them critical.
const UNDERSTOOD: [&str; 12] = [
    "2.5.29.14", // subjectKeyIdentifier
    "2.5.29.15", // keyUsage
    "2.5.29.17", // subjectAltName
    "2.5.29.19", // basicConstraints
    "2.5.29.30", // nameConstraints
    "2.5.29.31", // cRLDistributionPoints
    // Policies exclude nobody while none is asked for; who asks for one with
    // policyConstraints is refused in `path`.
    "2.5.29.32", // certificatePolicies
    "2.5.29.33", // policyMappings
    "2.5.29.35", // authorityKeyIdentifier
    "2.5.29.36", // policyConstraints
    "2.5.29.37", // extKeyUsage
    "2.5.29.54", // inhibitAnyPolicy
];

/// Refuses a certificate with a critical extension that is not processed.
pub(crate) fn check_critical(certificate: &Certificate) -> Result<(), KeyFault> {
    let extensions = certificate.x509().tbs_certificate().extensions();
    let unknown = |id: ObjectIdentifier| !UNDERSTOOD.contains(&id.to_string().as_str());
    if extensions
        .into_iter()
        .flatten()
        .any(|e| e.critical && unknown(e.extn_id))
    {
        return Err(KeyFault::Constraint);
    }
    Ok(())
}

/// The most subtrees and names that are compared for one certificate.
const MAX_COMPARED: usize = 4096;

enum Subject<'a> {
    Mailbox(&'a str),
    Host(&'a str),
    Directory(&'a x509_cert::name::Name),
    /// A form of name that is not compared, by its choice tag.
    Other(u8),
}

fn subjects(certificate: &Certificate) -> Vec<Subject<'_>> {
    let mut out: Vec<Subject<'_>> = certificate
        .names()
        .iter()
        .map(|name| match name {
            GeneralName::Rfc822Name(mailbox) => Subject::Mailbox(mailbox.as_str()),
            GeneralName::OtherName(other) if other.type_id == SMTP_UTF8_MAILBOX => other
                .value
                .decode_as::<der::asn1::Utf8StringRef<'_>>()
                .map_or(Subject::Mailbox(""), |s| Subject::Mailbox(s.as_str())),
            GeneralName::DnsName(host) => Subject::Host(host.as_str()),
            GeneralName::DirectoryName(name) => Subject::Directory(name),
            other => Subject::Other(choice(other)),
        })
        .collect();
    if !certificate.subject().is_empty() {
        out.push(Subject::Directory(certificate.subject()));
    }
    out.extend(
        certificate
            .subject_mailboxes()
            .into_iter()
            .map(Subject::Mailbox),
    );
    out
}

fn choice(name: &GeneralName) -> u8 {
    match name {
        GeneralName::OtherName(_) => 0,
        GeneralName::Rfc822Name(_) => 1,
        GeneralName::DnsName(_) => 2,
        GeneralName::DirectoryName(_) => 4,
        GeneralName::EdiPartyName(_) => 5,
        GeneralName::UniformResourceIdentifier(_) => 6,
        GeneralName::IpAddress(_) => 7,
        GeneralName::RegisteredId(_) => 8,
    }
}

/// Whether a constraint is one for this form of name, and the name lies in it.
/// `None`: it is for another form.
fn covers(base: &GeneralName, subject: &Subject<'_>) -> Result<Option<bool>, KeyFault> {
    match (base, subject) {
        (GeneralName::Rfc822Name(base), Subject::Mailbox(mailbox)) => {
            mailbox_within(mailbox, base.as_str()).map(Some)
        }
        (GeneralName::DnsName(base), Subject::Host(host)) => {
            host_within(host, base.as_str()).map(Some)
        }
        (GeneralName::DirectoryName(base), Subject::Directory(name)) => {
            Ok(Some(within(name, base)))
        }
        // RFC 9598 section 6: such names are constrained as rfc822Name. Who
        // constrains them otherwise is not understood.
        (GeneralName::OtherName(base), Subject::Mailbox(_))
            if base.type_id == SMTP_UTF8_MAILBOX =>
        {
            Err(KeyFault::Constraint)
        }
        // A constraint that applies and is not understood.
        (other, Subject::Other(form)) if choice(other) == *form => Err(KeyFault::Constraint),
        _ => Ok(None),
    }
}

/// `pat@harbor.example` is one mailbox, `harbor.example` all on that host,
/// `.harbor.example` all on hosts below it.
fn mailbox_within(mailbox: &str, base: &str) -> Result<bool, KeyFault> {
    let mailbox: Address = mailbox.parse().map_err(|_| KeyFault::Constraint)?;
    if base.is_empty() {
        return Ok(true);
    }
    if base.contains('@') {
        let base: Address = base.parse().map_err(|_| KeyFault::Constraint)?;
        return Ok(base.canonical() == mailbox.canonical());
    }
    let domain = |text: &str| text.parse::<Domain>().map_err(|_| KeyFault::Constraint);
    match base.strip_prefix('.') {
        Some(parent) => {
            let parent = domain(parent)?;
            Ok(mailbox.domain() != &parent && mailbox.domain().is_within(&parent))
        }
        None => Ok(mailbox.domain() == &domain(base)?),
    }
}

fn host_within(host: &str, base: &str) -> Result<bool, KeyFault> {
    let base = base.strip_prefix('.').unwrap_or(base);
    if base.is_empty() {
        return Ok(true);
    }
    let parse = |text: &str| text.parse::<Domain>().map_err(|_| KeyFault::Constraint);
    let host = host.strip_prefix("*.").unwrap_or(host);
    Ok(parse(host)?.is_within(&parse(base)?))
}

/// Whether `certificate` keeps to the constraints of an issuer above it.
pub(crate) fn check_names(
    constraints: &NameConstraints,
    certificate: &Certificate,
) -> Result<(), KeyFault> {
    let list = |trees: &Option<Vec<GeneralSubtree>>| trees.clone().unwrap_or_default();
    let (permitted, excluded) = (
        list(&constraints.permitted_subtrees),
        list(&constraints.excluded_subtrees),
    );
    let subjects = subjects(certificate);
    if (permitted.len() + excluded.len()).saturating_mul(subjects.len()) > MAX_COMPARED {
        return Err(KeyFault::Constraint);
    }
    // RFC 5280: minimum is 0 and maximum absent.
    if permitted
        .iter()
        .chain(&excluded)
        .any(|t| t.minimum != 0 || t.maximum.is_some())
    {
        return Err(KeyFault::Constraint);
    }
    for subject in &subjects {
        for tree in &excluded {
            if covers(&tree.base, subject)? == Some(true) {
                return Err(KeyFault::Constraint);
            }
        }
        let (mut applies, mut inside) = (false, false);
        for tree in &permitted {
            if let Some(covered) = covers(&tree.base, subject)? {
                applies = true;
                inside |= covered;
            }
        }
        if applies && !inside {
            return Err(KeyFault::Constraint);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_constraints_are_rfc_5280s() {
        for (mailbox, base, inside) in [
            ("pat@harbor.example", "pat@harbor.example", true),
            ("kim@harbor.example", "pat@harbor.example", false),
            ("pat@HARBOR.example", "harbor.example", true),
            ("pat@mail.harbor.example", "harbor.example", false),
            ("pat@mail.harbor.example", ".harbor.example", true),
            ("pat@harbor.example", ".harbor.example", false),
            ("pat@notharbor.example", ".harbor.example", false),
            ("pat@bücher.example", "xn--bcher-kva.example", true),
            ("pat@harbor.example", "", true),
        ] {
            assert_eq!(
                mailbox_within(mailbox, base),
                Ok(inside),
                "{mailbox} {base}"
            );
        }
        assert_eq!(
            mailbox_within("no mailbox", "harbor.example"),
            Err(KeyFault::Constraint)
        );
        assert_eq!(
            host_within("mail.harbor.example", "harbor.example"),
            Ok(true)
        );
        assert_eq!(
            host_within("notharbor.example", "harbor.example"),
            Ok(false)
        );
    }

    #[test]
    fn smtp_utf8_mailboxes_are_not_constrained_by_what_is_not_understood() {
        use x509_cert::ext::pkix::name::OtherName;
        let value = der::asn1::Any::new(der::Tag::Utf8String, "x.example".as_bytes()).unwrap();
        let of = |type_id| {
            GeneralName::OtherName(OtherName {
                type_id,
                value: value.clone(),
            })
        };
        let mailbox = Subject::Mailbox("p\u{e5}t@x.example");
        let constraint = Err(KeyFault::Constraint);
        assert_eq!(covers(&of(SMTP_UTF8_MAILBOX), &mailbox), constraint);
        let another = ObjectIdentifier::new_unwrap("1.2.3");
        assert_eq!(covers(&of(another), &mailbox), Ok(None));
    }
}
