import IMMessages
import IMSync
import ShardedStore

/// Why a request is not done: a status for the program and a text for people.
struct Refusal: Error, Equatable {
    let status: IMStatus
    let text: String

    init(_ status: IMStatus, _ text: String) {
        self.status = status
        self.text = text
    }

    static let malformed = Refusal(.badRequest, "the body is not the protobuf message of this command")
    static let loginFirst = Refusal(.unauthenticated, "log in first")
    static let loginAgain = Refusal(
        .unauthenticated, "the token is not valid any more; log in with the name and the password")
    static let wrongPassword = Refusal(.wrongPassword, "the name or the password is wrong")
    static let overloaded = Refusal(.overloaded, "the server has too much to do; try again in a few seconds")
    static let unavailable = Refusal(
        .unavailable, "the storage of this user or of the recipient has failed; try again later with the same id")
    static let stopping = Refusal(.unavailable, "the server is stopping; try again in a few seconds")
    static let `internal` = Refusal(.internal, "the server met a damaged record; its operator finds more in the log")

    /// A transaction that did not happen.
    init(_ error: StoreError) {
        switch error {
        case .overloaded: self = .overloaded
        case .body(let error as Refusal): self = error
        case .body(let error as SyncError):
            if case .store(let inner) = error { self.init(inner) } else { self = .internal }
        case .body: self = .internal
        default: self = .unavailable
        }
    }

    /// For the failure of a result.
    init<Value>(_ result: Result<Value, StoreError>) {
        if case .failure(let error) = result { self.init(error) } else { self = .internal }
    }
}
