import GodwitTransport
import GodwitWire
import NIOCore

/// The lab's `connect`, without tickets and without another transport in the race: from the first call to the echo of one message.
struct ConnectWorkload {
    /// A session's OPEN with a message of 200 bytes of English text.
    var bytes = 170
    /// The client knows the network for one that loses packets.
    var remembers = false
    /// Tells about each datagram.
    var narrates = false

    struct Result {
        /// In milliseconds; infinity when there was no echo within 20 s.
        var latency = Double.infinity
        var up = LinkUse()
        var down = LinkUse()
    }

    func run(_ network: JudgedNetwork, seed: UInt64) throws -> Result {
        let memory =
            remembers
            ? PathMemory(smoothedRTT: .milliseconds(120), rttVariation: .milliseconds(30), lossRate: 0.1) : nil
        let pair = try JudgedPair(network, seed: seed, memory: memory)
        pair.wear(packets: 100)
        var result = Result()
        let start = pair.now
        if narrates { pair.narrate(from: start) }
        pair.onClientMessage = { _, now in
            if result.latency == .infinity { result.latency = Double((now - start).nanoseconds) / 1e6 }
        }
        _ = try pair.client.send(ByteBuffer(repeating: 0x61, count: bytes), now: start)
        pair.run(until: start + .seconds(20)) { result.latency < .infinity }
        result.up = pair.up.use
        result.down = pair.down.use
        return result
    }
}

/// The figures of many connects on one network.
struct ConnectReport {
    private var latencies: [Double] = []
    private var up = LinkUse()
    private var down = LinkUse()

    mutating func add(_ result: ConnectWorkload.Result) {
        latencies.append(result.latency)
        up.add(result.up)
        down.add(result.down)
    }

    /// Times in ms; what was sent up to the echo, up + down.
    static let heading = "profile       p50    p90    p99  p99.9     max    in 3 s  in 10 s   bytes sent   packets"

    func line(_ name: String) -> String {
        let sorted = latencies.sorted()
        let count = sorted.count
        func within(_ limit: Double) -> String {
            fixed(share(within: limit, sorted) * 100, 1).padded(6, left: true) + " %"
        }
        return [
            name.padded(8), ms(percentile(sorted, 0.5)), ms(percentile(sorted, 0.9)), ms(percentile(sorted, 0.99)),
            ms(percentile(sorted, 0.999)), ms(sorted.last ?? 0).padded(7, left: true), within(3000), within(10_000),
            eachWay(up.bytes, down.bytes, of: count, decimals: 0).padded(13, left: true),
            eachWay(up.packets, down.packets, of: count, decimals: 1).padded(9, left: true),
        ].joined(separator: " ")
    }
}
