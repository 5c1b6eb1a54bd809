/// Why a client could not do what it was asked. The description says what to do next.
public enum ClientError: Error, Sendable, Equatable {
    /// The text is not `HOST:PORT`.
    case badServerName(String)
    /// The text is not a public-key pin.
    case badPin(String)
    /// The TLS library could not be set up.
    case security(String)
    /// No answer came within the request's time limit, over all carriers.
    case timedOut(milliseconds: Int64)
    /// The request did not reach the server within its deadline, as far as is known.
    case late(milliseconds: Int64)
    /// The request was cancelled; whether the server has it is not known.
    case cancelled
    /// The message is larger than the protocol carries.
    case tooLarge(bytes: Int, limit: Int)
    /// Too much is waiting for the network already.
    case queueFull
    /// The server lost the session before it answered; whether it acted on the request is not known.
    case sessionReplaced
    /// The client was shut down.
    case closed
}

extension ClientError: CustomStringConvertible {
    /// The error for people, with what to do next.
    public var description: String {
        switch self {
        case .badServerName(let text):
            "'\(text)' is not a server address: write HOST:PORT, for example 127.0.0.1:7400 or [::1]:7400"
        case .badPin(let text):
            "'\(text)' is not a public-key pin: 'godwit pin --data DIR' on the server prints it"
        case .security(let reason): "TLS could not be set up: \(reason)"
        case .timedOut(let milliseconds):
            "no answer within \(milliseconds) ms: the network or the server is down; try again or give a longer timeout"
        case .late(let milliseconds):
            "it did not reach the server within \(milliseconds) ms: too late to be of use, as the caller said"
        case .cancelled: "cancelled before an answer came"
        case .tooLarge(let bytes, let limit): "the message has \(bytes) bytes; the limit is \(limit)"
        case .queueFull: "too much is waiting for the network; wait for earlier messages to be answered"
        case .sessionReplaced: "the server restarted before it answered: ask again"
        case .closed: "the client is closed"
        }
    }
}
