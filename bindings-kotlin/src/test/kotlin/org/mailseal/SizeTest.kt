package org.mailseal

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
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
