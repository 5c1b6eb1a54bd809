import Testing

@testable import GodwitLab

extension Catalogue {
    /// Two profiles, three scenarios (one heavy), three peers.
    static let small: Catalogue = {
        var catalogue = Catalogue()
        for name in ["4g", "loss20"] { catalogue.profiles[name] = Profile(about: name, settings: [:]) }
        for (name, cpu) in [("chat", "light"), ("connect", "light"), ("image", "heavy")] {
            catalogue.scenarios[name] = Scenario(about: name, settings: ["cpu": cpu, "seconds": "50"])
        }
        for name in ["godwit", "mqtt", "tcp-bbr"] { catalogue.peers[name] = Peer(title: name) }
        return catalogue
    }()
}

@Suite("Plans")
struct PlanTests {
    private let matrix = Matrix(blocks: [
        .init(profiles: ["4g", "loss20"], scenarios: ["chat"], peers: ["godwit", "mqtt"], runs: 2),
        .init(profiles: ["loss20"], scenarios: ["image"], peers: ["godwit"], runs: 1),
    ])

    private func plan(_ change: (inout Plan.Request) -> Void = { _ in }) throws(LabError) -> Plan {
        var request = Plan.Request()
        change(&request)
        return try Plan(request, matrix: matrix, catalogue: .small)
    }

    @Test("without names the plan is the matrix")
    func matrixAlone() throws {
        let plan = try plan()
        #expect(plan.cells.count == 2 * 2 * 2 + 1)
        #expect(Set(plan.cells.map(\.id)).count == plan.cells.count)
        #expect(plan.cells.contains { $0.id == "loss20/image/godwit#1" && $0.cpu == .heavy })
    }

    @Test("names choose from the matrix, and --runs overrules it")
    func chosen() throws {
        let plan = try plan { ($0.peers, $0.runs) = (["mqtt"], 3) }
        #expect(
            plan.cells.map(\.id).sorted()
                == (1...3).flatMap { ["4g/chat/mqtt#\($0)", "loss20/chat/mqtt#\($0)"] }.sorted())
    }

    @Test("three named lists are a product, in the matrix or not")
    func product() throws {
        let plan = try plan { ($0.profiles, $0.scenarios, $0.peers) = (["4g"], ["connect", "image"], ["tcp-bbr"]) }
        #expect(plan.cells.map(\.id) == ["4g/connect/tcp-bbr#1", "4g/image/tcp-bbr#1"])
    }

    @Test("names come in repeated flags, with commas between them, or both; a space is an error that says so")
    func lists() throws {
        #expect(try NameList.parse(["4g,2g", "burst", "4g"], flag: "profile") == ["4g", "2g", "burst"])
        #expect(try NameList.parse([], flag: "profile") == [])
        for (value, problem) in [
            ("4g, 2g", "a space"), ("4g 2g", "a space"), ("4g,,2g", "an empty name"), ("", "an empty name"),
        ] {
            #expect(throws: LabError.badList(flag: "profile", value: value, problem: problem)) {
                try NameList.parse([value], flag: "profile")
            }
        }
    }

    @Test("a name that does not exist is told with the nearest one and all that exist")
    func unknown() {
        #expect(
            throws: LabError.unknown(kind: "profile", name: "los20", nearest: "loss20", existing: ["4g", "loss20"])
        ) {
            try plan { $0.profiles = ["los20"] }
        }
        let error = #expect(throws: LabError.self) { try plan { $0.peers = ["carrier-pigeon"] } }
        #expect(error?.description == "unknown peer \"carrier-pigeon\". There are: godwit, mqtt, tcp-bbr")
    }

    @Test("a choice that leaves nothing says how to get it all the same")
    func nothing() {
        let error = #expect(throws: LabError.self) { try plan { $0.peers = ["tcp-bbr"] } }
        #expect(error?.description.contains("name all three") == true)
    }

    @Test("all peers of a profile, scenario and run have one seed, that fits a JSON number and follows --seed")
    func seeds() throws {
        let first = try plan().cells
        let seeds = Dictionary(grouping: first) { "\($0.profile)/\($0.scenario)#\($0.run)" }.mapValues {
            Set($0.map(\.seed))
        }
        #expect(seeds.values.allSatisfy { $0.count == 1 && $0.allSatisfy { $0 < 1 << 53 } })
        #expect(Set(seeds.values).count == seeds.count)
        #expect(try plan { $0.seed = 2 }.cells.map(\.seed) != first.map(\.seed))
    }

    @Test("heavy cells have a lane of their own, light ones are spread evenly, none is lost")
    func lanes() throws {
        let cells = try plan().cells
        let lanes = Lanes(cells, lanes: 3, parallel: 2)
        #expect(lanes.heavy.map(\.scenario) == ["image"])
        #expect(lanes.light.map(\.count).sorted() == [2, 3, 3])
        #expect(Set((lanes.heavy + lanes.light.flatMap { $0 }).map(\.id)) == Set(cells.map(\.id)))
        // 50 s alone, then three cells of 50 s, two at a time.
        #expect(lanes.seconds == 50 + 75)
        #expect(Lanes(Array(cells.prefix(1)), lanes: 8, parallel: 4).light.count == 1)
        #expect(Lanes([], lanes: 2, parallel: 2).seconds == 0)
    }
}

