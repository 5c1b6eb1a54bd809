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

    package init(
        command: UInt32, body: ByteBuffer, lane: UInt64? = nil, timeout: TimeAmount?, replay: ReplayPolicy
    ) {
        self.command = command
        self.body = body
        self.lane = lane
        self.timeout = timeout
        self.replay = replay
    }
}
