/// The bounds of tunnels that both ends know.
package enum TunnelLimits {
    /// Bytes that each end may send before it has got any credit. Part of the protocol.
    package static let initialWindow = 64 << 10
    /// Bytes in one DATA frame: small, so that tunnels take turns in the session's queue.
    package static let frameBytes = 8 << 10
    /// Bytes read from a program that wait for credit, beyond which no more is read. A read that was under way adds to it, and when the
    /// program closes its connection, NIO reads at once what the kernel still holds: `kernelBytes` at most.
    package static let unsentBytes = 64 << 10
    /// SO_RCVBUF of the programs' and targets' sockets; Linux doubles it.
    package static let kernelBytes = 128 << 10
    /// Messages in the session's queue at which tunnels wait, whatever their size. Far below the queue's own bounds and below
    /// the mark at which the edge drops pushes, so that tunnels never push other messages out.
    package static let backlogMessages = 256
}
