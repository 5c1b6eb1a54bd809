import Foundation
import IMClient

/// How a message looks.
enum ChatLine {
    /// `12:03 ✓✓ → bo: text` for ours, `12:03    bo: text` for theirs.
    static func coloured(_ message: ChatMessage, mark: DeliveryMark?, user: String) -> String {
        let time = Ink.dim(clock(message.timeMilliseconds))
        let body = Ink.safe(message.body)
        guard message.from == user else {
            return "\(time)    \(Ink.green(Ink.safe(message.from) + ":")) \(body)"
        }
        return "\(time) \(sign(mark)) \(Ink.cyan("→ " + Ink.safe(message.to) + ":")) \(body)"
    }

    static func plain(_ message: ChatMessage, mark: DeliveryMark?, user: String) -> String {
        let time = clock(message.timeMilliseconds)
        guard message.from == user else { return "\(time) \(message.from): \(message.body)" }
        return "\(time) \(word(mark)) → \(message.to): \(message.body)"
    }

    /// Two columns, whatever the mark, so that a line keeps its length when the mark changes.
    private static func sign(_ mark: DeliveryMark?) -> String {
        switch mark {
        case .queued, nil: Ink.yellow("… ")
        case .sent: Ink.dim("✓ ")
        case .read: Ink.green("✓✓")
        }
    }

    private static func word(_ mark: DeliveryMark?) -> String {
        switch mark {
        case .queued, nil: "…"
        case .sent: "✓"
        case .read: "✓✓"
        }
    }

    /// Hours and minutes here, and the day unless it is today.
    static func clock(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var now = time(nil)
        var then = tm()
        var today = tm()
        localtime_r(&seconds, &then)
        localtime_r(&now, &today)
        let clock = pad(then.tm_hour) + ":" + pad(then.tm_min)
        let isToday = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year
        return isToday ? clock : "\(then.tm_year + 1_900)-\(pad(then.tm_mon + 1))-\(pad(then.tm_mday)) \(clock)"
    }

    private static func pad(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
