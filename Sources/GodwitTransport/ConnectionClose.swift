import GodwitWire
import NIOCore

/// The end of a connection after a CLOSE was sent or received (RFC 9000 §10.2).
struct ConnectionClose {
    /// What we tell the peer; nil when the peer told us.
    let frame: CloseFrame?
    /// Late packets have died out.
    let deadline: NIODeadline
    private(set) var isDue: Bool
    private var heard = 0
    private var nextAnswer = 1

    init(frame: CloseFrame?, deadline: NIODeadline) {
        self.frame = frame
        self.deadline = deadline
        isDue = frame != nil
    }

    /// The peer still talks: tell it again, after its 1st, 2nd, 4th, ... datagram.
    mutating func heardDatagram() {
        guard frame != nil else { return }
        heard += 1
        guard heard >= nextAnswer else { return }
        nextAnswer = min(nextAnswer * 2, 1 << 20)
        heard = 0
        isDue = true
    }

    mutating func sent() { isDue = false }
}
