package org.mailseal

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.readLines
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir

/** Large files do not go through the Java heap a second time. */
class SizeTest {
    private val size = 100 * 1024 * 1024
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

    private fun allocated(work: () -> Unit): Long {
        val before = threads.currentThreadAllocatedBytes
        work()
        return threads.currentThreadAllocatedBytes - before
    }

    private fun compose(file: Attachment): Long =
        Message
            .compose(
                sender = "a@b.example",
                to = listOf("a@b.example"),
                attachments = listOf(file),
                maxBytes = 200L * 1024 * 1024,
            ).use { it.size }

    @Test
    fun `a file of 100 MB takes no room in the heap`(
        @TempDir folder: Path,
    ) {
        val path = folder.resolve("scan.bin")
        Files.newByteChannel(path, java.nio.file.StandardOpenOption.CREATE_NEW, java.nio.file.StandardOpenOption.WRITE)
            .use { it.position(size - 1L).write(ByteBuffer.wrap(byteArrayOf(1))) }
        compose(Attachment("warm.bin", "application/octet-stream", ByteArray(1)))
        var message = 0L
        val heap = allocated { message = compose(Attachment.ofFile(path, "application/octet-stream")) }
        assertTrue(message > size) { "$message" }
        assertTrue(heap < 1_000_000) { "$heap bytes of heap" }
    }

    @Test
    fun `bytes that are there are not copied in the heap`() {
        val content = ByteArray(size)
        compose(Attachment("warm.bin", "application/octet-stream", ByteArray(1)))
        val heap = allocated { compose(Attachment("scan.bin", "application/octet-stream", content)) }
        assertTrue(heap < 1_000_000) { "$heap bytes of heap" }
    }

    /** What the process holds at most while it works, above what it held before. */
    private fun peak(work: () -> Unit): Long {
        fun kilobytes(name: String) =
            Path.of("/proc/self/status").readLines().first { it.startsWith("$name:") }.filter(Char::isDigit).toLong()
        // Sets the high-water mark back.
        Path.of("/proc/self/clear_refs").writeText("5")
        val before = kilobytes("VmRSS")
        work()
        return (kilobytes("VmHWM") - before) * 1024
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    fun `a file of 100 MB stands in memory a known number of times`(
        @TempDir folder: Path,
    ) {
        val path = folder.resolve("scan.bin").also { it.writeBytes(ByteArray(size) { n -> n.toByte() }) }
        val content = ByteArray(size) { n -> n.toByte() }
        val direct = ByteBuffer.allocateDirect(size).put(content).flip()
        compose(Attachment("warm.bin", "application/octet-stream", ByteArray(1)))
        val ways =
            listOf<Pair<String, () -> Attachment>>(
                "ByteArray" to { Attachment("scan.bin", "application/octet-stream", content) },
                "direct ByteBuffer" to { Attachment("scan.bin", "application/octet-stream", direct) },
                "Path" to { Attachment.ofFile(path, "application/octet-stream") },
            )
        for ((name, make) in ways) {
            System.gc()
            val attachment = peak { make().close() }
            val both = peak { make().use { compose(it) } }
            println("100 MB as $name: attachment ${attachment shr 20} MB, with its message ${both shr 20} MB")
            // The message has it as base64, beside the attachment itself.
            assertTrue(both < 4L * size) { "$name: $both" }
            assertTrue(attachment < 5L * size / 2) { "$name: $attachment" }
        }
    }

    @Test
    fun `every kind of buffer says the same`() {
        val raw = "From: a@b.example\r\nTo: c@d.example\r\nSubject: Hi\r\n\r\nHello\r\n".toByteArray()
        val direct = ByteBuffer.allocateDirect(raw.size + 4).also { it.position(4).put(raw).position(4) }
        for (message in listOf(Message.parse(raw), Message.parse(ByteBuffer.wrap(raw)), Message.parse(direct))) {
            assertEquals("Hi", message.subject.expose())
            assertEquals(raw.size.toLong(), message.size)
        }
        assertEquals(4, direct.position())
    }
}
