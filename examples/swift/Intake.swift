// A patient filled in a form on the tablet in the waiting room: send it to the
// practice, protected as the policy asks.
import Foundation
import Mailseal

/// What the patient filled in.
struct Intake {
    let name: String
    let birthDate: String
    let complaints: String
    /// An identifier of the form's own, which says nothing of the patient.
    let id: String
}

/// Sends a form, and says in words that may be logged what became of it. A form
/// that was sent is not sent again: its id is the idempotency key.
func send(_ intake: Intake, to practice: String, with client: Client) async throws -> String {
    let message = try Message.compose(
        fields: Fields(
            sender: Phi("tablet@harbor.example"),
            to: [Phi(practice)],
            // The subject says nothing of the patient.
            subject: Phi("A new intake form"),
            text: Phi("\(intake.name), born \(intake.birthDate)\n\n\(intake.complaints)\n")
        )
    )
    let plan = try await client.plan(
        message: message,
        marks: Marks(declare: .phi, idempotencyKey: intake.id),
        circumstances: Circumstances()
    )
    switch try plan.recipients()[0].decision {
    case .refuse(_, _, let reasons):
        return "\(intake.id): not sent: \(reasons.last?.text ?? "refused")"
    case .send(let chosen, _, _, _):
        let outcome = try await client.send(plan: plan).outcomes[0]
        return "\(intake.id): \(outcome.status) by \(chosen.route)"
    }
}

@main
struct Program {
    static func main() async throws {
        let folder = FileManager.default.urls(
            for: .applicationSupportDirectory, in: .userDomainMask)[0]
        let client = try Client(
            policy: Policy.hipaa(),
            storage: .sqlite(path: folder.appendingPathComponent("mailseal.db").path),
            keys: Keys.file(path: folder.appendingPathComponent("mailseal.key").path),
            transport: Smtp.relay(
                url: "smtps://tablet@mail.harbor.example", onward: .authenticated,
                password: Secret(ProcessInfo.processInfo.environment["RELAY_PASSWORD"] ?? "")
            )
        )
        defer { client.shut(within: 10) }
        do {
            _ = try await client.deliverDue()
            let intake = Intake(
                name: "Pat Lindqvist", birthDate: "1961-04-02",
                complaints: "Palpitations since Monday.", id: UUID().uuidString)
            print(try await send(intake, to: "practice@harbor.example", with: client))
        } catch let error as MailsealError {
            // Its text holds nothing of the mail.
            print("\(error.code): \(error.details.text)")
        }
    }
}
