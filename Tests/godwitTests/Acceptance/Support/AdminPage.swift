import NIOCore
import NIOPosix

/// Reads the admin pages as a browser does, without one.
enum AdminPage {
    struct Refused: Error {
        let head: String
    }

    /// The body of a page that answers 200.
    static func get(_ path: String, port: Int) async throws -> String {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let page = loop.makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(page: page))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
        let text = try await page.futureResult.get()
        guard let gap = text.firstRange(of: "\r\n\r\n"), text.hasPrefix("HTTP/1.1 200") else {
            throw Refused(head: String(text.prefix(400)))
        }
        return String(text[gap.upperBound...])
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let page: EventLoopPromise<String>
        private var text = ByteBuffer()

        init(page: EventLoopPromise<String>) { self.page = page }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text.writeImmutableBuffer(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) {
            page.succeed(String(buffer: text))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            page.fail(error)
            context.close(promise: nil)
        }
    }
}

/// `/metrics`.
struct MetricsPage {
    let text: String

    /// The sum of a family's children that have these labels, 0 when there are none.
    func value(_ family: String, _ labels: [String: String] = [:]) -> Double {
        var sum = 0.0
        for line in text.split(separator: "\n") where line.hasPrefix(family) {
            let rest = line.dropFirst(family.count)
            guard rest.first == "{" || rest.first == " ",
                labels.allSatisfy({ rest.contains("\($0.key)=\"\($0.value)\"") }),
                let number = line.split(separator: " ").last.flatMap({ Double($0) })
            else { continue }
            sum += number
        }
        return sum
    }
}

/// `/success`.
struct SuccessPage: Decodable {
    struct Count: Decodable {
        let ok: Int
        let failed: Int
        let rate: Double?
    }

    struct Carrier: Decodable {
        let attempts: Count
        let tasks: Count
    }

    struct Window: Decodable {
        let attempts: Count
        let tasks: Count
        let byCarrier: [String: Carrier]
    }

    let windows: [String: Window]
}