@Suite("Matrix and settings files")
struct FileTests {
    private func matrix(_ text: String) throws(LabError) -> Matrix {
        try Matrix(parsing: text, file: "m", catalogue: .small)
    }

    @Test("a matrix names blocks of cells and changed parameters")
    func reads() throws {
        let matrix = try matrix(
            "# all\ncells profiles=\"*\" scenarios=\"chat connect\" peers=\"godwit\" runs=\"2\" # twice\n\nset chat.messages=\"40\"\n"
        )
        #expect(
            matrix.blocks == [
                .init(profiles: ["4g", "loss20"], scenarios: ["chat", "connect"], peers: ["godwit"], runs: 2)
            ])
        #expect(matrix.overrides == ["chat.messages": "40"])
    }

    @Test(
        "a mistake is told with its line",
        arguments: [
            ("\ncells profiles=\"5g\"", "m:2: unknown profile \"5g\"; did you mean \"4g\"? There are: 4g, loss20"),
            ("cells profile=\"4g\"", "m:1: unknown key 'profile': expected profiles, scenarios, peers or runs"),
            ("cells runs=\"many\"", "m:1: runs is a number from 1 to 100, not 'many'"),
            ("cells peers=godwit", "m:1: expected key=\"value\", found 'peers=godwit'"),
            ("cells peers=\"godwit", "m:1: the value of peers has no closing quote"),
            ("cell peers=\"*\"", "m:1: expected a line of cells or set, found 'cell'"),
            ("set messages=\"4\"", "m:1: expected set SCENARIO.KEY=\"value\""),
            (
                "set chatt.messages=\"4\"",
                "m:1: unknown scenario \"chatt\"; did you mean \"chat\"? There are: chat, connect, image"
            ),
        ])
    func mistakes(text: String, expected: String) {
        let error = #expect(throws: LabError.self) { try matrix(text) }
        #expect(error?.description == expected)
    }

    @Test("a profile's about is its leading comment")
    func settings() throws {
        let file = try SettingsFile(
            parsing: "# A good cell:\n# 70 ms.\nup=\"delay 35ms\"\n# not this\ndown=\"\"\n", file: "p")
        #expect(file.leadingComment == "A good cell: 70 ms.")
        #expect(file.values == ["up": "delay 35ms", "down": ""])
        #expect(throws: LabError.badLine(file: "p", line: 2, problem: "up is set twice")) {
            try SettingsFile(parsing: "up=\"a\"\nup=\"b\"", file: "p")
        }
    }
}
