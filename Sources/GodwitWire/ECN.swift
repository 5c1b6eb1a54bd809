import NIOCore

/// The two bits of an IP header with which routers tell of congestion before they drop packets (RFC 3168 §5).
package enum ECNCodepoint: UInt8, Sendable {
    case notCapable = 0
    case capable1 = 1
    case capable0 = 2
    case congestionExperienced = 3
}

/// How many packets of a number space have arrived with each mark (RFC 9000 §19.3.2).
package struct ECNCounts: Hashable, Sendable {
    package var capable0: UInt64
    package var capable1: UInt64
    package var congestionExperienced: UInt64

    package init(capable0: UInt64 = 0, capable1: UInt64 = 0, congestionExperienced: UInt64 = 0) {
        self.capable0 = capable0
        self.capable1 = capable1
        self.congestionExperienced = congestionExperienced
    }

    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        capable0 = try buffer.readVarint()
        capable1 = try buffer.readVarint()
        congestionExperienced = try buffer.readVarint()
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeVarint(capable0)
        buffer.writeVarint(capable1)
        buffer.writeVarint(congestionExperienced)
    }

    package mutating func count(_ mark: ECNCodepoint) {
        switch mark {
        case .notCapable: return
        case .capable0: capable0 += 1
        case .capable1: capable1 += 1
        case .congestionExperienced: congestionExperienced += 1
        }
    }
}
