import GodwitClient

/// Why a messaging request failed. The description says what to do next.
public enum IMClientError: Error, Sendable, Equatable {
    /// The operation needs a login.
    case notLoggedIn
    /// The password is wrong, or the user does not exist.
    case wrongPassword(String)
    /// The token is expired or revoked.
    case loginExpired
    /// The state directory belongs to another user.
    case otherUser(stateOf: String, wanted: String)
    /// There is no such user.
    case unknownRecipient(String)
    /// The text is over the limit.
    case tooLarge(bytes: Int, limit: Int)
    /// A text must have at least one byte.
    case emptyBody
    /// A client message id has 1 to 64 bytes.
    case badMessageID(String)
    /// Too many messages wait to be sent.
    case outboxFull(limit: Int)
    /// The server refused; its words.
    case refused(status: UInt32, String)
    /// The connection's error.
    case connection(ClientError)
    /// The state directory cannot be used.
    case storage(String)
}

extension IMClientError: CustomStringConvertible {
    /// The error for people, with what to do next.
    public var description: String {
        switch self {
        case .notLoggedIn: "not logged in: log in first"
        case .wrongPassword(let text):
            text.isEmpty ? "wrong password: try again with the password of this account" : text
        case .loginExpired: "the saved login has expired or was revoked: log in with the password again"
        case .otherUser(let owner, let wanted):
            "the state directory belongs to '\(owner)': use another one for '\(wanted)'"
        case .unknownRecipient(let text): text
        case .tooLarge(let bytes, let limit): "the text has \(bytes) bytes, the limit is \(limit): send it in parts"
        case .emptyBody: "the text is empty: write something"
        case .badMessageID(let id): "the message id '\(id.prefix(80))' must have 1 to 64 bytes"
        case .outboxFull(let limit): "\(limit) messages wait for the network already: send again when some have gone"
        case .refused(let status, let text): text.isEmpty ? "the server refused (status \(status))" : text
        case .connection(let error): error.description
        case .storage(let text): text
        }
    }
}
