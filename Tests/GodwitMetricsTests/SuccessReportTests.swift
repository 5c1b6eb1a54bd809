import Foundation
import Testing

@testable import GodwitMetrics

@Suite("Success report")
struct SuccessReportTests {
    private let noon: UInt64 = 86_400 * 1_000_000_000

    @Test("the report is JSON with the documented members; an unused span's rate is null")
    func shape() throws {
        var window = SuccessWindow()
        window.record(.attempt, .ok, carrier: .datagram, count: 3, ageSeconds: 120, now: noon)
        window.record(.attempt, .failed, carrier: .datagram, ageSeconds: 120, now: noon)
        let report = SuccessReport(figures: window.figures(now: noon), generatedAt: 1_700_000_000)

        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(object["generated_at"] as? String == "2023-11-14T22:13:20Z")
        let windows = try #require(object["windows"] as? [String: [String: Any]])
        #expect(windows.keys.sorted() == ["1h", "1m", "5m"])
        let recent = try #require(windows["1m"]?["attempts"] as? [String: Any])
        #expect(recent["rate"] is NSNull)
        let older = try #require(windows["5m"]?["attempts"] as? [String: Any])
        #expect(older["ok"] as? Int == 3)
        #expect(older["failed"] as? Int == 1)
        #expect(older["rate"] as? Double == 0.75)
        let carriers = try #require(windows["5m"]?["by_carrier"] as? [String: Any])
        #expect(Array(carriers.keys) == ["datagram"])
        #expect((object["minutes"] as? [Any])?.count == 60)
    }

    @Test(
        "times are civil dates in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (4_102_444_800, "2100-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"), (Int64.max, "9999-12-31T23:59:59Z"), (Int64.min, "0001-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func time(seconds: Int64, expected: String) {
        #expect(UTCTime.format(secondsSince1970: seconds) == expected)
    }

    @Test("JSON strings survive quotes, backslashes, control characters and other scripts")
    func quoting() throws {
        let text = "a\"b\\c\nd\u{1}\u{1F}é中🐦"
        let data = Data("[\(JSONText.quote(text))]".utf8)
        #expect(try JSONSerialization.jsonObject(with: data) as? [String] == [text])
    }
}
