/// What a ``SuccessWindow`` says at one moment: small, and addable across event loops.
package struct SuccessFigures: Equatable, Sendable {
    package enum Span: String, CaseIterable, Sendable {
        case oneMinute = "1m"
        case fiveMinutes = "5m"
        case oneHour = "1h"

        var buckets: Int {
            switch self {
            case .oneMinute: SuccessWindow.bucketsPerMinute
            case .fiveMinutes: 5 * SuccessWindow.bucketsPerMinute
            case .oneHour: SuccessWindow.bucketsPerHour
            }
        }
    }

    private var spans: [[SuccessTally]] = .init(
        repeating: .init(repeating: SuccessTally(), count: MeasuredCarrier.allCases.count), count: Span.allCases.count)

    /// All carriers together for each of the last 60 minutes, the newest last.
    package private(set) var minutes: [SuccessTally] = .init(repeating: SuccessTally(), count: 60)

    package init() {}

    package subscript(span: Span, carrier: MeasuredCarrier) -> SuccessTally {
        spans[Self.row(span)][carrier.index]
    }

    /// All carriers together.
    package subscript(span: Span) -> SuccessTally {
        spans[Self.row(span)].reduce(into: SuccessTally()) { $0 += $1 }
    }

    /// - Parameter bucketAge: 0 is the bucket being filled, 720 the oldest.
    mutating func add(_ tally: SuccessTally, carrier: MeasuredCarrier, bucketAge: Int) {
        for span in Span.allCases where bucketAge <= span.buckets {
            spans[Self.row(span)][carrier.index] += tally
        }
        // The newest minute holds the bucket being filled as well, so age 1...12 belongs to it too.
        let minutesAgo = min(max(bucketAge - 1, 0) / SuccessWindow.bucketsPerMinute, minutes.count - 1)
        minutes[minutes.count - 1 - minutesAgo] += tally
    }

    package static func += (left: inout SuccessFigures, right: SuccessFigures) {
        for row in left.spans.indices {
            for index in left.spans[row].indices { left.spans[row][index] += right.spans[row][index] }
        }
        for index in left.minutes.indices { left.minutes[index] += right.minutes[index] }
    }

    private static func row(_ span: Span) -> Int {
        switch span {
        case .oneMinute: 0
        case .fiveMinutes: 1
        case .oneHour: 2
        }
    }
}
