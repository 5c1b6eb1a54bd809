import GodwitWire
import NIOCore

/// The linear code of REPAIR frames. Coefficients form a Cauchy matrix: row `index`, column the symbol's number modulo 128. Each of its
/// square parts can be inverted, so any n repair symbols of a window stand in for any n symbols that it lost; no generator to agree on.
enum RepairCode {
    static func coefficient(index: UInt8, symbol: Int) -> UInt8 {
        // The top bit is set in one and not in the other: never 0.
        GaloisField.inverse((index & 0x7f) ^ (0x80 | UInt8(truncatingIfNeeded: symbol & 0x7f)))
    }

    /// How many symbols a message is.
    static func symbolCount(messageBytes: Int, symbolBytes: Int) -> Int {
        (messageBytes + symbolBytes - 1) / symbolBytes
    }

    /// The sum over a window of a message's symbols, appended to a packet.
    static func writeSymbol(
        of message: ByteBufferView, symbolBytes: Int, window: Range<Int>, index: UInt8, into packet: inout ByteBuffer
    ) {
        let start = packet.writerIndex
        packet.writeRepeatingByte(0, count: symbolBytes)
        packet.withUnsafeMutableReadableBytesAndOffset(from: start) { target in
            message.withUnsafeBytes { bytes in
                for symbol in window {
                    let low = symbol * symbolBytes
                    guard low < bytes.count else { return }
                    let source = UnsafeRawBufferPointer(rebasing: bytes[low..<min(low + symbolBytes, bytes.count)])
                    GaloisField.add(coefficient(index: index, symbol: symbol), times: source, to: target)
                }
            }
        }
    }
}

extension ByteBuffer {
    /// The readable bytes from an index on, to be changed in place.
    fileprivate mutating func withUnsafeMutableReadableBytesAndOffset(
        from index: Int, _ change: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let skipped = index - readerIndex
        withUnsafeMutableReadableBytes { bytes in
            change(UnsafeMutableRawBufferPointer(rebasing: bytes[skipped...]))
        }
    }
}
