import CZlib
import NIOCore

/// Raw deflate (RFC 1951) with a preset dictionary, each body on its own: no memory between bodies, so a lost one never
/// stalls another and nothing secret meets anything that others chose. One object an event loop; its two zlib contexts
/// are made when first needed and used again for every body.
package final class Compressor {
    /// Below that nothing is gained.
    private static let minimumBytes = 8
    /// 16 KiB of window hold the dictionary and a long text; the context then takes about 100 KB.
    private static let windowBits: Int32 = -14
    private static let memoryLevel: Int32 = 7
    private static let level: Int32 = 8

    private var deflater: UnsafeMutablePointer<z_stream>?
    private var inflater: UnsafeMutablePointer<z_stream>?

    package init() {}

    deinit {
        if let deflater {
            deflateEnd(deflater)
            deflater.deallocate()
        }
        if let inflater {
            inflateEnd(inflater)
            inflater.deallocate()
        }
    }

    /// The body in fewer bytes, the dictionary's number on the wire counted; nil = it does not get smaller.
    package func compress(_ body: ByteBuffer, dictionary id: UInt8) -> ByteBuffer? {
        guard body.readableBytes >= Self.minimumBytes, let dictionary = CompressionDictionary.bytes(id),
            let stream = readyDeflater(dictionary)
        else { return nil }
        let limit = body.readableBytes - 2
        var output = ByteBuffer()
        var isWhole = false
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { room in
            body.withUnsafeReadableBytes { input in
                stream.pointee.point(to: input, and: UnsafeMutableRawBufferPointer(rebasing: room[..<limit]))
                isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
                return limit - Int(stream.pointee.avail_out)
            }
        }
        stream.pointee.unpoint()
        return isWhole ? output : nil
    }

    /// The body as it was. Stops at `limit` bytes, whatever the input says.
    package func decompress(
        _ body: ByteBuffer, dictionary id: UInt8, limit: Int
    ) throws(CompressionError) -> ByteBuffer {
        guard let dictionary = CompressionDictionary.bytes(id) else { throw .unknownDictionary(id) }
        guard let stream = readyInflater(dictionary) else { throw .unavailable }
        var output = ByteBuffer()
        var result = Z_OK
        var leftover = 0
        body.withUnsafeReadableBytes { input in
            stream.pointee.point(to: input, and: UnsafeMutableRawBufferPointer(start: nil, count: 0))
            // Grows with what really comes out; one byte over the limit tells too large from just fitting.
            var step = min(limit + 1, max(256, input.count * 4))
            while result == Z_OK, output.readableBytes <= limit {
                let room = min(step, limit + 1 - output.readableBytes)
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { bytes in
                    stream.pointee.next_out = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.pointee.avail_out = UInt32(room)
                    result = CZlib.inflate(stream, Z_NO_FLUSH)
                    return room - Int(stream.pointee.avail_out)
                }
                // No progress is possible: the input is at its end without the stream's.
                if result == Z_OK, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { break }
                step *= 2
            }
            leftover = Int(stream.pointee.avail_in)
        }
        stream.pointee.unpoint()
        guard output.readableBytes <= limit else { throw .outputTooLarge(limit: limit) }
        guard result == Z_STREAM_END, leftover == 0 else { throw .corrupt }
        return output
    }

    private func readyDeflater(_ dictionary: [UInt8]) -> UnsafeMutablePointer<z_stream>? {
        if let deflater {
            guard deflateReset(deflater) == Z_OK else { return nil }
        } else {
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            let result = godwit_deflateInit2(
                stream, Self.level, Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY)
            guard result == Z_OK else {
                stream.deallocate()
                return nil
            }
            deflater = stream
        }
        guard let deflater, deflateSetDictionary(deflater, dictionary, UInt32(dictionary.count)) == Z_OK else {
            return nil
        }
        return deflater
    }

    private func readyInflater(_ dictionary: [UInt8]) -> UnsafeMutablePointer<z_stream>? {
        if let inflater {
            guard inflateReset(inflater) == Z_OK else { return nil }
        } else {
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            // The largest window: the peer is free in its choice.
            guard godwit_inflateInit2(stream, -15) == Z_OK else {
                stream.deallocate()
                return nil
            }
            inflater = stream
        }
        guard let inflater, inflateSetDictionary(inflater, dictionary, UInt32(dictionary.count)) == Z_OK else {
            return nil
        }
        return inflater
    }
}

extension z_stream {
    /// zlib's input pointer is not const in its type, but it only reads.
    fileprivate mutating func point(to input: UnsafeRawBufferPointer, and output: UnsafeMutableRawBufferPointer) {
        next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        avail_in = UInt32(input.count)
        next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        avail_out = UInt32(output.count)
    }

    /// No pointer stays behind once its buffer is out of scope.
    fileprivate mutating func unpoint() {
        next_in = nil
        avail_in = 0
        next_out = nil
        avail_out = 0
    }
}
