package org.mailseal

import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

class ClientTest {
    private val host = Host()

    @AfterEach
    fun end() = host.close()

    @Test
    fun `the whole way`() =
        runBlocking {
            host.client().use { client ->
                val plan = client.plan(mail())
                assertEquals(Sensitivity.PHI, plan.sensitivity)
                assertEquals(Route.TLS, plan.recipients.single().decision.route)
                assertEquals("pat@mail.example", plan.address(0)?.expose())
                assertNull(plan.address(1))
                assertTrue("r0" in plan.explain() && "pat@" !in plan.explain()) { plan.explain() }
                assertTrue("pat@mail.example" in plan.explain(Show.CLEAR))
                val receipt = client.send(plan)
                val outcome = receipt.outcomes.single()
                assertEquals(Status.DELIVERED, outcome.status)
                assertEquals("TLSv1.3", outcome.tls?.version)
                assertEquals(TlsAssurance.AUTHENTICATED, outcome.tls?.assurance)
                assertEquals(receipt, client.receipt(receipt.id))
                assertEquals(outcome, receipt.outcome(0))
                assertNull(client.receipt("none"))
                assertEquals(emptyList<Unresolved>(), client.unresolved())
                assertEquals(emptyList<Tried>(), client.deliverDue().tried)
                val verified = client.verify(client.checkpoint())
                assertTrue(verified.covered > 0 && verified.beyond == 0L)
                assertTrue(client.verifierKey.isNotEmpty())
            }
            val taken = host.taken.single()
            assertTrue(taken.tls && CANARY in taken.content)
        }

    @Test
    fun `a plan is used once`() =
        runBlocking<Unit> {
            host.client().use { client ->
                val plan = client.plan(mail())
                assertFalse(plan.isUsed)
                client.send(plan)
                assertTrue(plan.isUsed)
                val again =
                    listOf<suspend () -> Any?>(
                        { client.send(plan) },
                        { client.seal(plan, TlsAssurance.AUTHENTICATED) },
                        { plan.dropRecipient(0) },
                    )
                for (call in again) {
                    val error = assertThrows<MailsealException.Conflict> { runBlocking { call() } }
                    assertEquals("plan.already_used", error.code)
                    assertFalse(error.retryable)
                }
                assertEquals("pat@mail.example", plan.address(0)?.expose())
            }
            assertEquals(1, host.taken.size)
        }

    @Test
    fun `of two threads that send one plan one succeeds`() =
        runBlocking {
            host.client().use { client ->
                val plan = client.plan(mail())
                val start = CountDownLatch(1)
                val sent = AtomicInteger()
                val refused = AtomicInteger()
                val threads =
                    List(8) {
                        thread {
                            start.await()
                            try {
                                runBlocking { client.send(plan) }
                                sent.incrementAndGet()
                            } catch (error: MailsealException.Conflict) {
                                assertEquals("plan.already_used", error.code)
                                refused.incrementAndGet()
                            }
                        }
                    }
                start.countDown()
                threads.forEach(Thread::join)
                assertEquals(1 to 7, sent.get() to refused.get())
            }
            assertEquals(1, host.taken.size)
        }

    @Test
    fun `many coroutines use one client`() =
        runBlocking {
            host.client().use { client ->
                val receipts =
                    coroutineScope {
                        (0 until 20)
                            .map { n ->
                                async(Dispatchers.Default) { client.send(client.plan(mail(to = "p$n@mail.example"))) }
                            }.awaitAll()
                    }
                assertEquals(setOf(Status.DELIVERED), receipts.map { it.outcomes.single().status }.toSet())
            }
            assertEquals(20, host.taken.size)
        }

