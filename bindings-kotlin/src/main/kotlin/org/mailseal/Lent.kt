package org.mailseal

import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/**
 * Keeps a native object alive while a call has it as an argument.
 *
 * The generated code counts the calls *of* an object; one that is passed to another's
 * call it does not count, so that a [close] at that moment would free what the library
 * is about to read. Here both count, and a call that comes too late is refused.
 */
internal class Lent<N : AutoCloseable>(
    private val native: N,
    private val name: String,
) : AutoCloseable {
    private val closed = AtomicBoolean()

    // One for the owner, one for each call.
    private val users = AtomicInteger(1)

    inline fun <R> use(call: (N) -> R): R {
        enter()
        try {
            return call(peek())
        } finally {
            leave()
        }
    }

    fun peek(): N = native

    fun enter() {
        val before = users.getAndUpdate { if (it == 0) 0 else it + 1 }
        if (before == 0) throw gone()
        if (closed.get()) {
            leave()
            throw gone()
        }
    }

    fun leave() {
        if (users.decrementAndGet() == 0) native.close()
    }

    override fun close() {
        if (closed.compareAndSet(false, true)) leave()
    }

    private fun gone() = IllegalStateException("the $name was closed")
}

/** The same for several. */
internal inline fun <N : AutoCloseable, R> lending(
    all: List<Lent<N>>,
    call: (List<N>) -> R,
): R {
    val entered = mutableListOf<Lent<N>>()
    try {
        for (one in all) {
            one.enter()
            entered += one
        }
        return call(all.map { it.peek() })
    } finally {
        entered.forEach { it.leave() }
    }
}
