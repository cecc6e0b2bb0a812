package org.mailseal

import com.sun.jna.Memory
import java.nio.ByteBuffer

/**
 * Text that is, or may hold, protected health information.
 *
 * [toString] does not show it. [expose] gives the clear text: each call is a
 * place that a reviewer can find.
 */
class Phi(private val text: String) {
    /** The clear text. What is done with it is the caller's responsibility. */
    fun expose(): String = text

    override fun equals(other: Any?): Boolean = other is Phi && other.text == text

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = "Phi(***)"
}

/**
 * A passcode, password or token. [toString] does not show it, and it is equal to
 * itself alone.
 */
class Secret(private val text: String) {
    /** The clear text. What is done with it is the caller's responsibility. */
    fun expose(): String = text

    override fun toString(): String = "Secret(***)"
}

/** The bytes of a message. [toString] shows their number alone. */
class PhiBytes(private val bytes: ByteArray) {
    /** How many they are. */
    val size: Int get() = bytes.size

    /** The bytes themselves, not copied. */
    fun expose(): ByteArray = bytes

    override fun equals(other: Any?): Boolean = other is PhiBytes && other.bytes.contentEquals(bytes)

    override fun hashCode(): Int = bytes.contentHashCode()

    override fun toString(): String = "PhiBytes($size bytes)"
}

/**
 * Memory outside of the Java heap, which the library reads where it stands.
 * Overwritten and freed at once, not when the garbage collector comes.
 */
internal inline fun <T> lend(size: Long, fill: (ByteBuffer) -> Unit, use: (ByteBuffer) -> T): T {
    if (size == 0L) return use(ByteBuffer.allocateDirect(0))
    return Memory(size).use { memory ->
        try {
            fill(memory.getByteBuffer(0, size))
            use(memory.getByteBuffer(0, size))
        } finally {
            memory.clear()
        }
    }
}

internal inline fun <T> lend(bytes: ByteArray, use: (ByteBuffer) -> T): T =
    lend(bytes.size.toLong(), { it.put(bytes) }, use)

/** A direct buffer is read where it is, any other one is copied first. */
internal inline fun <T> lend(bytes: ByteBuffer, use: (ByteBuffer) -> T): T =
    if (bytes.isDirect) use(bytes.slice()) else lend(bytes.remaining().toLong(), { it.put(bytes.duplicate()) }, use)