    @Test
    fun `closed twice and used afterwards`() =
        runBlocking {
            val client = host.client()
            val plan = client.plan(mail())
            assertFalse(client.isClosed)
            client.close()
            client.close()
            assertTrue(client.isClosed)
            val calls =
                listOf<suspend () -> Any?>(
                    { client.plan(mail()) },
                    { client.send(plan) },
                    { client.seal(plan) },
                    { client.receipt("x") },
                    { client.unresolved() },
                    { client.deliverDue() },
                    { client.resolveUnknown("x", 0, Resolution.DELIVERED) },
                    { client.checkpoint() },
                    { client.verify("x") },
                    { client.verifierKey },
                )
            for (call in calls) {
                val error = assertThrows<MailsealException.Conflict> { runBlocking { call() } }
                assertEquals("client.closed", error.code)
            }
            // The plan was not used up by a client that could not send it.
            assertFalse(plan.isUsed)
        }

    @Test
    fun `freed twice and used afterwards`() =
        runBlocking<Unit> {
            host.client().use { client ->
                val message = mail()
                val plan = client.plan(message)
                message.close()
                message.close()
                assertThrows<IllegalStateException> { message.subject }
                assertEquals(Status.DELIVERED, client.send(plan).outcomes.single().status)
                plan.close()
                plan.close()
                assertThrows<IllegalStateException> { plan.recipients }
                assertThrows<IllegalStateException> { runBlocking { client.plan(message) } }
                assertThrows<IllegalStateException> { Scanner(names = false).scan(message) }
                assertThrows<IllegalStateException> { runBlocking { client.send(plan) } }
            }
        }

    @Test
    fun `a plan that is freed while it is sent is sent`() =
        runBlocking {
            host.gate = CountDownLatch(1)
            host.client().use { client ->
                val plan = client.plan(mail())
                val sending = async(Dispatchers.Default) { client.send(plan) }
                host.awaitArrival()
                plan.close()
                assertThrows<IllegalStateException> { plan.isUsed }
                host.gate?.countDown()
                assertEquals(Status.DELIVERED, sending.await().outcomes.single().status)
            }
        }

    @Test
    fun `closing waits for what is on its way`() =
        runBlocking {
            host.gate = CountDownLatch(1)
            val client = host.client()
            val plan = client.plan(mail())
            val sending = async(Dispatchers.Default) { client.send(plan) }
            host.awaitArrival()
            val closing = thread { client.close(30.seconds) }
            while (!client.isClosed) Thread.onSpinWait()
            assertTrue(closing.isAlive)
            host.gate?.countDown()
            assertEquals(Status.DELIVERED, sending.await().outcomes.single().status)
            closing.join()
            assertEquals(1, host.taken.size)
        }

    @Test
    fun `without patience a send ends as an error and goes on with the next client`(
        @TempDir folder: Path,
    ) = runBlocking {
        host.gate = CountDownLatch(1)
        val storage = Storage.Sqlite(folder.resolve("mailseal.db").toString())
        val keys = Keys.file(folder.resolve("mailseal.key"))
        val client = host.client(storage = storage, keys = keys)
        val plan = client.plan(mail())
        val sending = async(Dispatchers.Default) { runCatching { client.send(plan) } }
        host.awaitArrival()
        client.close(0.milliseconds)
        val error = sending.await().exceptionOrNull() as MailsealException.Storage
        assertEquals("client.shutdown", error.code)
        assertTrue(error.retryable)
        host.gate?.countDown()
        host.client(storage = storage, keys = keys).use { next ->
            // It died behind the final dot: nobody knows, and it is not sent again.
            val left = next.unresolved().single()
            assertEquals(0, left.recipient)
            assertNotNull(next.receipt(left.receipt))
        }
        assertEquals(1, host.taken.size)
    }

    @Test
    fun `a cancelled send runs to its end and its receipt is there`() =
        runBlocking {
            host.gate = CountDownLatch(1)
            host.client().use { client ->
                val plan = client.plan(mail(), idempotencyKey = "once")
                val sending = async(Dispatchers.Default) { client.send(plan) }
                host.awaitArrival()
                // The content is with the host, so the intent is on record.
                sending.cancelAndJoin()
                assertThrows<CancellationException> { runBlocking { sending.await() } }
                val left = client.unresolved().single()
                assertEquals(Status.PENDING, client.receipt(left.receipt)?.outcomes?.single()?.status)
                host.gate?.countDown()
                // The same key sends nothing again and answers with the call that goes on.
                val again = client.send(client.plan(mail(), idempotencyKey = "once"))
                assertEquals(left.receipt, again.id)
                withTimeout(30.seconds) {
                    while (client.receipt(left.receipt)?.outcomes?.single()?.status != Status.DELIVERED) delay(5)
                }
            }
            assertEquals(1, host.taken.size)
        }

