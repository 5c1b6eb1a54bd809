import Spelling
import Testing

@Suite("Spelling")
struct NearestNameTests {
    @Test("letters left out, added, changed or swapped count one each")
    func distance() {
        #expect(EditDistance.between("limits", "limts") == 1)
        #expect(EditDistance.between("limits", "limitss") == 1)
        #expect(EditDistance.between("limits", "lmiits") == 1)
        #expect(EditDistance.between("limits", "Limets") == 1)
        #expect(EditDistance.between("", "abc") == 3)
        #expect(EditDistance.between("abc", "") == 3)
    }

    @Test("the nearest name is told when it may have been meant, and only then")
    func nearest() {
        let names = ["loss20", "loss40", "satellite"]
        #expect(NearestName.of("los20", in: names) == "loss20")
        #expect(NearestName.of("Satelite", in: names) == "satellite")
        #expect(NearestName.of("carrier-pigeon", in: names) == nil)
        #expect(NearestName.of("x", in: [String]()) == nil)
    }
}
