package org.mailseal

import java.nio.file.Path
import java.security.KeyStore
import java.util.Base64
import kotlin.io.path.createDirectory
import kotlin.io.path.inputStream
import kotlin.io.path.readBytes
import kotlin.io.path.writeText
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** OpenPGP and S/MIME. */
class SealerTest {
    private fun keytool(
        store: Path,
        vararg arguments: String,
    ) {
        val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString()
        val common =
            arrayOf(
                "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "30",
                "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", "changeit",
            )
        val made = ProcessBuilder(keytool, *common, *arguments).redirectErrorStream(true).start()
        val said = made.inputStream.readAllBytes().decodeToString()
        check(made.waitFor() == 0) { said }
    }

    private fun pem(bytes: ByteArray) =
        "-----BEGIN CERTIFICATE-----\n" +
            Base64.getMimeEncoder(64, "\n".toByteArray()).encodeToString(bytes) +
            "\n-----END CERTIFICATE-----\n"

    private fun client(sealer: Sealer) =
        Client(
            policy = Policy.hipaa(),
            storage = Storage.Memory,
            keys = Keys.ephemeral(),
            transport = Smtp.relay("smtp://relay.invalid"),
            scanner = Scanner(names = false),
            sealers = listOf(sealer),
        )

    @Test
    fun `S MIME seals for whom the authority vouches`(
        @TempDir folder: Path,
    ) = runBlocking {
        val store = folder.resolve("store.p12")
        keytool(store, "-alias", "ca", "-dname", "CN=Test CA", "-ext", "bc:c=ca:true", "-ext", "ku:c=keyCertSign")
        keytool(
            store, "-alias", "pat", "-signer", "ca", "-dname", "CN=Pat", "-ext", "san=email:pat@mail.example",
            "-ext", "ku:c=digitalSignature,keyAgreement", "-ext", "eku=emailProtection",
        )
        val made = KeyStore.getInstance("PKCS12")
        store.inputStream().use { made.load(it, "changeit".toCharArray()) }
        val certificates = folder.resolve("certificates").createDirectory()
        certificates.resolve("pat@mail.example.pem").writeText(pem(made.getCertificate("pat").encoded))
        val clinic = folder.resolve("clinic.p12")
        keytool(
            clinic, "-alias", "clinic", "-dname", "CN=Clinic", "-ext", "san=email:clinic@harbor.example",
            "-ext", "ku:c=digitalSignature", "-ext", "eku=emailProtection",
        )
        val identity = SigningKey("clinic@harbor.example", clinic.readBytes(), "changeit")
        val sealer = Sealer.smime(certificates, listOf(identity), anchors = pem(made.getCertificate("ca").encoded))
        assertEquals("Sealer(smime)", sealer.toString())
        client(sealer).use { client ->
            val plan = client.plan(mail())
            assertEquals(Route.SMIME, plan.recipients.single().decision.route) { plan.explain() }
            val sealed = client.seal(plan).messages.single().content.expose().decodeToString()
            assertTrue("application/pkcs7-mime" in sealed)
            assertFalse(CANARY in sealed)
        }
    }

    @Test
    fun `what cannot be used is told and does not show`(
        @TempDir folder: Path,
    ) {
        val file = CANARY.toByteArray()
        val failures =
            listOf<() -> Any?>(
                { Sealer.pgp(folder, listOf(SigningKey("a@b.example", file, CANARY))) },
                { Sealer.smime(folder, listOf(SigningKey("a@b.example", file, CANARY))) },
                { Sealer.smime(folder, anchors = CANARY) },
                { client(Sealer.pgp(folder.resolve(CANARY))) },
            )
        for (fail in failures) {
            val error = assertThrows<MailsealException> { fail() }
            assertFalse(CANARY in error.stackTraceToString())
        }
        assertFalse(CANARY in SigningKey("$CANARY@b.example", file, CANARY).toString())
    }
}
