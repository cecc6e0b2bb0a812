//! Who a message goes to, and what the host knows of them.

use super::{Address, Language, Passkey, Phi, Secret};

/// Where a recipient stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `To:`
    To,
    /// `Cc:`
    Cc,
    /// `Bcc:`, named in nobody's copy.
    Bcc,
}

/// One recipient with what the host knows about reaching and checking them.
///
/// ```
/// use mailseal::base::Recipient;
/// let pat = Recipient::new("pat@mail.example".parse()?)
///     .name("Pat Lindqvist")
///     .phone("+1 555 0100");
/// # Ok::<(), mailseal::base::AddressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recipient {
    address: Address,
    name: Option<Phi<String>>,
    phone: Option<Phi<String>>,
    passphrase: Option<Secret<String>>,
    language: Option<Language>,
    totp: Option<Secret<Vec<u8>>>,
    passkeys: Vec<Passkey>,
    single_sign_on: Option<Phi<String>>,
}

impl Recipient {
    /// A recipient of whom nothing but the address is known.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            name: None,
            phone: None,
            passphrase: None,
            language: None,
            totp: None,
            passkeys: Vec::new(),
            single_sign_on: None,
        }
    }

    /// The display name for the `To:` or `Cc:` header.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(Phi::new(name.into()));
        self
    }

    /// A telephone number that the sender got from the recipient, to which the
    /// host can tell or send a pickup code.
    #[must_use]
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(Phi::new(phone.into()));
        self
    }

    /// A passphrase agreed with the recipient. It becomes a key share of
    /// escrowed messages: without it nobody opens them.
    #[must_use]
    pub fn passphrase(mut self, passphrase: impl Into<Secret<String>>) -> Self {
        self.passphrase = Some(passphrase.into());
        self
    }

    /// The language that the recipient reads, for notice and pickup page.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// The seed of the recipient's authenticator app (RFC 6238: HMAC-SHA-1, 6
    /// digits, 30 seconds), at least 16 bytes. A code of the app then opens
    /// escrowed messages at level P3.
    #[must_use]
    pub fn totp(mut self, seed: Secret<Vec<u8>>) -> Self {
        self.totp = Some(seed);
        self
    }

    /// A passkey that the recipient registered at an earlier pickup; several
    /// can be given. It opens escrowed messages at level P4.
    #[must_use]
    pub fn passkey(mut self, passkey: Passkey) -> Self {
        self.passkeys.push(passkey);
        self
    }

    /// The recipient's subject in the host's single sign-on, which then opens
    /// escrowed messages at level P3.
    #[must_use]
    pub fn single_sign_on(mut self, subject: impl Into<Phi<String>>) -> Self {
        self.single_sign_on = Some(subject.into());
        self
    }

    /// The address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The display name, if one was given.
    pub fn display_name(&self) -> Option<&Phi<String>> {
        self.name.as_ref()
    }

    /// The telephone number, if one was given.
    pub fn phone_number(&self) -> Option<&Phi<String>> {
        self.phone.as_ref()
    }

    /// The agreed passphrase, if one was given.
    pub fn agreed_passphrase(&self) -> Option<&Secret<String>> {
        self.passphrase.as_ref()
    }

    /// The language, if it is known.
    pub fn preferred_language(&self) -> Option<Language> {
        self.language
    }

    /// The seed of the authenticator app, if one was given.
    pub fn totp_seed(&self) -> Option<&Secret<Vec<u8>>> {
        self.totp.as_ref()
    }

    /// The registered passkeys.
    pub fn passkeys(&self) -> &[Passkey] {
        &self.passkeys
    }

    /// The subject in the host's single sign-on, if one was given.
    pub fn single_sign_on_subject(&self) -> Option<&Phi<String>> {
        self.single_sign_on.as_ref()
    }
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self::new(address)
    }
}
