package org.mailseal

import java.nio.file.Path
import java.time.Instant
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** Protected text shows in no toString and in no exception. */
class CanaryTest {
    private val host = Host()
    private val address = "$CANARY@$CANARY.example"

    @AfterEach
    fun end() = host.close()

    private fun clean(text: String) {
        assertFalse(CANARY.lowercase() in text.lowercase()) { "it shows" }
        // As a list of bytes, too.
        assertFalse(CANARY.toByteArray().joinToString() in text) { "its bytes show" }
        assertFalse("219-09" in text)
    }

    private fun message() =
        mail(
            text = "Dear Pat $CANARY, MRN ${CANARY}99, your SSN is 219-09-9998. HbA1c 9.1",
            to = address,
            subject = "About $CANARY",
        )

    @Test
    fun `no toString shows it`() =
        runBlocking {
            host.answers[address.lowercase()] = "450 4.2.0 $CANARY"
            host.client().use { client ->
                val plan =
                    client.plan(message(), recipients = listOf(Recipient(address, CANARY, CANARY, CANARY)))
                assertTrue(plan.findings.items.any { CANARY in it.expose() })
                val recipients = plan.recipients.toString()
                val receipt = client.send(plan)
                assertTrue(CANARY in receipt.outcomes.single().diagnostic.expose())
                val sealed = client.seal(client.plan(message()), TlsAssurance.AUTHENTICATED)
                assertTrue(CANARY in sealed.messages.single().content.expose().decodeToString())
                val now = Instant.EPOCH
                val shown =
                    listOf<Any>(
                        client, plan, recipients, plan.findings, plan.explain(), plan.explain(Show.MASKED),
                        receipt, sealed, client.unresolved(), client.deliverDue(), message(),
                        Phi(CANARY), Secret(CANARY), PhiBytes(CANARY.toByteArray()),
                        Recipient(address, CANARY, CANARY, CANARY), Waiver(address, CANARY, now, now),
                        Confirmation(address, CANARY), PatientName(CANARY, CANARY),
                        Patient(1, listOf(PatientName(CANARY, CANARY)), ssn = listOf(Phi(CANARY))),
                        Attachment(CANARY, "text/plain", CANARY.toByteArray()),
                        Escrow("https://a.example", "Harbor", noticeFrom = Phi(address)),
                        Keys.fromBytes(CANARY.padEnd(32).toByteArray()), Policy.hipaa(),
                        Smtp.relay("smtp://a@relay.example", password = Secret(CANARY)),
                        Scanner(host = "[[allow]]\nvalues = [\"$CANARY\"]"),
                        Scanner().scan("MRN ${CANARY}99"),
                    )
                for (value in shown) clean(value.toString())
                assertTrue(CANARY.lowercase() in plan.explain(Show.CLEAR).lowercase())
            }
        }

    @Test
    fun `no exception shows it`() =
        runBlocking {
            val head = "From: clinic@harbor.example\r\n"
            host.client().use { client ->
                val failures =
                    listOf<suspend () -> Any?>(
                        { Message.parse("${head}To: $CANARY@@x\r\n\r\nx\r\n".toByteArray()) },
                        { Message.parse("${head}To: a@b.example\r\n$CANARY\r\n\r\nx\r\n".toByteArray()) },
                        { Message.parse("From: $CANARY\r\n\r\n".toByteArray()) },
                        { mail(to = CANARY) },
                        { mail(subject = "$CANARY\r\nBcc: x") },
                        {
                            Message.compose(
                                sender = "a@b.example",
                                to = listOf("a@b.example"),
                                attachments = listOf(Attachment("$CANARY\n", CANARY, ByteArray(0))),
                            )
                        },
                        { client.plan(mail(), confirm = listOf(Confirmation("$CANARY@b.example", "why"))) },
                        { client.plan(mail(), recipients = listOf(Recipient(CANARY))) },
                        { Smtp.relay("smtp://$CANARY:$CANARY@relay.example") },
                        { Smtp.relay("smtp://relay.example/$CANARY") },
                        { Policy.fromToml("preset = \"hipaa\"\n\"$CANARY x\" = 1") },
                        { Policy.fromToml("preset = \"$CANARY\"") },
                        { Scanner(host = "[[allow]]\nkinds = [\"$CANARY\"]\nvalues = []") },
                        { Discovery.fixed("{\"$CANARY \": {}}") },
                        { Discovery.live("$CANARY $CANARY") },
                        { Keys.file(Path.of("/nowhere/$CANARY")) },
                        { client.resolveUnknown(CANARY, 0, Resolution.SEND_AGAIN) },
                        { client.verify(CANARY) },
                    )
                for ((number, fail) in failures.withIndex()) {
                    val error = assertThrows<MailsealException>("failure $number") { runBlocking { fail() } }
                    clean(error.stackTraceToString())
                    clean(error.code)
                    assertTrue(error.message!!.isNotEmpty())
                }
            }
        }
}
