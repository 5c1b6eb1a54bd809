/// Scenarios in the order in which a reader wants them; those that are not known follow by name.
enum ScenarioOrder {
    private static let known = [
        "chat", "connect", "burst", "voice", "image", "fairness", "handover", "blackout", "rebind", "idle", "storm",
        "tunnel",
        "conversation",
    ]

    static func sorted(_ names: some Sequence<String>) -> [String] {
        func key(_ name: String) -> (Int, String) { (known.firstIndex(of: name) ?? known.count, name) }
        return names.sorted { key($0) < key($1) }
    }
}
