package org.mailseal

/**
 * Why a call failed: a class for each kind of error, to branch on.
 *
 * The message says what is wrong and what to do. Nothing in it comes from a
 * mail: it may be logged.
 */
sealed class MailsealException(details: ErrorDetails) : Exception(details.text) {
    /** A stable code, `room.what`, for logs and programs. */
    val code: String = details.code

    /** Whether the same call may succeed later without anybody's help. */
    val retryable: Boolean = details.retryable

    /** The ids of the recipients that it is about, where it is about some of them. */
    val recipients: List<Int> = details.recipients

    /** The id of the earlier call that stands in the way, where there is one. */
    val receipt: String? = details.receipt

    /** What the caller gave is not what it should be: an address, a message. */
    class Input internal constructor(details: ErrorDetails) : MailsealException(details)

    /** The configuration is not usable: policy, transport, keys. */
    class Config internal constructor(details: ErrorDetails) : MailsealException(details)

    /** The policy does not allow what was asked. */
    class Policy internal constructor(details: ErrorDetails) : MailsealException(details)

    /** The store failed. */
    class Storage internal constructor(details: ErrorDetails) : MailsealException(details)

    /** A pickup was refused. */
    class Pickup internal constructor(details: ErrorDetails) : MailsealException(details)

    /** The audit log does not verify, or could not be written. */
    class Audit internal constructor(details: ErrorDetails) : MailsealException(details)

    /** The call does not fit what happened before: a plan used twice, a closed client. */
    class Conflict internal constructor(details: ErrorDetails) : MailsealException(details)

    /** This build or this client cannot do it. */
    class Unsupported internal constructor(details: ErrorDetails) : MailsealException(details)
}

internal fun translated(error: NativeException): MailsealException =
    when (error) {
        is NativeException.Input -> MailsealException.Input(error.details)
        is NativeException.Config -> MailsealException.Config(error.details)
        is NativeException.Policy -> MailsealException.Policy(error.details)
        is NativeException.Storage -> MailsealException.Storage(error.details)
        is NativeException.Pickup -> MailsealException.Pickup(error.details)
        is NativeException.Audit -> MailsealException.Audit(error.details)
        is NativeException.Conflict -> MailsealException.Conflict(error.details)
        is NativeException.Unsupported -> MailsealException.Unsupported(error.details)
    }

/** Calls the native part; its exceptions become the package's. */
internal inline fun <T> calling(call: () -> T): T =
    try {
        call()
    } catch (error: NativeException) {
        throw translated(error)
    }

