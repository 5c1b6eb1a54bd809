import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Fairness on one bottleneck")
struct FairnessTests {
    /// 1 Mbit/s and 200 ms, as in the lab.
    private static let rate = 125_000.0
    private static let roundTrip = TimeAmount.milliseconds(200)
    private static let bandwidthDelayProduct = 25

    /// BBR's share beside `rival` in the second half of 20 seconds: over meetings in which each comes first equally often, since BBR's
    /// sharing depends on who was there first, and on luck.
    private func shareOfBBR(beside rival: () -> BulkSender, queue: Int, loss: Double = 0) -> Double {
        var (own, all) = (0, 0)
        for meeting in 0..<8 {
            let later = Bottleneck.start + .milliseconds(4000 + Int64(meeting) * 47)
            var senders = [BulkSender(BBRController(maximumDatagramBytes: Bottleneck.datagram)), rival()]
            senders[meeting % 2].begins = later
            var link = Bottleneck(senders, rate: Self.rate, roundTrip: Self.roundTrip, seed: UInt64(meeting) + 1)
            link.queueLimit = queue * Self.bandwidthDelayProduct
            link.loss = loss
            link.run(for: .seconds(10))
            let before = link.senders.map(\.delivered)
            link.run(for: .seconds(10))
            let counted = zip(link.senders, before).map { $0.delivered - $1 }
            own += counted[0]
            all += counted[0] + counted[1]
        }
        return Double(own) / Double(all)
    }

    private func bbr(hearsOfLoss: Bool) -> BulkSender {
        var sender = BulkSender(BBRController(maximumDatagramBytes: Bottleneck.datagram))
        sender.hearsOfLoss = hearsOfLoss
        return sender
    }

    @Test("to make up for losses gives no advantage where a queue overflows", arguments: [1, 4])
    func besideBBR(queue: Int) {
        let share = shareOfBBR(beside: { bbr(hearsOfLoss: false) }, queue: queue)
        #expect((0.35...0.65).contains(share))
    }

    @Test("two who make up for losses share, with losses of the radio too", arguments: [0, 0.1])
    func besideItself(loss: Double) {
        let share = shareOfBBR(beside: { bbr(hearsOfLoss: true) }, queue: 1, loss: loss)
        #expect((0.3...0.7).contains(share))
    }

    @Test("CUBIC gets half where the queue is long enough for it")
    func besideCubic() {
        let share = shareOfBBR(
            beside: { BulkSender(CubicController(maximumDatagramBytes: Bottleneck.datagram)) }, queue: 4)
        #expect((0.3...0.7).contains(share))
    }
}
