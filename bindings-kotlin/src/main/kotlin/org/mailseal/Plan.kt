package org.mailseal

import java.time.Instant

/**
 * A message with a decision for each recipient. Nothing has been sent.
 *
 * It is sent once, whatever comes of it: a second time answers
 * [MailsealException.Conflict] with the code `plan.already_used`. Afterwards it can
 * still be read. The garbage collector frees it, or [close] at once.
 */
class Plan internal constructor(native: NativePlan) : AutoCloseable {
    internal val lent = Lent(native, "plan")

    /** The message's id in receipts and in the audit log. */
    val id: String = native.id()

    /** When it was made. */
    val made: Instant get() = lent.use { it.made() }

    /** Until when it can be sent without planning again. */
    val expires: Instant get() = lent.use { it.expires() }

    /** The highest sensitivity over the recipients. */
    val sensitivity: Sensitivity get() = calling { lent.use { it.sensitivity() } }

    /** What the scanner found. */
    val findings: Findings by lazy { calling { lent.use { it.findings() } } }

    /** One entry a recipient. */
    val recipients: List<PlannedRecipient> get() = calling { lent.use { it.recipients() } }

    /** The ids of the recipients whom the policy refuses and who are not dropped. */
    val refused: List<Int> get() = lent.use { it.refused() }

    /** Whether it was given to [Client.send] or [Client.seal]. */
    val isUsed: Boolean get() = lent.use { it.isUsed() }

    /** The subject that some copy shows in place of its own, where one does. */
    val neutralSubject: Phi? get() = lent.use { it.neutralSubject() }

    /** The clear address behind an id; null where there is none. */
    fun address(id: Int): Phi? = lent.use { it.address(id) }

    /**
     * Takes a recipient out: they get nothing, and the receipt says so. Says whether
     * there is such a recipient.
     */
    fun dropRecipient(id: Int): Boolean = calling { lent.use { it.dropRecipient(id) } }

    /** The plan in words. [show] says how recipients are named. */
    fun explain(show: Show = Show.INDEX): String = lent.use { it.explain(show) }

    /** Frees it. A second time does nothing; used afterwards it throws [IllegalStateException]. */
    override fun close() = lent.close()

    override fun toString(): String = "Plan($id)"
}
