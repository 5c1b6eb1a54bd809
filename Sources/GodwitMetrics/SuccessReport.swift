/// The body of `/success`: rates of attempts and tasks over 1 m, 5 m and 1 h, by carrier.
package struct SuccessReport: Equatable, Sendable {
    package var figures: SuccessFigures
    /// Seconds since 1970, for people and for other systems' clocks.
    package var generatedAt: Int64

    package init(figures: SuccessFigures, generatedAt: Int64) {
        self.figures = figures
        self.generatedAt = generatedAt
    }

    /// Keys are in a fixed order; `rate` is null when nothing happened; carriers that were not used are left out.
    package var json: String {
        var text = JSONText()
        text.object { text in
            text.member("generated_at", UTCTime.format(secondsSince1970: generatedAt))
            text.object("windows") { text in
                for span in SuccessFigures.Span.allCases { write(span, to: &text) }
            }
            text.array("minutes") { text in
                for minute in figures.minutes {
                    text.object { text in Self.write(minute, to: &text) }
                }
            }
        }
        return text.text
    }

    private func write(_ span: SuccessFigures.Span, to text: inout JSONText) {
        text.object(span.rawValue) { text in
            Self.write(figures[span], to: &text)
            text.object("by_carrier") { text in
                for carrier in MeasuredCarrier.allCases {
                    let tally = figures[span, carrier]
                    guard tally != SuccessTally() else { continue }
                    text.object(carrier.rawValue) { text in Self.write(tally, to: &text) }
                }
            }
        }
    }

    private static func write(_ tally: SuccessTally, to text: inout JSONText) {
        for (name, counts) in [("attempts", tally.attempts), ("tasks", tally.tasks)] {
            text.object(name) { text in
                text.member("ok", counts.ok)
                text.member("failed", counts.failed)
                text.member("rate", counts.rate)
            }
        }
    }
}