    @Test
    fun `a cancelled plan is given up and the client goes on`() =
        runBlocking<Unit> {
            host.client().use { client ->
                val long = mail("word ".repeat(400_000))
                val planning = async(Dispatchers.Default) { client.plan(long) }
                delay(1)
                planning.cancelAndJoin()
                assertTrue(planning.isCancelled)
                assertEquals(1, client.plan(mail()).recipients.size)
            }
            assertEquals(0, host.taken.size)
        }

    @Test
    fun `sealed for another mailer`() =
        runBlocking {
            host.client().use { client ->
                val sealed = client.seal(client.plan(mail()), TlsAssurance.AUTHENTICATED)
                val message = sealed.messages.single()
                assertEquals("pat@mail.example", message.recipients.single().expose())
                assertTrue(CANARY in message.content.expose().decodeToString())
                assertEquals(Status.HANDED_OVER, sealed.receipt.outcomes.single().status)
            }
            assertEquals(0, host.taken.size)
        }

    @Test
    fun `a refusal says whom`() =
        runBlocking<Unit> {
            host.client(transport = host.transport(TlsAssurance.OPPORTUNISTIC)).use { client ->
                val plan = client.plan(mail())
                assertTrue(plan.recipients.single().decision is Decision.Refuse)
                assertEquals(listOf(0), plan.refused)
                val error = assertThrows<MailsealException.Policy> { runBlocking { client.send(plan) } }
                assertEquals("plan.refused", error.code)
                assertEquals(listOf(0), error.recipients)
            }
        }

    @Test
    fun `a deferred copy is tried again by the next client`(
        @TempDir folder: Path,
    ) = runBlocking {
        host.answers["pat@mail.example"] = "450 4.2.0 later"
        val storage = Storage.Sqlite(folder.resolve("mailseal.db").toString())
        val keys = Keys.file(folder.resolve("mailseal.key").toString())
        val receipt = host.client(storage = storage, keys = keys).use { it.send(it.plan(mail())) }
        val outcome = receipt.outcomes.single()
        assertEquals(Status.DEFERRED, outcome.status)
        assertEquals(450 to "4.2.0", outcome.code to outcome.enhanced)
        assertEquals(Cause.TRANSIENT_REPLY, outcome.cause)
        assertTrue(outcome.nextTry!! > outcome.at)
        host.client(storage = storage, keys = keys).use { client ->
            assertEquals(receipt.id, client.unresolved().single().receipt)
            assertEquals(receipt, client.receipt(receipt.id))
        }
    }

    @Test
    fun `what is wrong is an exception with a code`() {
        val cases =
            listOf<Pair<String, () -> Any?>>(
                "compose.missing_header" to { Message.parse("To: a@b.example\r\n\r\n".toByteArray()) },
                "compose.no_recipients" to { Message.compose(sender = "a@b.example") },
                "address.local_part" to { mail(to = "a@@b") },
                "client.config" to { Keys.fromBytes(ByteArray(31)) },
                "fixed.form" to { Discovery.fixed("{") },
                "client.config" to { Smtp.direct("a.example", Network(smtpPort = 70_000)) },
                "client.config" to { Scanner(roster = ByteArray(3)) },
            )
        for ((code, call) in cases) {
            assertEquals(code, assertThrows<MailsealException> { call() }.code)
        }
        assertThrows<MailsealException.Config> { Policy.fromToml("preset = 1") }
        assertThrows<MailsealException.Config> { Smtp.relay("http://relay.example") }
    }
}
