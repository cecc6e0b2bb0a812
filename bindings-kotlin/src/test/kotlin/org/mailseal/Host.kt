package org.mailseal

import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.util.Base64
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket
import kotlin.concurrent.thread

/** What stands in mails and must not be shown. */
const val CANARY = "CANARY7731"

const val PHI = "Dear Pat $CANARY, your Medicare number is 1EG4-TE5-MK73. Your potassium was high."

/** A message that the host took. */
class Taken(val recipients: List<String>, val content: String, val tls: Boolean)

/** A certificate of the host's own, made by the JDK's keytool. */
object Certificate {
    private val password = "changeit".toCharArray()

    private val store: KeyStore by lazy {
        val file = Files.createTempDirectory("mailseal").resolve("host.p12")
        val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString()
        val made =
            ProcessBuilder(
                keytool, "-genkeypair", "-alias", "host", "-keyalg", "EC", "-groupname", "secp256r1",
                "-dname", "CN=localhost", "-ext", "san=dns:localhost", "-validity", "30",
                "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", "changeit",
            ).redirectErrorStream(true).start()
        val said = made.inputStream.readAllBytes().decodeToString()
        check(made.waitFor() == 0) { said }
        KeyStore.getInstance("PKCS12").apply { Files.newInputStream(file).use { load(it, password) } }
    }

    val pem: String by lazy {
        val lines = Base64.getMimeEncoder(64, "\n".toByteArray())
        "-----BEGIN CERTIFICATE-----\n" + lines.encodeToString(store.getCertificate("host").encoded) +
            "\n-----END CERTIFICATE-----\n"
    }

    val context: SSLContext by lazy {
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        keys.init(store, password)
        SSLContext.getInstance("TLS").apply { init(keys.keyManagers, null, null) }
    }
}

/** A mail host on loopback: takes mail over STARTTLS, or answers as it is told. */
class Host : AutoCloseable {
    val taken = CopyOnWriteArrayList<Taken>()
    val answers = ConcurrentHashMap<String, String>()

    /** While it is there, the final dot is not answered. */
    @Volatile var gate: CountDownLatch? = null
    private val arrived = CountDownLatch(1)
    private val server = ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))

    val url = "smtp://localhost:${server.localPort}"

    init {
        thread(isDaemon = true, name = "host") {
            try {
                while (true) {
                    val socket = server.accept()
                    thread(isDaemon = true) { runCatching { serve(socket) } }
                }
            } catch (_: java.io.IOException) {
                // Closed.
            }
        }
    }

    fun transport(onward: TlsAssurance = TlsAssurance.AUTHENTICATED): Smtp =
        Smtp.relay(url, onward = onward, roots = Certificate.pem)

    /** Waits until a content has come whole. */
    fun awaitArrival() = check(arrived.await(30, TimeUnit.SECONDS)) { "no mail came" }

    private fun serve(plain: Socket) {
        var socket = plain
        var tls = false
        var to = mutableListOf<String>()

        fun say(line: String) = socket.getOutputStream().run { write("$line\r\n".toByteArray()).also { flush() } }
        say("220 localhost ESMTP")
        while (true) {
            val line = socket.getInputStream().line() ?: return
            val word = line.uppercase()
            when {
                word.startsWith("EHLO") && tls -> say("250 localhost")
                word.startsWith("EHLO") -> say("250-localhost\r\n250 STARTTLS")
                word == "STARTTLS" -> {
                    say("220 go on")
                    val factory = Certificate.context.socketFactory
                    val layered = factory.createSocket(socket, null, socket.port, true) as SSLSocket
                    layered.useClientMode = false
                    layered.startHandshake()
                    socket = layered
                    tls = true
                }
                word.startsWith("MAIL FROM") -> {
                    to = mutableListOf()
                    say("250 ok")
                }
                word.startsWith("RCPT TO") -> {
                    val address = line.substringAfter('<').substringBefore('>')
                    to += address
                    say(answers[address.lowercase()] ?: "250 ok")
                }
                word == "DATA" -> {
                    say("354 go on")
                    val content = ByteArrayOutputStream()
                    while (true) {
                        val text = socket.getInputStream().line() ?: return
                        if (text == ".") break
                        content.write("$text\r\n".toByteArray(Charsets.ISO_8859_1))
                    }
                    arrived.countDown()
                    gate?.await(30, TimeUnit.SECONDS)
                    taken += Taken(to, content.toString(Charsets.ISO_8859_1), tls)
                    say("250 2.0.0 taken")
                }
                word == "QUIT" -> {
                    say("221 bye")
                    socket.close()
                    return
                }
                else -> say("250 ok")
            }
        }
    }

    override fun close() {
        gate?.countDown()
        server.close()
    }
}

private fun InputStream.line(): String? {
    val text = StringBuilder()
    while (true) {
        val byte = read()
        if (byte < 0) return null
        if (byte == '\n'.code) return text.toString().removeSuffix("\r")
        text.append(byte.toChar())
    }
}

/** A client on the host; without a verdict of the scanner PHI is presumed. */
fun Host.client(
    transport: Smtp = transport(),
    storage: Storage = Storage.Memory,
    keys: Keys = Keys.ephemeral(),
    escrow: Escrow? = null,
    codeChannel: CodeChannel? = null,
): Client =
    Client(
        policy = Policy.hipaa(),
        storage = storage,
        keys = keys,
        transport = transport,
        scanner = Scanner(names = false),
        escrow = escrow,
        codeChannel = codeChannel,
    )

fun mail(
    text: String = PHI,
    to: String = "pat@mail.example",
    subject: String = "Your visit",
): Message =
    Message.compose(
        sender = "clinic@harbor.example",
        senderName = "Harbor Clinic",
        to = listOf(to),
        subject = subject,
        text = text,
    )
