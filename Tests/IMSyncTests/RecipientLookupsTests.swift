import IMSync
import Testing

@Suite("Recipient lookups")
struct RecipientLookupsTests {
    @Test("the first asks, the others wait, and all go on together in order")
    func together() {
        var lookups = RecipientLookups<Int>()
        #expect(lookups.admit(1, for: "bert") == .ask)
        #expect(lookups.admit(2, for: "bert") == .waits)
        #expect(lookups.admit(3, for: "carl") == .ask)
        let answer = lookups.resolve("bert", exists: true, max: 10)
        #expect(answer.jobs == [1, 2] && !answer.more)
        #expect(lookups.admit(4, for: "bert") == .known)
        #expect(lookups.take("bert") == [1, 2])
    }

    @Test("what goes on in portions is not overtaken by what comes between them")
    func portions() {
        var lookups = RecipientLookups<Int>()
        for job in 1...3 { _ = lookups.admit(job, for: "bert") }
        let first = lookups.resolve("bert", exists: true, max: 2)
        #expect(first.jobs == [1, 2] && first.more)
        #expect(lookups.admit(4, for: "bert") == .waits)
        #expect(lookups.take("bert") == [1, 2])
        let second = lookups.resolve("bert", exists: true, max: 2)
        #expect(second.jobs == [3, 4] && !second.more)
        #expect(lookups.admit(5, for: "bert") == .known)
    }

    @Test("a user who is not there is asked for again the next time")
    func missing() {
        var lookups = RecipientLookups<Int>()
        _ = lookups.admit(1, for: "bert")
        _ = lookups.resolve("bert", exists: false, max: 10)
        #expect(lookups.take("bert") == [1])
        #expect(lookups.admit(2, for: "bert") == .ask)
    }

    @Test("when no answer comes, all that wait are given back")
    func abandoned() {
        var lookups = RecipientLookups<Int>()
        for job in 1...3 { _ = lookups.admit(job, for: "bert") }
        #expect(lookups.abandon("bert") == [1, 2, 3])
        #expect(lookups.admit(4, for: "bert") == .ask)
    }

    @Test("the waiting and the known are bounded")
    func bounded() {
        var lookups = RecipientLookups<Int>(knownMax: 2, waitingMax: 2)
        _ = lookups.admit(1, for: "a")
        _ = lookups.admit(2, for: "b")
        #expect(lookups.admit(3, for: "a") == .full)
        for user in ["a", "b", "c"] { _ = lookups.resolve(user, exists: true, max: 10) }
        var admissions: [RecipientLookups<Int>.Admission] = []
        for user in ["a", "b", "c"] { admissions.append(lookups.admit(9, for: user)) }
        #expect(admissions.count { $0 == .known } == 2)
    }
}
