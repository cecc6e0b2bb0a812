package org.mailseal

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

/**
 * Plans, sends, and keeps what is not at its end. One client serves a whole
 * application: it may be used from any thread and by any number of coroutines.
 *
 * The constructor opens the storage and makes a runtime with two threads; on a thread
 * that must not wait call it with `Dispatchers.IO`. [discovery] is asked where
 * messages go straight to mail hosts; [escrow] adds the pickup route, [codeChannel]
 * sends its codes; [sealers] add OpenPGP and S/MIME.
 *
 * @throws MailsealException where storage, keys or transport cannot be used.
 */
class Client(
    policy: Policy,
    storage: Storage,
    keys: Keys,
    transport: Smtp,
    discovery: Discovery? = null,
    scanner: Scanner? = null,
    escrow: Escrow? = null,
    sealers: List<Sealer> = emptyList(),
    codeChannel: CodeChannel? = null,
    auditOrigin: String? = null,
    planLifetime: Duration? = null,
    concurrency: Int? = null,
) : AutoCloseable {
    private val native: NativeClient =
        calling {
            NativeClient(
                policy = policy.native,
                storage = storage,
                keys = keys.native,
                transport = transport.native,
                discovery = discovery?.native,
                scanner = scanner?.native,
                escrow = escrow,
                sealers = sealers.map { it.native },
                codeChannel = codeChannel?.let(::GuardedChannel),
                auditOrigin = auditOrigin,
                planLifetime = planLifetime?.toJavaDuration(),
                concurrency = concurrency,
            )
        }

    /**
     * Plans a message: scans it, learns what its recipients can receive, and decides
     * for each. Nothing is sent. Cancelled, it is given up.
     *
     * Up to [idempotencyKey] see [Message.marked]. [patient] is the host's reference
     * for the patient whom the message is about, [waivers] is what patients agreed to,
     * [namesPatientOnly] says that it names nobody else, and [approved] that a person
     * let go what a rule holds.
     */
    suspend fun plan(
        message: Message,
        declare: Sensitivity? = null,
        assertNoPhi: String? = null,
        audience: String? = null,
        secure: Boolean = false,
        disclosure: Disclosure? = null,
        confirm: List<Confirmation> = emptyList(),
        recipients: List<Recipient> = emptyList(),
        idempotencyKey: String? = null,
        patient: String? = null,
        waivers: List<Waiver> = emptyList(),
        namesPatientOnly: Boolean = false,
        approved: Boolean = false,
    ): Plan {
        val marks =
            marks(declare, assertNoPhi, audience, secure, disclosure, confirm, recipients, idempotencyKey)
        val circumstances =
            NativeCircumstances(patient?.let(::Phi), waivers, namesPatientOnly, approved)
        return calling { Plan(message.lent.use { native.plan(it, marks, circumstances) }) }
    }

    /**
     * Carries a plan out, and answers when each copy was delivered, deferred or
     * refused.
     *
     * It runs to its end even if the coroutine is cancelled: the answer is lost then,
     * not the mail. [unresolved] names its receipt while it is not at its end, and a
     * message planned with an `idempotencyKey` can be planned and sent again: the
     * first receipt comes back, and nothing leaves twice.
     */
    suspend fun send(plan: Plan): Receipt = calling { plan.lent.use { native.send(it) } }

    /**
     * Seals a plan's messages for a mailer of the host's own, which guarantees
     * [assurance] for the whole way; without it only sealed routes are given out.
     */
    suspend fun seal(
        plan: Plan,
        assurance: TlsAssurance? = null,
    ): Sealed = calling { plan.lent.use { native.seal(it, assurance) } }

    /** The receipt of an earlier call, with how things stand now; null where there is none. */
    suspend fun receipt(id: String): Receipt? = calling { native.receipt(id) }

    /** Copies that are not at their end. */
    suspend fun unresolved(): List<Unresolved> = calling { native.unresolved() }

    /** Tries again what is due. Call it every minute or so. */
    suspend fun deliverDue(): DueReport = calling { native.deliverDue() }

    /** Says what became of a copy whose outcome is unknown. */
    suspend fun resolveUnknown(
        receipt: String,
        recipient: Int,
        resolution: Resolution,
    ): Unit = calling { native.resolveUnknown(receipt, recipient, resolution) }

    /** A signed checkpoint of the audit log, as text. Keep it elsewhere. */
    suspend fun checkpoint(): String = calling { native.checkpoint() }

    /** Checks the audit log against a checkpoint that was kept elsewhere. */
    suspend fun verify(checkpoint: String): Verified = calling { native.verify(checkpoint) }

    /** The public key that verifies checkpoints. */
    val verifierKey: String get() = calling { native.verifierKey() }

    /** Whether it was closed. */
    val isClosed: Boolean get() = native.isClosed()

    /**
     * Waits for what is on its way, at most ten seconds, and closes. What was recorded
     * and is not at its end goes on with the next client on the same storage. A second
     * time does nothing; used afterwards the client answers
     * [MailsealException.Conflict] with the code `client.closed`.
     */
    override fun close() = close(10.seconds)

    /** The same, with another patience. */
    fun close(timeout: Duration) = native.shut(timeout.toJavaDuration())

    override fun toString(): String = "Client(...)"
}
