import GodwitWire
import NIOCore

/// What an OPEN came to.
package enum Resumption: String, Hashable, Sendable, CaseIterable {
    /// A new session: log in again. Unacknowledged requests and pushes are sent again on their own, with the same ids.
    case new
    /// Everything goes on where it stopped.
    case resumed
    /// The session is the old one (its login holds), but its numbering started again because the client process is
    /// another one: what was on its way to the server in the old process must be sent again by the application.
    case restarted
}

package enum SessionEvent: Hashable, Sendable {
    /// Client: the server has answered OPEN. The ticket is to be kept where the next process finds it.
    case opened(Resumption, ticket: SessionTicket)
    case message(IncomingMessage)
    /// An unreliable datagram, at most once, in no particular order.
    case datagram(command: UInt32, body: ByteBuffer)
    /// The peer has the message; its copy here is gone.
    case acknowledged(LocalID)
    /// No response will come, or the message was not delivered: see the reason.
    case abandoned(LocalID, AbandonReason)
    /// The answer to `Session.ping`.
    case pong(roundTrip: TimeAmount)
    /// Client: the server refused OPEN; close the carrier. `retryAfter` is 0 when the server named no time.
    case rejected(RejectedEnvelope.Reason, retryAfter: TimeAmount, text: String)
    /// The peer ended the session: the ticket is void.
    case closed(code: UInt64, text: String)
}

package enum AbandonReason: String, Hashable, Sendable, CaseIterable {
    /// The peer took the request, then the session was lost or restarted: whether it was carried out is unknown.
    /// Ask again with the same idempotency key.
    case sessionReplaced
    /// More requests were unanswered than `maximumUnansweredRequests`; this was the oldest.
    case tooManyUnanswered
    /// Its deadline has passed before it was known to have arrived. It may have arrived all the same.
    case late
}
