package org.mailseal

import java.nio.file.Files
import java.nio.file.Path
import java.time.Instant
import java.util.Base64
import kotlin.io.path.extension
import kotlin.io.path.readText
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertThrows

private typealias Given = JsonObject

private val NOTHING = JsonObject(emptyMap())

/** A runner that does not know a field fails. */
private fun Given.known(vararg names: String): Given {
    val unknown = keys - names.toSet()
    check(unknown.isEmpty()) { "unknown fields: $unknown" }
    return this
}

private fun Given.part(name: String): JsonObject? = get(name)?.jsonObject

private fun Given.text(name: String): String? = get(name)?.jsonPrimitive?.content

private fun Given.flag(name: String): Boolean = get(name)?.jsonPrimitive?.boolean ?: false

private fun Given.list(name: String): List<JsonElement> = get(name)?.jsonArray ?: emptyList()

private fun Given.texts(name: String): List<String> = list(name).map { it.jsonPrimitive.content }

private inline fun <reified E : Enum<E>> Given.word(name: String): E? = text(name)?.let { enumValueOf<E>(it.uppercase()) }

private fun Enum<*>?.json(): JsonElement = if (this == null) JsonNull else JsonPrimitive(name.lowercase())

private fun json(vararg fields: Pair<String, JsonElement>) = JsonObject(mapOf(*fields))

/** The cases that every language runs; see core/tests/parity/README.md. */
class ParityTest {
    private val cases: List<Given> by lazy {
        val folder = checkNotNull(System.getProperty("mailseal.parity")) { "-Dmailseal.parity=FOLDER" }
        Files.list(Path.of(folder)).use { files ->
            files
                .filter { it.extension == "json" }
                .sorted()
                .toList()
                .flatMap { Json.parseToJsonElement(it.readText()).jsonArray }
                .map { it.jsonObject }
        }
    }

    @TestFactory
    fun cases(): List<DynamicTest> =
        cases.map { case ->
            dynamicTest(case.text("name")) { assertEquals(case["expect"], runBlocking { answer(case) }) }
        }

    @Test
    fun `there are enough cases`() = assertTrue(cases.size >= 40) { "${cases.size}" }

    @Test
    fun `an unknown field fails`() {
        val strange = JsonObject(cases.first() + ("surprise" to JsonNull))
        val error = assertThrows<IllegalStateException> { runBlocking { answer(strange) } }
        assertTrue("unknown fields" in error.message!!)
    }

    private suspend fun answer(case: Given): JsonObject =
        try {
            outcome(case)
        } catch (error: MailsealException) {
            val kind = error.javaClass.simpleName.lowercase()
            json(
                "error" to
                    json(
                        "code" to JsonPrimitive(error.code),
                        "kind" to JsonPrimitive(kind),
                        "retryable" to JsonPrimitive(error.retryable),
                    ),
            )
        }

    private suspend fun outcome(case: Given): JsonObject {
        case.known(
            "name", "about", "call", "policy", "message", "scanner", "facts", "next_hop", "options", "expect",
        )
        val options =
            (case.part("options") ?: NOTHING).known(
                "declare", "assert_no_phi", "audience", "secure", "disclosure", "confirm", "recipients",
                "patient", "waivers", "names_patient_only", "approved", "escrow", "drop", "assurance",
            )
        val message = marked(message(case.part("message")!!), options)
        val call = case.text("call")
        if (call == "scan") {
            val findings = scanner(case).scan(message)
            return JsonObject(found(findings) + ("sensitivity" to findings.sensitivity.json()))
        }
        return client(case, options.flag("escrow")).use { client ->
            val plan =
                client.plan(
                    message,
                    patient = options.text("patient"),
                    waivers = options.list("waivers").map { waiver(it.jsonObject) },
                    namesPatientOnly = options.flag("names_patient_only"),
                    approved = options.flag("approved"),
                )
            for (id in options.list("drop")) assertTrue(plan.dropRecipient(id.jsonPrimitive.int))
            val out =
                found(plan.findings) +
                    json(
                        "sensitivity" to plan.sensitivity.json(),
                        "plan" to JsonArray(plan.recipients.map(::planned)),
                        "refused" to JsonArray(plan.refused.map(::JsonPrimitive)),
                    )
            val receipt =
                when (call) {
                    "plan" -> null
                    "send" -> client.send(plan)
                    "seal" -> client.seal(plan, options.word("assurance")).receipt
                    else -> error("no call $call")
                }
            JsonObject(if (receipt == null) out else out + ("outcomes" to outcomes(receipt)))
        }
    }

    private fun message(given: Given): Message {
        given.text("raw")?.let { raw ->
            given.known("raw")
            return Message.parse(raw.toByteArray())
        }
        given.known(
            "from", "sender_name", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "headers", "attachments",
        )
        return Message.compose(
            sender = given.text("from") ?: "",
            senderName = given.text("sender_name"),
            to = given.texts("to"),
            cc = given.texts("cc"),
            bcc = given.texts("bcc"),
            replyTo = given.text("reply_to"),
            subject = given.text("subject"),
            text = given.text("text"),
            html = given.text("html"),
            headers = given.list("headers").map { (name, value) -> name.content() to value.content() },
            attachments = given.list("attachments").map { attachment(it.jsonObject) },
        )
    }

