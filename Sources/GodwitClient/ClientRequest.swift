import NIOCore

/// A question to the server, as the layers above the client hand it over.
package struct ClientRequest: Sendable {
    package var command: UInt32
    package var body: ByteBuffer
    /// Requests of one lane reach the server in the order of sending; other lanes do not wait for them.
    package var lane: UInt64?
    /// How long to wait for the answer; nil for as long as it takes.
    package var timeout: TimeAmount?
    package var replay: ReplayPolicy
    /// Nil for what is usual for the command and the size.
    package var urgency: RequestUrgency?
    /// How long it may take to reach the server before it is given up; nil for as long as it takes.
    package var deadline: TimeAmount?
    /// To cancel it by, from `GodwitClient.makeRequestName()`.
    package var name: UInt64?

    package init(
        command: UInt32, body: ByteBuffer, lane: UInt64? = nil, timeout: TimeAmount?, replay: ReplayPolicy,
        urgency: RequestUrgency? = nil, deadline: TimeAmount? = nil, name: UInt64? = nil
    ) {
        self.command = command
        self.body = body
        self.lane = lane
        self.timeout = timeout
        self.replay = replay
        self.urgency = urgency
        self.deadline = deadline
        self.name = name
    }
}
