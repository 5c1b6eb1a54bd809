import Testing

@testable import GodwitMetrics

@Suite("Labels")
struct LabelSetTests {
    @Test("backslashes, quotes and line feeds are escaped, everything else is left alone")
    func escaping() {
        #expect(LabelSet.escape("a\\b\"c\nd\té中") == "a\\\\b\\\"c\\nd\té中")
        #expect(LabelSet.escape("\r\n") == "\r\\n")
    }

    @Test(
        "any text becomes a legal name",
        arguments: [("hb.requests", "hb_requests"), ("9lives", "_9lives"), ("", "_"), ("a:b", "a_b"), ("é", "__")])
    func names(given: String, expected: String) {
        #expect(LabelSet.legalName(given) == expected)
    }
}
