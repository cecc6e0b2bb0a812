import XCTest

@testable import Mailseal

final class MailsealTests: XCTestCase {
    private func client() throws -> Client {
        try Client(
            policy: Policy.hipaa(),
            storage: .memory,
            keys: Keys.ephemeral(),
            transport: Smtp.relay(url: "smtp://relay.invalid", onward: .authenticated)
        )
    }

    private func message() throws -> Message {
        try Message.compose(
            fields: Fields(
                sender: Phi("clinic@harbor.example"),
                to: [Phi("pat@mail.example")],
                subject: Phi("Your visit"),
                text: Phi("Your Medicare number is 1EG4-TE5-MK73. Your potassium was high.")
            )
        )
    }

    func testPlanSaysHowItWouldGo() async throws {
        let plan = try await client().plan(
            message: message(), marks: Marks(), circumstances: Circumstances())
        XCTAssertEqual(try plan.sensitivity(), .phi)
        guard case .send(let chosen, _, _, _) = try plan.recipients()[0].decision else {
            return XCTFail("refused")
        }
        XCTAssertEqual(chosen.route, .tls)
        XCTAssertFalse(plan.explain(show: .index).contains("pat@"))
    }

    func testScanFindsAndDoesNotShow() throws {
        let found = try Scanner().scan(message: Message.fromText(text: Phi("SSN 219-09-9998")))
        let item = try XCTUnwrap(found.items.first { $0.kind == .ssn })
        XCTAssertEqual(item.text.expose(), "219-09-9998")
        var dumped = ""
        dump(found, to: &dumped)
        XCTAssertFalse(dumped.contains("219-09"))
        XCTAssertFalse("\(found)".contains("219-09"))
    }

    func testClosedClientSaysSo() async throws {
        let client = try client()
        client.shut(within: 0)
        client.shut(within: 0)
        do {
            _ = try await client.unresolved()
            XCTFail("it answered")
        } catch let error as MailsealError {
            XCTAssertEqual(error.code, "client.closed")
            XCTAssertFalse(error.retryable)
        }
    }

    func testErrorsHaveCodes() {
        XCTAssertThrowsError(try Message.parse(raw: Data("To: a@b.example\r\n\r\n".utf8))) { error in
            XCTAssertEqual((error as? MailsealError)?.code, "compose.missing_header")
        }
    }
}
