package org.mailseal

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ScannerTest {
    private val raw = "From: a@b.example\r\nTo: c@d.example\r\n\r\nMRN 44871023\r\n".toByteArray()

    @Test
    fun `text and mail are scanned`() {
        val found = Scanner().scan("My SSN is 219-09-9998.").items.single { it.kind == FindingKind.SSN }
        assertEquals("219-09-9998", found.expose())
        assertEquals(10L to 21L, found.start to found.end)
        assertTrue(found.confidence >= Confidence.MEDIUM)
        assertTrue(Scanner().scan(raw).items.any { it.kind == FindingKind.MRN })
        assertNull(Scanner(names = false).scan("Hello.").sensitivity)
    }

    @Test
    fun `many keep their order and failures their place`() =
        runBlocking {
            val scanner = Scanner(names = false)
            val all = scanner.scanMany(listOf(raw, "x".toByteArray(), raw))
            assertEquals(listOf(true, false, true), all.map { it.isSuccess })
            assertTrue(all[1].exceptionOrNull() is MailsealException.Input)
            assertEquals(all[0], all[2])
        }

    @Test
    fun `a roster knows its patients`() {
        val keys = Keys.ephemeral()
        val patient = Patient(7, listOf(PatientName("Pat", "Lindqvist")), mrn = listOf(Phi("QX77310")))
        val roster = Scanner.buildRoster(listOf(patient), keys)
        val found = Scanner(roster = roster, keys = keys).scan("about QX77310 of Pat Lindqvist")
        assertTrue(found.items.any { Evidence.ROSTER in it.evidence })
    }

    @Test
    fun `the words are the library's`() {
        val mine =
            listOf(
                Category.entries, Cause.entries, Confidence.entries, Disclosure.entries, Evidence.entries,
                FactorLevel.entries, FindingKind.entries, Identity.entries, MisaddressedWhy.entries,
                Refusal.entries, Resolution.entries, Route.entries, Sensitivity.entries, Show.entries,
                Stage.entries, Status.entries, TlsAssurance.entries,
            ).associate { entries -> entries[0].declaringJavaClass.simpleName to entries.map { it.name.lowercase() } }
        assertEquals(words(), mine)
    }
}
