package org.mailseal

import java.nio.file.Path
import kotlin.io.path.pathString

/** What is asked of every message. */
class Policy private constructor(internal val native: NativePolicy) {
    override fun toString(): String = "Policy(...)"

    companion object {
        /** PHI over authenticated TLS, sealed, or by pickup; 45 CFR 164.312(e). */
        fun hipaa(): Policy = Policy(NativePolicy.hipaa())

        /** PHI over TLS that the domain itself vouches for, sealed, or by pickup. */
        fun strict(): Policy = Policy(NativePolicy.strict())

        /** TLS or nothing. */
        fun tlsExclusive(): Policy = Policy(NativePolicy.tlsExclusive())

        /** Reads a policy from TOML; an error names line and key. */
        fun fromToml(text: String): Policy = calling { Policy(NativePolicy.fromToml(text)) }
    }
}

/** The key under which everything at rest is wrapped. */
class Keys private constructor(internal val native: NativeKeys) {
    override fun toString(): String = "Keys(***)"

    companion object {
        /**
         * Reads the key file, or makes one (mode 0600) where there is none. Keep it
         * elsewhere than the database.
         */
        fun file(path: String): Keys = calling { Keys(NativeKeys.file(path)) }

        /** The same. */
        fun file(path: Path): Keys = file(path.pathString)

        /** From 32 bytes that the host keeps (a KMS, the Android keystore). */
        fun fromBytes(root: ByteArray): Keys = calling { Keys(NativeKeys.fromBytes(root)) }

        /** A key that lives as long as this value: for tests and trials. */
        fun ephemeral(): Keys = Keys(NativeKeys.ephemeral())
    }
}

/** How messages leave. */
class Smtp private constructor(internal val native: NativeSmtp, private val way: String) {
    override fun toString(): String = "Smtp($way)"

    companion object {
        /**
         * By a relay: `smtps://user@host[:465]` or `smtp://user@host[:587]` with
         * STARTTLS. Its certificate must be valid for its name.
         *
         * [onward] is what the relay's operator declares for the way behind it;
         * [password] or an OAuth 2.0 [token] is the user's; [roots] is PEM of the
         * only authorities to trust.
         */
        fun relay(
            url: String,
            onward: TlsAssurance? = null,
            requiretls: Boolean = false,
            password: Secret? = null,
            token: Secret? = null,
            roots: String? = null,
            ehloName: String? = null,
            network: Network? = null,
        ): Smtp =
            calling {
                val native =
                    NativeSmtp.relay(url, onward, requiretls, password, token, roots, ehloName, network)
                Smtp(native, "relay")
            }

        /**
         * Straight to the recipients' mail hosts. [ehloName] is this host's name as
         * the world sees it. The client needs a [Discovery] then.
         */
        fun direct(
            ehloName: String,
            network: Network? = null,
        ): Smtp = calling { Smtp(NativeSmtp.direct(ehloName, network), "direct") }
    }
}

/** How to find out what a domain's mail hosts can receive. Behind a relay it is not asked. */
class Discovery private constructor(internal val native: NativeDiscovery, private val kind: String) {
    override fun toString(): String = "Discovery($kind)"

    companion object {
        /**
         * Asks DNS, policy hosts and mail hosts, as [ehloName]. [cache] is a SQLite
         * file of its own in which what was learnt survives a restart.
         */
        fun live(
            ehloName: String,
            network: Network? = null,
            cache: String? = null,
        ): Discovery = calling { Discovery(NativeDiscovery.live(ehloName, network, cache), "live") }

        /** What the host itself says of domains, as JSON; a domain that is not named is unknown. */
        fun fixed(json: String): Discovery = calling { Discovery(NativeDiscovery.fixed(json), "fixed") }
    }
}

/** A sealed route: recipients' certificates, and the keys that sign. */
class Sealer private constructor(internal val native: NativeSealer, private val kind: String) {
    override fun toString(): String = "Sealer($kind)"

    companion object {
        /**
         * OpenPGP. [certificates] is a folder of files named `<address>.asc` or `.pgp`;
         * first ones are pinned there. [identities] sign for their senders.
         */
        fun pgp(
            certificates: Path,
            identities: List<SigningKey> = emptyList(),
        ): Sealer = calling { Sealer(NativeSealer.pgp(certificates.pathString, identities), "pgp") }

        /**
         * S/MIME. [certificates] is a folder of files named `<address>.pem`, `.crt` or
         * `.cer`; first ones are pinned there. [identities] sign for their senders,
         * [anchors] is PEM of the authorities that vouch for certificates.
         */
        fun smime(
            certificates: Path,
            identities: List<SigningKey> = emptyList(),
            anchors: String? = null,
        ): Sealer =
            calling { Sealer(NativeSealer.smime(certificates.pathString, identities, anchors), "smime") }
    }
}

/**
 * Sends pickup codes by SMS or voice. The text must hold nothing but the code and
 * the organisation's name.
 *
 * It may be called from any thread, by several messages at a time. What it throws
 * counts as not sent, and so does what takes longer than a minute: the sender gets
 * the code instead. Nothing of the exception is kept.
 */
fun interface CodeChannel {
    /** Sends [code] to [phone]. */
    suspend fun sendCode(
        phone: Phi,
        code: Secret,
    )
}

/** An [Error] too must end the call: whoever waits for it would wait for ever. */
internal class GuardedChannel(private val channel: CodeChannel) : NativeCodeChannel {
    override suspend fun sendCode(
        phone: Phi,
        code: Secret,
    ) {
        try {
            channel.sendCode(phone, code)
        } catch (_: Throwable) {
            throw NativeCodeChannelException.NotSent()
        }
    }
}
