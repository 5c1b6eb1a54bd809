import GodwitWire
import NIOCore
import Testing

@testable import GodwitTunnel

@Suite("One end of a tunnel")
struct TunnelStreamTests {
    private let now = NIODeadline.uptimeNanoseconds(1)
    private let hello = ByteBuffer(string: "hello")

    @Test("an end of the program's stream goes after its last byte, and the other direction stays open")
    func halfClose() {
        var stream = TunnelStream(maximumWindow: 1 << 20)
        stream.read(hello)
        stream.readEnded()
        #expect(stream.nextFrame(data: false) == nil)
        #expect(stream.nextFrame(data: true) == .data(hello))
        #expect(stream.nextFrame(data: true) == .finish)
        #expect(stream.nextFrame(data: true) == nil)
        #expect(!stream.isOver && !stream.wantsRead)
        #expect(stream.receive(.data(hello)) == .write(hello))
        #expect(stream.receive(.finish) == nil)
        #expect(stream.wrote(2, now: now) == nil)
        #expect(stream.wrote(3, now: now) == .finishWriting)
        #expect(stream.isOver && stream.resetReason == nil)
    }

    @Test("nothing is sent beyond the peer's credit, and credit is not taken back")
    func credit() throws {
        var stream = TunnelStream(maximumWindow: 1 << 20)
        stream.read(ByteBuffer(repeating: 1, count: TunnelLimits.initialWindow + 10))
        #expect(!stream.wantsRead)
        var sent = 0
        while case .data(let bytes)? = stream.nextFrame(data: true) {
            #expect(bytes.readableBytes <= TunnelLimits.frameBytes)
            sent += bytes.readableBytes
        }
        #expect(sent == TunnelLimits.initialWindow)
        #expect(!stream.hasData && stream.wantsRead)
        #expect(stream.receive(.credit(limit: 5)) == nil)
        #expect(stream.nextFrame(data: true) == nil)
        #expect(stream.receive(.credit(limit: UInt64(sent) + 4)) == nil)
        #expect(stream.nextFrame(data: true) == .data(ByteBuffer(repeating: 1, count: 4)))
    }

    @Test("a peer that sends beyond its credit, or after its end, is reset")
    func violations() {
        var stream = TunnelStream(maximumWindow: 1 << 20)
        let tooMuch = ByteBuffer(repeating: 1, count: TunnelLimits.initialWindow + 1)
        #expect(stream.receive(.data(tooMuch)) == .abort(.violation))
        #expect(stream.nextFrame(data: true) == .reset(.violation))
        #expect(stream.isOver)
        for content in [TunnelFrame.Content.data(hello), .finish] {
            var stream = TunnelStream(maximumWindow: 1 << 20)
            #expect(stream.receive(.finish) == .finishWriting)
            #expect(stream.receive(content) == .abort(.violation))
        }
    }

    @Test("a reset drops what was not sent; after it nothing is said or heard")
    func reset() {
        var stream = TunnelStream(maximumWindow: 1 << 20)
        stream.read(hello)
        stream.reset(.broken)
        stream.reset(.idle)
        #expect(!stream.isOver)
        #expect(stream.nextFrame(data: true) == .reset(.broken))
        #expect(stream.nextFrame(data: true) == nil)
        #expect(stream.receive(.data(hello)) == nil)
        #expect(stream.isOver && stream.resetReason == .broken)

        var other = TunnelStream(maximumWindow: 1 << 20)
        other.read(hello)
        #expect(other.receive(.reset(.idle)) == .abort(.idle))
        #expect(other.nextFrame(data: true) == nil)
        #expect(other.isOver && other.resetReason == .idle)
    }

    @Test("a socket that closes after both directions have ended there still has its last bytes sent")
    func closedWhileDraining() {
        var stream = TunnelStream(maximumWindow: 1 << 20)
        stream.read(hello)
        stream.readEnded()
        #expect(stream.receive(.finish) == .finishWriting)
        stream.socketClosed()
        #expect(stream.nextFrame(data: true) == .data(hello))
        #expect(stream.nextFrame(data: true) == .finish)
        #expect(stream.isOver && stream.resetReason == nil)

        var broken = TunnelStream(maximumWindow: 1 << 20)
        broken.readEnded()
        broken.socketClosed()
        #expect(broken.nextFrame(data: true) == .reset(.broken))
    }

    @Test(
        "credit goes once a quarter of the window is passed on, and the window grows for a quick program up to its bound"
    )
    func window() {
        var window = ReceiveWindow(maximum: 256 << 10)
        var now = now
        let quarter = TunnelLimits.initialWindow / 4
        var limit = UInt64(TunnelLimits.initialWindow)
        for round in 0..<60 {
            #expect(window.receive(quarter) == true)
            #expect(window.creditDue() == nil)
            now = now + .milliseconds(10)
            window.passOn(quarter, now: now)
            let told = window.creditDue()
            #expect(told != nil, "round \(round)")
            limit = told ?? limit
        }
        #expect(limit - window.received == 256 << 10)
        #expect(window.receive((256 << 10) + 1) == false)

        var slow = ReceiveWindow(maximum: 256 << 10)
        for _ in 0..<60 {
            #expect(slow.receive(quarter) == true)
            now = now + .seconds(1)
            slow.passOn(quarter, now: now)
            #expect((slow.creditDue() ?? 0) - slow.received == UInt64(TunnelLimits.initialWindow))
        }
    }

    @Test(
        "the allowance follows what the network takes: more while it is quick, less when it is slow, within its range")
    func allowance() {
        func after(_ rounds: Int, each time: TimeAmount) -> Int {
            var allowance = SendAllowance()
            var now = now
            for _ in 0..<rounds {
                var backlog = 0
                while allowance.permits(backlog: backlog, now: now) {
                    allowance.gave(8 << 10, now: now)
                    backlog += 8 << 10
                }
                now = now + time
            }
            _ = allowance.permits(backlog: 0, now: now)
            return allowance.bytes
        }
        #expect(after(1, each: .milliseconds(100)) == 128 << 10)
        #expect(after(9, each: .milliseconds(100)) == SendAllowance.range.upperBound)
        #expect(after(9, each: .seconds(2)) == 64 << 10)
        #expect(after(9, each: .seconds(9)) == SendAllowance.range.lowerBound)
    }
}