    private operator fun JsonElement.component1() = jsonArray[0]

    private operator fun JsonElement.component2() = jsonArray[1]

    private fun JsonElement.content() = jsonPrimitive.content

    private fun attachment(given: Given): Attachment {
        given.known("name", "media_type", "text", "base64")
        val content = given.text("text")?.toByteArray() ?: Base64.getDecoder().decode(given.text("base64"))
        return Attachment(given.text("name")!!, given.text("media_type")!!, content)
    }

    private fun marked(
        message: Message,
        options: Given,
    ): Message =
        message.marked(
            declare = options.word("declare"),
            assertNoPhi = options.text("assert_no_phi"),
            audience = options.text("audience"),
            secure = options.flag("secure"),
            disclosure = options.word("disclosure"),
            confirm = (options.part("confirm") ?: NOTHING).map { (to, why) -> Confirmation(to, why.content()) },
            recipients = options.list("recipients").map { recipient(it.jsonObject) },
        )

    private fun recipient(given: Given): Recipient {
        given.known("address", "name", "phone", "passphrase")
        return Recipient(given.text("address")!!, given.text("name"), given.text("phone"), given.text("passphrase"))
    }

    private fun waiver(given: Given): Waiver {
        given.known("address", "patient", "given", "expires")

        fun at(name: String) = Instant.ofEpochMilli(given[name]!!.jsonPrimitive.long)
        return Waiver(given.text("address")!!, given.text("patient")!!, at("given"), at("expires"))
    }

    private fun scanner(case: Given): Scanner {
        val given = (case.part("scanner") ?: NOTHING).known("names", "host")
        return Scanner(host = given.text("host"), names = given["names"]?.jsonPrimitive?.boolean ?: true)
    }

    private fun policy(given: JsonElement): Policy =
        when (given) {
            is JsonObject -> Policy.fromToml(given.known("toml").text("toml")!!)
            JsonPrimitive("hipaa") -> Policy.hipaa()
            JsonPrimitive("strict") -> Policy.strict()
            JsonPrimitive("tls_exclusive") -> Policy.tlsExclusive()
            else -> error("no policy $given")
        }

    private fun transport(nextHop: JsonElement?): Smtp {
        // Nothing is asked of the network: no case delivers.
        if (nextHop == null || nextHop == JsonPrimitive("mx")) {
            return Smtp.direct("client.example", Network(resolver = "127.0.0.1:9"))
        }
        val relay = nextHop.jsonObject.known("relay").part("relay")!!.known("onward", "requiretls")
        return Smtp.relay(
            "smtp://relay.invalid",
            onward = relay.word("onward"),
            requiretls = relay.flag("requiretls"),
        )
    }

    private fun client(
        case: Given,
        escrow: Boolean,
    ): Client =
        Client(
            policy = policy(case["policy"]!!),
            storage = Storage.Memory,
            keys = Keys.ephemeral(),
            transport = transport(case["next_hop"]),
            discovery = Discovery.fixed((case["facts"] ?: NOTHING).toString()),
            scanner = scanner(case),
            escrow = if (escrow) Escrow("https://pickup.harbor.example", "Harbor Clinic") else null,
        )

    private fun found(findings: Findings): Map<String, JsonElement> =
        json(
            "findings" to
                JsonArray(
                    findings.items.map {
                        json(
                            "kind" to it.kind.json(),
                            "part" to JsonPrimitive(it.part),
                            "start" to JsonPrimitive(it.start),
                            "end" to JsonPrimitive(it.end),
                        )
                    },
                ),
            "unscannable" to
                JsonArray(
                    findings.unscannable.map {
                        json("part" to JsonPrimitive(it.part), "why" to JsonPrimitive(it.why))
                    },
                ),
        )

    private fun planned(entry: PlannedRecipient): JsonObject {
        val id = JsonPrimitive(entry.id)
        val reasons = JsonArray(entry.decision.reasons.map { JsonPrimitive(it.code) })
        return when (val decision = entry.decision) {
            is Decision.Send ->
                json(
                    "recipient" to id,
                    "route" to decision.chosen.route.json(),
                    "transport_floor" to decision.chosen.transportFloor.json(),
                    "factor_floor" to decision.chosen.factorFloor.json(),
                    "proven" to JsonPrimitive(decision.chosen.proven),
                    "fallbacks" to JsonArray(decision.fallbacks.map { it.route.json() }),
                    "reasons" to reasons,
                )
            is Decision.Refuse -> json("recipient" to id, "refused" to decision.kind.json(), "reasons" to reasons)
        }
    }

    private fun outcomes(receipt: Receipt): JsonArray =
        JsonArray(
            receipt.outcomes.map { json("recipient" to JsonPrimitive(it.recipient), "status" to it.status.json()) },
        )
}
