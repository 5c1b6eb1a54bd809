import GodwitWire
import NIOCore

/// The bounds and delays of one session.
package struct SessionConfiguration: Sendable {
    /// Messages that wait for the peer's acknowledgement, sent or not.
    package var maximumUnacknowledgedMessages = 2_048
    /// Their bodies' bytes.
    package var maximumUnacknowledgedBytes = 8 << 20
    /// One body. Its envelope adds at most `Session.maximumOverhead` bytes to it.
    package var maximumBodyBytes = Envelope.maximumBytes - Session.maximumOverhead
    /// The body of an unreliable datagram, which must fit into one packet of 1,200 bytes beside an acknowledgement.
    package var maximumDatagramBytes = 1_100
    /// Requests that the peer has taken but not answered. The oldest is given up beyond that.
    package var maximumUnansweredRequests = 4_096
    /// How long an acknowledgement waits for a message that it can ride on. Nothing waits for it meanwhile: after a
    /// resume both ends tell exactly what they have, so it only bounds how long the peer keeps its copy.
    package var acknowledgementDelay = TimeAmount.seconds(1)
    /// An acknowledgement goes at once when so many messages wait for it,
    package var acknowledgementMessages = 32
    /// or so many bytes of bodies.
    package var acknowledgementBytes = 256 << 10

    package init() {}
}
