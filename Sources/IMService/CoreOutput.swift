import IMRouting

/// What the core wants done. Each request gets exactly one `reply`.
package enum CoreOutput: Sendable {
    /// `status` and the commands are numbered in `docs/im.proto`. The body of a reply that is not ok is text for people.
    /// `authenticated` is set by a login that succeeded: from here on it is the session's principal, and the session
    /// is attached already.
    case reply(RequestOrigin, status: UInt32, body: [UInt8], authenticated: Principal?)
    case push(SessionAddress, command: UInt32, body: [UInt8])
    /// The session has no principal any more: its device logged out, perhaps on another session.
    case loggedOut(SessionAddress)
}
