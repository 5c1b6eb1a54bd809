import Glibc
import NIOCore

extension EdgeError {
    /// What the system said about an address to listen on, for people.
    init(binding transport: Transport, _ address: String, _ error: any Error) {
        if let error = error as? EdgeError {
            self = error
            return
        }
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            self = .addressInUse(transport, address: address)
        case EACCES, EPERM:
            self = .noPermissionToListen(transport, address: address)
        case EADDRNOTAVAIL:
            self = .cannotListen(transport, address: address, reason: "no such address on this machine")
        default:
            self = .cannotListen(transport, address: address, reason: "\(error)")
        }
    }
}
