import GodwitWire
import NIOCore

/// Datagrams that leave as one write, which the kernel parts again.
package struct DatagramBatch: Sendable {
    /// The datagrams, one behind the other.
    package let data: ByteBuffer
    package let destination: SocketAddress
    /// Of each of them.
    package let mark: ECNCodepoint
    /// The length of each but the last, which may be shorter.
    package let segmentBytes: Int
    package let count: Int

    package var datagrams: DatagramSegments { DatagramSegments(data, segmentBytes: segmentBytes) }

    /// What tells the kernel to part it; without `segmentSize` for a single datagram.
    package var metadata: AddressedEnvelope<ByteBuffer>.Metadata? {
        guard count > 1 else { return mark.metadata }
        return .init(
            ecnState: mark.metadata?.ecnState ?? .transportNotCapable, packetInfo: nil, segmentSize: segmentBytes)
    }
}

/// Joins datagrams that leave together, so that up to 64 of them go through the kernel as one (generic segmentation offload,
/// `UDP_SEGMENT` in Linux's udp(7)). Order is kept, and a datagram that stays alone is not copied.
///
///     if let ready = batcher.add(datagram, to: destination, remote: remote, mark: mark, mayJoin: true) { write(ready) }
///     if let ready = batcher.end() { write(ready) }
package struct DatagramBatcher {
    /// `UDP_MAX_SEGMENTS` of the first kernels that have it; later ones take twice as many.
    package static let datagramsMax = 64
    /// The longest UDP payload in an IPv4 packet without options: 65,535 - 20 - 8.
    package static let bytesMax = 65_507
    /// Room that a batch begins with, in datagrams: the pacer lets no more of them go at once, as a rule.
    private static let roomForDatagrams = Pacer.burst
    /// Batches that a socket holds between two flushes, as a rule.
    private static let bufferCount = 8

    /// The first datagram as it came, or the datagrams joined.
    private var data = ByteBuffer()
    private var destination: SocketAddress?
    private var remote = Address(ipv4: 0, port: 0)
    private var mark = ECNCodepoint.notCapable
    private var segmentBytes = 0
    private var count = 0
    /// Nothing goes behind a datagram that is shorter than the first, or that must stay alone.
    private var mayGrow = false
    private var buffers = DatagramBuffers(count: bufferCount)

    package init() {}

    /// - Parameters:
    ///   - remote: `destination` in the form that compares fast.
    ///   - mayJoin: false for a datagram that might be too long for the path, whose refusal must be no other's.
    /// - Returns: what must be written before it.
    package mutating func add(
        _ datagram: ByteBuffer, to destination: SocketAddress, remote: Address, mark: ECNCodepoint, mayJoin: Bool
    ) -> DatagramBatch? {
        let bytes = datagram.readableBytes
        if mayGrow, mayJoin, bytes > 0, bytes <= segmentBytes, mark == self.mark, remote == self.remote,
            count < Self.datagramsMax, data.readableBytes + bytes <= Self.bytesMax
        {
            join(datagram)
            return nil
        }
        let before = end()
        data = datagram
        self.destination = destination
        self.remote = remote
        self.mark = mark
        segmentBytes = bytes
        count = 1
        mayGrow = mayJoin && bytes > 0
        return before
    }

    /// What is left to be written.
    package mutating func end() -> DatagramBatch? {
        guard let destination else { return nil }
        let batch = DatagramBatch(
            data: data, destination: destination, mark: mark, segmentBytes: segmentBytes, count: count)
        if count > 1 { buffers.keep(data) }
        data = ByteBuffer()
        self.destination = nil
        count = 0
        mayGrow = false
        return batch
    }

    private mutating func join(_ datagram: ByteBuffer) {
        if count == 1 {
            var joined = buffers.take()
            joined.clear(minimumCapacity: min(Self.bytesMax, segmentBytes * Self.roomForDatagrams))
            joined.writeImmutableBuffer(data)
            data = joined
        }
        data.writeImmutableBuffer(datagram)
        count += 1
        mayGrow = datagram.readableBytes == segmentBytes
    }
}
