import Glibc

/// Lines of text over a stream socket, each ended by a newline.
struct SocketLines {
    private let socket: Int32
    private var received: [UInt8] = []

    init(_ socket: Int32) { self.socket = socket }

    /// The next line; nil at the end, after a time limit of the socket, or when it is longer than `limit` bytes.
    mutating func next(limit: Int) -> String? {
        while true {
            if let end = received.firstIndex(of: 0x0a) {
                defer { received.removeSubrange(...end) }
                return String(validating: received[..<end], as: UTF8.self)
            }
            guard received.count <= limit else { return nil }
            var piece = [UInt8](repeating: 0, count: 1_024)
            let count = recv(socket, &piece, piece.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            received += piece[..<count]
        }
    }

    /// False when nobody listens any more.
    func send(_ line: String) -> Bool {
        var rest = Array((line.split(separator: "\n").joined(separator: " ") + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Addresses of UNIX sockets.
enum UnixAddress {
    /// Calls `body` with the address of a socket in a directory. An address holds 107 bytes and a data directory's path may be
    /// longer, so it leads through the directory's descriptor.
    static func with(
        directory: String, name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(descriptor)/\(name)".utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
