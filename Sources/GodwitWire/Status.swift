/// How a request ended. The body of a response that is not `ok` is UTF-8 text for people.
package enum Status: UInt32, Hashable, Sendable, CaseIterable {
    case ok = 0
    case unknownCommand = 1
    case badRequest = 2
    case unauthenticated = 3
    case wrongPassword = 4
    case unknownRecipient = 5
    case tooLarge = 6
    /// Try again later.
    case overloaded = 7
    /// The shard is closed or the store failed.
    case unavailable = 8
    case `internal` = 9
    case conflict = 10
    /// The sync key is unknown here: start from 0.
    case resync = 11
    /// The configuration does not allow it.
    case forbidden = 12

    /// Snake case, for labels and for `godwit client --jsonl`.
    package var name: String {
        switch self {
        case .ok: "ok"
        case .unknownCommand: "unknown_command"
        case .badRequest: "bad_request"
        case .unauthenticated: "unauthenticated"
        case .wrongPassword: "wrong_password"
        case .unknownRecipient: "unknown_recipient"
        case .tooLarge: "too_large"
        case .overloaded: "overloaded"
        case .unavailable: "unavailable"
        case .internal: "internal"
        case .conflict: "conflict"
        case .resync: "resync"
        case .forbidden: "forbidden"
        }
    }

    /// Whether the same request may succeed later without any change.
    package var isTransient: Bool { self == .overloaded || self == .unavailable }
}
