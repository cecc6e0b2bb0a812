package org.mailseal

import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The code channel: a host's own code, called from the library. */
class CodeChannelTest {
    private val host = Host()
    private val phone = "+1 555 0100"

    @AfterEach
    fun end() = host.close()

    private fun client(channel: CodeChannel?) =
        host.client(
            transport = host.transport(TlsAssurance.OPPORTUNISTIC),
            escrow = Escrow("https://pickup.harbor.example", "Harbor Clinic"),
            codeChannel = channel,
        )

    private suspend fun send(client: Client): Outcome {
        val plan = client.plan(mail(), recipients = listOf(Recipient("pat@mail.example", phone = phone)))
        val decision = plan.recipients.single().decision
        assertEquals(Route.ESCROW to FactorLevel.P2, decision.route to decision.factorFloor)
        val outcome = client.send(plan).outcomes.single()
        assertEquals(Status.DELIVERED, outcome.status)
        assertNotNull(outcome.grant)
        return outcome
    }

    @Test
    fun `it gets number and code`() =
        runBlocking {
            val calls = CopyOnWriteArrayList<Pair<Phi, Secret>>()
            val outcome = client { number, code -> calls += number to code }.use { send(it) }
            val (number, code) = calls.single()
            assertEquals(phone, number.expose())
            assertTrue(code.expose().length >= 8)
            // Who got the code by telephone is not told it a second time.
            assertNull(outcome.passcode)
            assertFalse(CANARY in host.taken.single().content)
        }

    @Test
    fun `whatever it throws the sender gets the code`() =
        runBlocking {
            val failures =
                listOf<suspend (String) -> Unit>(
                    { throw IllegalStateException(it) },
                    { throw AssertionError(it) },
                    { throw StackOverflowError(it) },
                    { throw CancellationException(it) },
                    { withTimeout(1.milliseconds) { awaitCancellation() } },
                )
            for (fail in failures) {
                var shown = ""
                val outcome =
                    client { number, code ->
                        shown = code.expose()
                        fail("${number.expose()} ${code.expose()}")
                    }.use { send(it) }
                assertEquals(shown, outcome.passcode?.expose())
                assertFalse(shown in outcome.toString())
            }
        }

    @Test
    fun `without one the sender has the code`() =
        runBlocking {
            val code = client(null).use { send(it) }.passcode?.expose()
            assertNotNull(code)
            assertFalse(code!! in host.taken.single().content)
        }

    @Test
    fun `it may call the client`() =
        runBlocking {
            val left = CopyOnWriteArrayList<List<Unresolved>>()
            lateinit var client: Client
            client = client { _, _ -> left += client.unresolved() }
            client.use { send(it) }
            assertEquals(1, left.size)
        }
}
