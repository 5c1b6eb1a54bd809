import GodwitClient
import NIOCore

/// A chat message as this user's timeline has it.
public struct ChatMessage: Sendable, Equatable {
    /// Who sent it.
    public var from: String
    /// Whom it was sent to.
    public var to: String
    /// The text.
    public var body: String
    /// Its place in this user's timeline.
    public var seq: UInt64
    /// The server's name for it; larger for later messages of one sender.
    public var serverID: UInt64
    /// When the server stored it, in milliseconds since 1970.
    public var timeMilliseconds: Int64
    /// The sender's name for it; empty in messages of others.
    public var id: String

    /// A message.
    public init(
        from: String, to: String, body: String, seq: UInt64, serverID: UInt64, timeMilliseconds: Int64, id: String
    ) {
        self.from = from
        self.to = to
        self.body = body
        self.seq = seq
        self.serverID = serverID
        self.timeMilliseconds = timeMilliseconds
        self.id = id
    }

    /// The other side of the conversation, as `user` sees it.
    public func peer(of user: String) -> String { from == user ? to : from }
}

/// How far a message of ours has come.
public enum DeliveryMark: String, Sendable {
    /// It waits here for the network.
    case queued
    /// It is on the server's disk.
    case sent
    /// The recipient has read it.
    case read
}

/// A message in a conversation's history.
public struct HistoryEntry: Sendable, Equatable {
    /// The message; `seq` and `serverID` are 0 while it is queued.
    public var message: ChatMessage
    /// For messages of ours, how far they have come; nil for those of others.
    public var mark: DeliveryMark?
}

/// The server's receipt for a message of ours: it is on disk there.
public struct SentReceipt: Sendable, Equatable {
    /// Our name for the message.
    public var id: String
    /// The recipient.
    public var to: String
    /// The server's name for the message.
    public var serverID: UInt64
    /// Its place in our own timeline.
    public var seq: UInt64
    /// When the server stored it, in milliseconds since 1970.
    public var timeMilliseconds: Int64
    /// From `send` to the receipt; nil when the message was queued by an earlier process.
    public var latency: TimeAmount?

    /// A receipt.
    public init(
        id: String, to: String, serverID: UInt64, seq: UInt64, timeMilliseconds: Int64, latency: TimeAmount?
    ) {
        self.id = id
        self.to = to
        self.serverID = serverID
        self.seq = seq
        self.timeMilliseconds = timeMilliseconds
        self.latency = latency
    }
}

/// What a messaging client reports, in order.
public enum IMClientEvent: Sendable {
    /// The connection changed.
    case connection(ConnectionStatus)
    /// Something stands in the way of the connection.
    case problem(ClientProblem)
    /// Logged in by request.
    case loggedIn(user: String, device: String, created: Bool)
    /// The login was refused. Messages stay queued.
    case loginFailed(IMClientError)
    /// A message of ours is in the outbox, and on disk if there is a state directory.
    case queued(id: String, to: String)
    /// A message of ours is on the server's disk.
    case sent(SentReceipt)
    /// A message of ours was refused for good.
    case failed(id: String, IMClientError)
    /// A message for us, or one of ours from another device.
    case message(ChatMessage)
    /// `peer` has read our messages up to this server id.
    case read(peer: String, upToServerID: UInt64)
    /// The timeline is complete up to this place.
    case synced(seq: UInt64)
    /// An unreliable datagram from the server.
    case datagram(command: UInt32, body: ByteBuffer)
    /// The state directory failed; messages are not safe against a restart any more.
    case storageFailed(String)
}
