package org.mailseal

import java.time.Instant

/** What the host knows of a recipient beside the message. */
fun Recipient(
    address: String,
    name: String? = null,
    phone: String? = null,
    passphrase: String? = null,
): Recipient = Recipient(Phi(address), name?.let(::Phi), phone?.let(::Phi), passphrase?.let(::Secret))

/** A patient was warned of the risk of plain e-mail and prefers it. */
fun Waiver(
    address: String,
    patient: String,
    given: Instant,
    expires: Instant,
): Waiver = Waiver(Phi(address), Phi(patient), given, expires)

/** A recipient who looks like the wrong one, and is not; the reason is recorded. */
fun Confirmation(
    address: String,
    reason: String,
): Confirmation = Confirmation(Phi(address), Phi(reason))

/** Who signs: a sender's address, its key file, and the passphrase of that. */
fun SigningKey(
    address: String,
    file: ByteArray,
    passphrase: String,
): SigningKey = SigningKey(Phi(address), PhiBytes(file), Secret(passphrase))

/** A name of a patient. */
fun PatientName(
    given: String,
    family: String,
): PatientName = PatientName(Phi(given), Phi(family))

/** What the message was taken for. */
val Decision.sensitivity: Sensitivity
    get() =
        when (this) {
            is Decision.Send -> sensitivity
            is Decision.Refuse -> sensitivity
        }

/** Why. */
val Decision.reasons: List<Reason>
    get() =
        when (this) {
            is Decision.Send -> reasons
            is Decision.Refuse -> reasons
        }

/** The route of the chosen rung; null where nothing is sent. */
val Decision.route: Route?
    get() =
        when (this) {
            is Decision.Send -> chosen.route
            is Decision.Refuse -> null
        }

/** The least assurance of the chosen rung's connection; null where nothing is sent. */
val Decision.transportFloor: TlsAssurance?
    get() =
        when (this) {
            is Decision.Send -> chosen.transportFloor
            is Decision.Refuse -> null
        }

/** The least factor of the chosen rung's pickup, where it is one. */
val Decision.factorFloor: FactorLevel?
    get() =
        when (this) {
            is Decision.Send -> chosen.factorFloor
            is Decision.Refuse -> null
        }

/** The text that was found. */
fun Finding.expose(): String = text.expose()

/** The outcome for one recipient. */
fun Receipt.outcome(recipient: Int): Outcome? = outcomes.find { it.recipient == recipient }
