package org.mailseal.examples

import java.nio.file.Path
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking
import org.mailseal.Attachment
import org.mailseal.Client
import org.mailseal.Decision
import org.mailseal.Keys
import org.mailseal.MailsealException
import org.mailseal.Message
import org.mailseal.Policy
import org.mailseal.Recipient
import org.mailseal.Sensitivity
import org.mailseal.Smtp
import org.mailseal.Status
import org.mailseal.Storage
import org.mailseal.TlsAssurance

/** A result that a laboratory has ready. */
class LabResult(val id: String, val patient: String, val address: String, val phone: String?, val report: Path)

/**
 * Sends a result to its patient, and says in words that may be logged what became
 * of it. A result that was sent is not sent again: its id is the idempotency key.
 */
suspend fun send(
    client: Client,
    result: LabResult,
): String {
    val message =
        Message.compose(
            sender = "laboratory@harbor.example",
            senderName = "Harbor Clinic",
            to = listOf(result.address),
            // Neither the subject nor the file's name says what it is about.
            subject = "A message from Harbor Clinic",
            text = "Dear ${result.patient},\n\nyour result is attached.\n",
            attachments = listOf(Attachment.ofFile(result.report, "application/pdf", name = "report.pdf")),
        )
    val plan =
        client.plan(
            message,
            // A report may be a picture, which no scanner reads.
            declare = Sensitivity.PHI,
            recipients = listOf(Recipient(result.address, phone = result.phone)),
            idempotencyKey = result.id,
        )
    return when (val decision = plan.recipients.single().decision) {
        is Decision.Refuse -> "${result.id}: not sent: ${decision.reasons.last().text}"
        is Decision.Send -> {
            val outcome = client.send(plan).outcomes.single()
            val route = decision.chosen.route.name.lowercase()
            when (outcome.status) {
                Status.DELIVERED -> "${result.id}: delivered by $route"
                Status.DEFERRED -> "${result.id}: the mail host says later; it is tried again"
                else -> "${result.id}: ${outcome.status.name.lowercase()} (${outcome.cause})"
            }
        }
    }
}

/** `LabResult DATABASE KEYFILE RELAY-URL ID PATIENT ADDRESS REPORT.pdf` */
fun main(arguments: Array<String>) {
    if (arguments.size != 7) {
        System.err.println("LabResult DATABASE KEYFILE RELAY-URL ID PATIENT ADDRESS REPORT.pdf")
        exitProcess(2)
    }
    val (database, keyFile, relay, id, patient) = arguments
    try {
        Client(
            policy = Policy.hipaa(),
            storage = Storage.Sqlite(database),
            keys = Keys.file(keyFile),
            transport = Smtp.relay(relay, onward = TlsAssurance.AUTHENTICATED),
        ).use { client ->
            runBlocking {
                client.deliverDue()
                println(send(client, LabResult(id, patient, arguments[5], null, Path.of(arguments[6]))))
            }
        }
    } catch (error: MailsealException) {
        // Its message holds nothing of the mail.
        System.err.println("${error.code}: ${error.message}")
        exitProcess(1)
    }
}
