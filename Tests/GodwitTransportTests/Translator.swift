import GodwitWire
import NIOCore

/// A network address translator in front of a client (RFC 4787): a binding lives for a while after the last datagram from inside, and
/// nothing gets in without one.
struct Translator {
    let bindingLife: TimeAmount
    /// Whether a new binding gets the port of the old one, so that the server notices nothing.
    var keepsPort = false
    private var lastOut = NIODeadline.distantPast
    /// How long there was no binding, so far.
    private(set) var deafTime = TimeAmount.zero

    init(bindingLife: TimeAmount, keepsPort: Bool) {
        self.bindingLife = bindingLife
        self.keepsPort = keepsPort
    }

    mutating func passOut(_ outside: inout Address, now: NIODeadline) {
        if lastOut != .distantPast, !letsIn(now: now) {
            deafTime = deafTime + (now - (lastOut + bindingLife))
            if !keepsPort { outside = Address(high: outside.high, low: outside.low, port: outside.port &+ 1) }
        }
        lastOut = now
    }

    func letsIn(now: NIODeadline) -> Bool { now <= lastOut + bindingLife }
}
