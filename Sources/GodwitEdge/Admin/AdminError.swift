import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why the admin pages cannot be served.
package enum AdminError: Error, Equatable, CustomStringConvertible {
    case addressInUse(HostPort)
    case addressNotAvailable(HostPort)
    case permissionDenied(HostPort)
    case cannotListen(HostPort, reason: String)

    init(binding address: HostPort, _ error: any Error) {
        guard let failure = error as? IOError else {
            self = .cannotListen(address, reason: "\(error)")
            return
        }
        switch failure.errnoCode {
        case EADDRINUSE: self = .addressInUse(address)
        case EADDRNOTAVAIL: self = .addressNotAvailable(address)
        case EACCES, EPERM: self = .permissionDenied(address)
        default: self = .cannotListen(address, reason: failure.description)
        }
    }

    package var description: String {
        switch self {
        case .addressInUse(let address):
            "admin address \(address) is in use; choose another with --admin HOST:PORT"
        case .addressNotAvailable(let address):
            "admin address \(address) is not an address of this machine; choose another with --admin HOST:PORT"
        case .permissionDenied(let address):
            "admin address \(address) needs privileges; choose a port above 1023 with --admin HOST:PORT"
        case .cannotListen(let address, let reason):
            "cannot listen on admin address \(address): \(reason); choose another with --admin HOST:PORT"
        }
    }
}
