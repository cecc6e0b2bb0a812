package org.mailseal

import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path
import java.nio.file.StandardOpenOption
import kotlin.io.path.name

/**
 * A file that goes with messages. [toString] shows neither name nor content. It is
 * freed by the garbage collector, or at once by [close]; messages keep what they need.
 */
class Attachment private constructor(native: NativeAttachment, private val size: Long) : AutoCloseable {
    internal val lent = Lent(native, "attachment")

    /** [name] should hold no PHI; [mediaType] is `application/pdf`, `text/csv; charset=utf-8`. */
    constructor(name: String, mediaType: String, content: ByteArray) : this(
        lend(content) { NativeAttachment(Phi(name), mediaType, it) },
        content.size.toLong(),
    )

    /** The same. A direct buffer is read where it is. */
    constructor(name: String, mediaType: String, content: ByteBuffer) : this(
        lend(content) { NativeAttachment(Phi(name), mediaType, it) },
        content.remaining().toLong(),
    )

    /** Frees it. A second time does nothing; used afterwards it throws [IllegalStateException]. */
    override fun close() = lent.close()

    override fun toString(): String = "Attachment($size bytes)"

    companion object {
        /** Reads a file past the Java heap. */
        fun ofFile(
            path: Path,
            mediaType: String,
            name: String = path.name,
        ): Attachment {
            var size = 0L
            val native =
                readFile(path) {
                    size = it.remaining().toLong()
                    NativeAttachment(Phi(name), mediaType, it)
                }
            return Attachment(native, size)
        }
    }
}

private fun FileChannel.readInto(buffer: ByteBuffer) {
    do {
        val read = read(buffer)
    } while (read > 0)
}

private inline fun <T> readFile(
    path: Path,
    use: (ByteBuffer) -> T,
): T =
    FileChannel.open(path, StandardOpenOption.READ).use { file ->
        lend(file.size(), { file.readInto(it) }, use)
    }

/**
 * A message ready to be scanned or planned. Immutable.
 *
 * It is freed by the garbage collector, or at once by [close]; a plan that was made
 * of it keeps what it needs.
 */
class Message internal constructor(native: NativeMessage) : AutoCloseable {
    internal val lent = Lent(native, "message")

    /** Bytes as parsed or built, all headers included. */
    val size: Long = native.size()

    /** The author's address. */
    val sender: Phi get() = lent.use { it.sender() }

    /** The addresses in the order To, Cc, Bcc, each once. A recipient's id is an index into it. */
    val recipients: List<Phi> get() = lent.use { it.recipients() }

    /** The subject, decoded; empty where there is none. */
    val subject: Phi get() = lent.use { it.subject() }

    /**
     * The same message with what the host says of it: it is at least [declare]d so
     * sensitive; the host knows that it holds no PHI and why ([assertNoPhi], which is
     * recorded); whom it goes to ([audience]); the sender asked for protection
     * ([secure]); whether recipients see each other ([disclosure]); recipients who
     * look like the wrong ones and are not ([confirm]); what is known of
     * [recipients]; and a key under which it is sent once only ([idempotencyKey]).
     */
    fun marked(
        declare: Sensitivity? = null,
        assertNoPhi: String? = null,
        audience: String? = null,
        secure: Boolean = false,
        disclosure: Disclosure? = null,
        confirm: List<Confirmation> = emptyList(),
        recipients: List<Recipient> = emptyList(),
        idempotencyKey: String? = null,
    ): Message {
        val marks =
            marks(declare, assertNoPhi, audience, secure, disclosure, confirm, recipients, idempotencyKey)
        return calling { Message(lent.use { it.marked(marks) }) }
    }

    /** Frees it. A second time does nothing; used afterwards it throws [IllegalStateException]. */
    override fun close() = lent.close()

    override fun toString(): String = "Message($size bytes)"

    companion object {
        /** Reads RFC 5322. [maxBytes] is 160 MiB where it is left out. */
        fun parse(
            raw: ByteArray,
            maxBytes: Long? = null,
        ): Message = calling { Message(lend(raw) { NativeMessage.parse(it, maxBytes) }) }

        /** The same. A direct buffer is read where it is. */
        fun parse(
            raw: ByteBuffer,
            maxBytes: Long? = null,
        ): Message = calling { Message(lend(raw) { NativeMessage.parse(it, maxBytes) }) }

        /** The same of a file, past the Java heap. */
        fun parse(
            file: Path,
            maxBytes: Long? = null,
        ): Message = calling { Message(readFile(file) { NativeMessage.parse(it, maxBytes) }) }

        /** A text alone, to be scanned: it goes from nobody to nobody. */
        fun fromText(text: String): Message = calling { Message(NativeMessage.fromText(Phi(text))) }

        /**
         * Builds a message. Names, text and HTML may hold PHI; the subject should not,
         * and an attachment's name should not. [maxBytes] is 160 MiB where it is left
         * out.
         */
        fun compose(
            sender: String,
            to: List<String> = emptyList(),
            cc: List<String> = emptyList(),
            bcc: List<String> = emptyList(),
            subject: String? = null,
            text: String? = null,
            html: String? = null,
            attachments: List<Attachment> = emptyList(),
            headers: List<Pair<String, String>> = emptyList(),
            senderName: String? = null,
            replyTo: String? = null,
            maxBytes: Long? = null,
        ): Message =
            lending(attachments.map { it.lent }) { files ->
                val fields =
                    NativeFields(
                        sender = Phi(sender),
                        to = to.map(::Phi),
                        cc = cc.map(::Phi),
                        bcc = bcc.map(::Phi),
                        subject = subject?.let(::Phi),
                        text = text?.let(::Phi),
                        html = html?.let(::Phi),
                        attachments = files,
                        headers = headers.map { (name, value) -> NativeHeader(name, Phi(value)) },
                        senderName = senderName?.let(::Phi),
                        replyTo = replyTo?.let(::Phi),
                    )
                calling { Message(NativeMessage.compose(fields, maxBytes)) }
            }
    }
}

internal fun marks(
    declare: Sensitivity?,
    assertNoPhi: String?,
    audience: String?,
    secure: Boolean,
    disclosure: Disclosure?,
    confirm: List<Confirmation>,
    recipients: List<Recipient>,
    idempotencyKey: String?,
) = NativeMarks(
    declare = declare,
    assertNoPhi = assertNoPhi?.let(::Phi),
    audience = audience,
    secure = secure,
    disclosure = disclosure,
    confirm = confirm,
    recipients = recipients,
    idempotencyKey = idempotencyKey,
)
