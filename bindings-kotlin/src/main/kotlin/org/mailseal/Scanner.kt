package org.mailseal

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope

/**
 * Finds identifiers and health content, and judges messages as a whole.
 *
 * Immutable; may be used from any thread. [host] is the host's own knowledge as TOML
 * (patterns, terms, allowed values), [roster] bytes of a roster with the [keys] that
 * it was built with. Without [names] the model for names is left out: faster, and
 * without a verdict.
 */
class Scanner(
    host: String? = null,
    roster: ByteArray? = null,
    keys: Keys? = null,
    names: Boolean = true,
) {
    internal val native: NativeScanner = calling { NativeScanner(host, roster, keys?.native, names) }

    /** Scans one message, on the caller's thread. */
    fun scan(message: Message): Findings = calling { message.lent.use { native.scan(it) } }

    /** The same of RFC 5322. */
    fun scan(raw: ByteArray): Findings = Message.parse(raw).use { scan(it) }

    /** The same of a text alone. */
    fun scan(text: String): Findings = Message.fromText(text).use { scan(it) }

    /**
     * Scans many messages on all processors, in their order. What cannot be read
     * stands in its place as a failure with its [MailsealException].
     */
    suspend fun scanMany(messages: Iterable<ByteArray>): List<Result<Findings>> =
        coroutineScope {
            messages.map { raw -> async(Dispatchers.Default) { attempt(raw) } }.awaitAll()
        }

    private fun attempt(raw: ByteArray): Result<Findings> =
        try {
            Result.success(scan(raw))
        } catch (error: MailsealException) {
            Result.failure(error)
        }

    override fun toString(): String = "Scanner(...)"

    companion object {
        /** Builds the bytes of a roster; the values are keyed hashes in it. */
        fun buildRoster(
            patients: List<Patient>,
            keys: Keys,
        ): ByteArray = calling { org.mailseal.buildRoster(patients, keys.native) }
    }
}
