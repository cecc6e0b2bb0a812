import Foundation

// What the Kotlin part wraps has these names below; here they are the API itself.
public typealias Attachment = NativeAttachment
public typealias Circumstances = NativeCircumstances
public typealias Client = NativeClient
public typealias CodeChannel = NativeCodeChannel
public typealias CodeChannelError = NativeCodeChannelError
public typealias Discovery = NativeDiscovery
public typealias Fields = NativeFields
public typealias Header = NativeHeader
public typealias Keys = NativeKeys
public typealias MailsealError = NativeError
public typealias Marks = NativeMarks
public typealias Message = NativeMessage
public typealias Plan = NativePlan
public typealias Policy = NativePolicy
public typealias Scanner = NativeScanner
public typealias Sealer = NativeSealer
public typealias Smtp = NativeSmtp

/// Text that is, or may hold, protected health information.
///
/// Neither `print` nor `dump` nor string interpolation shows it. `expose()` gives
/// the clear text: each call is a place that a reviewer can find.
public struct Phi: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let text: String

    /// Protects a text of the caller's own.
    public init(_ text: String) { self.text = text }

    /// The clear text. What is done with it is the caller's responsibility.
    public func expose() -> String { text }

    public var description: String { "Phi(***)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A passcode, password or token, shown on request only.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let text: String

    /// Protects a secret of the caller's own.
    public init(_ text: String) { self.text = text }

    /// The clear text. What is done with it is the caller's responsibility.
    public func expose() -> String { text }

    public var description: String { "Secret(***)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The bytes of a message, shown on request only.
public struct PhiBytes: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let bytes: Data

    /// Protects bytes of the caller's own.
    public init(_ bytes: Data) { self.bytes = bytes }

    /// The bytes themselves.
    public func expose() -> Data { bytes }

    public var description: String { "PhiBytes(\(bytes.count) bytes)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension MailsealError: LocalizedError {
    /// Code, text and the rest. Nothing in it comes from a mail.
    public var details: ErrorDetails {
        switch self {
        case .Input(let details), .Config(let details), .Policy(let details),
            .Storage(let details), .Pickup(let details), .Audit(let details),
            .Conflict(let details), .Unsupported(let details):
            return details
        }
    }

    /// A stable code, `room.what`, for logs and programs.
    public var code: String { details.code }

    /// Whether the same call may succeed later without anybody's help.
    public var retryable: Bool { details.retryable }

    public var errorDescription: String? { details.text }
}
