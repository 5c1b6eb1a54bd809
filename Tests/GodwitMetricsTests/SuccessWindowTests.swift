import Testing

@testable import GodwitMetrics

@Suite("Success windows")
struct SuccessWindowTests {
    private let second: UInt64 = 1_000_000_000
    /// A day of uptime, at the start of a bucket.
    private let noon: UInt64 = 86_400 * 1_000_000_000

    @Test("nothing happened: the rate is neither success nor failure")
    func empty() {
        let figures = SuccessWindow().figures(now: noon)
        for span in SuccessFigures.Span.allCases {
            #expect(figures[span].tasks.rate == nil)
            #expect(figures[span].attempts.rate == nil)
        }
    }

    @Test("attempts and tasks are counted apart and by carrier")
    func kinds() {
        var window = SuccessWindow()
        window.record(.attempt, .failed, carrier: .datagram, now: noon)
        window.record(.attempt, .ok, carrier: .stream, now: noon)
        window.record(.task, .ok, carrier: .stream, count: 3, now: noon)

        let figures = window.figures(now: noon)
        #expect(figures[.oneMinute].attempts == SuccessCounts(ok: 1, failed: 1))
        #expect(figures[.oneMinute].attempts.rate == 0.5)
        #expect(figures[.oneMinute].tasks == SuccessCounts(ok: 3, failed: 0))
        #expect(figures[.oneMinute, .datagram].attempts == SuccessCounts(ok: 0, failed: 1))
        #expect(figures[.oneMinute, .stream].tasks.rate == 1)
        #expect(figures[.oneMinute, .http] == SuccessTally())
    }

    @Test(
        "an event leaves each span on time: within the span it counts, one bucket later it does not",
        arguments: [(SuccessFigures.Span.oneMinute, 60), (.fiveMinutes, 300), (.oneHour, 3_600)]
            as [(SuccessFigures.Span, UInt64)])
    func boundaries(span: SuccessFigures.Span, seconds: UInt64) {
        for offset: UInt64 in [0, 1, 2, 4] {
            var window = SuccessWindow()
            let event = noon + offset * second
            window.record(.task, .ok, carrier: .datagram, now: event)
            #expect(window.figures(now: event + seconds * second)[span].tasks.ok == 1)
            #expect(window.figures(now: event + (seconds + 5) * second)[span].tasks.ok == 0)
        }
    }

    @Test("a slot of the ring that comes round again starts from zero, after an hour or after a week of silence")
    func reuse() {
        for hours: UInt64 in [1, 2, 168] {
            var window = SuccessWindow()
            window.record(.task, .failed, carrier: .datagram, count: 9, now: noon)
            let later = noon + hours * 3_600 * second + 5 * second
            window.record(.task, .ok, carrier: .datagram, now: later)
            #expect(window.figures(now: later)[.oneHour].tasks == SuccessCounts(ok: 1, failed: 0))
        }
    }

    @Test("a reported failure counts when it happened, not when it was reported")
    func age() {
        var window = SuccessWindow()
        window.record(.attempt, .failed, carrier: .datagram, ageSeconds: 120, now: noon)
        let figures = window.figures(now: noon)
        #expect(figures[.oneMinute].attempts.failed == 0)
        #expect(figures[.fiveMinutes].attempts.failed == 1)
        #expect(figures.minutes[58].attempts.failed == 1)
    }

    @Test("a report older than the hour, or than the clock, is refused")
    func tooOld() {
        var window = SuccessWindow()
        let accepted = [(3_600, noon), (3_605, noon), (.max, noon), (11, 10 * second)].map { age, now in
            window.record(.attempt, .failed, carrier: .datagram, ageSeconds: age, now: now)
        }
        #expect(accepted == [true, false, false, false])
        #expect(window.figures(now: noon)[.oneHour].attempts.failed == 1)
    }

    @Test("absurd counts saturate, and the far end of the clock does not trap")
    func extremes() {
        var window = SuccessWindow()
        window.record(.task, .ok, carrier: .http, count: .max, now: .max)
        window.record(.task, .ok, carrier: .http, count: .max, now: .max)
        window.record(.task, .ok, carrier: .http, count: -1, now: .max)
        #expect(window.figures(now: .max)[.oneMinute].tasks.ok == Int(UInt32.max))
        #expect(window.figures(now: 0)[.oneMinute].tasks.ok == 0)
    }

    @Test("a loop whose clock was read a moment earlier still counts")
    func slightlyEarlier() {
        var window = SuccessWindow()
        window.record(.task, .ok, carrier: .stream, now: noon)
        window.record(.task, .ok, carrier: .stream, now: noon - 1)
        #expect(window.figures(now: noon)[.oneMinute].tasks.ok == 2)
    }

    @Test("many random events: loops added together say what one list of events says")
    func property() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(state: seed)
        var windows = [SuccessWindow](repeating: SuccessWindow(), count: 3)
        var events: [(bucket: UInt64, ok: Bool)] = []
        var now = noon
        for _ in 0..<2_000 {
            now += random.next() % (8 * second)
            let ok = random.next() % 4 != 0
            let age = random.next() % 600
            windows[Int(random.next() % 3)].record(
                .task, ok ? .ok : .failed, carrier: .datagram, ageSeconds: age, now: now)
            events.append(((now - age * second) / (5 * second), ok))
        }
        var sum = SuccessFigures()
        for window in windows { sum += window.figures(now: now) }
        for (span, buckets) in [(SuccessFigures.Span.oneMinute, 12), (.fiveMinutes, 60), (.oneHour, 720)] {
            let recent = events.filter { now / (5 * second) - $0.bucket <= UInt64(buckets) }
            let expected = SuccessCounts(ok: recent.count { $0.ok }, failed: recent.count { !$0.ok })
            #expect(sum[span].tasks == expected, "seed \(seed)")
        }
        let minutes = sum.minutes.reduce(into: SuccessCounts()) { $0 += $1.tasks }
        #expect(minutes == sum[.oneHour].tasks, "seed \(seed)")
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
