import NIOCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Why the kernel did not take a batch, where it might have taken its datagrams one by one.
package enum BatchRefusal: Sendable {
    /// Each is too long for the interface as it is now; the socket goes on.
    case tooLong
    /// NIO closes the socket over it. EIO: the interface computes no checksums. EINVAL: the socket has them off, or, before Linux 6.14, a
    /// datagram is too long.
    case socketClosed

    /// nil for a failure that a single datagram would have met as well.
    package init?(_ error: any Error) {
        switch error {
        case ChannelError.writeMessageTooLarge: self = .tooLong
        case let error as IOError where [EIO, EINVAL, EOPNOTSUPP].contains(error.errnoCode): self = .socketClosed
        default: return nil
        }
    }
}
