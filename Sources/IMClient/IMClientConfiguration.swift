import GodwitClient
import NIOCore

/// What a messaging client needs to know.
public struct IMClientConfiguration: Sendable {
    /// The connection.
    public var connection: ClientConfiguration
    /// Where session, login, unsent messages and history are kept; nil keeps them in memory only, under a new device
    /// name. One process at a time may use a directory.
    public var stateDirectory: String?
    /// Messages under way to the server at a time.
    public var maximumInFlight = 64
    /// Messages waiting to be sent, at most.
    public var maximumOutbox = 10_000
    /// How many messages of each conversation are kept in memory.
    public var recentMessages = 500

    /// A client on `connection`, with its state in `stateDirectory`.
    public init(connection: ClientConfiguration, stateDirectory: String? = nil) {
        self.connection = connection
        self.stateDirectory = stateDirectory
    }
}
