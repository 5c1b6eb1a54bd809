import IMRouting

/// Where a request came from, and so where its reply goes.
package struct RequestOrigin: Hashable, Sendable {
    package let session: SessionAddress
    /// The request's number in its session.
    package let sequence: UInt64
    /// Who is logged in on the session; nil before login.
    package let principal: Principal?

    package init(session: SessionAddress, sequence: UInt64, principal: Principal?) {
        self.session = session
        self.sequence = sequence
        self.principal = principal
    }
}
