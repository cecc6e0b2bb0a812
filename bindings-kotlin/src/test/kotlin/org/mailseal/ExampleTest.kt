package org.mailseal

import java.nio.file.Path
import kotlin.io.path.writeText
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.mailseal.examples.LabResult
import org.mailseal.examples.send

/** Runs examples/kotlin/LabResult.kt. */
class ExampleTest {
    @Test
    fun `a result is sent once`(
        @TempDir folder: Path,
    ) = runBlocking {
        val report = folder.resolve("potassium.pdf").apply { writeText("%PDF-1.7") }
        val result = LabResult("lab-4711", "Pat", "pat@mail.example", null, report)
        Host().use { host ->
            host.client().use { client ->
                assertEquals("lab-4711: delivered by tls", send(client, result))
                assertEquals("lab-4711: delivered by tls", send(client, result))
            }
            val taken = host.taken.single().content
            assertTrue("report.pdf" in taken && "potassium" !in taken)
        }
    }

    @Test
    fun `what the policy refuses is told in words that name nobody`(
        @TempDir folder: Path,
    ) = runBlocking {
        val report = folder.resolve("report.pdf").apply { writeText("%PDF-1.7") }
        Host().use { host ->
            host.client(transport = host.transport(TlsAssurance.OPPORTUNISTIC)).use { client ->
                val said = send(client, LabResult("lab-4711", "Pat", "pat@mail.example", null, report))
                assertTrue(said.startsWith("lab-4711: not sent: ")) { said }
                assertTrue("pat@" !in said)
            }
            assertEquals(0, host.taken.size)
        }
    }
}
