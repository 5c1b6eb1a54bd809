/// What a typed line asks for.
enum ChatOrder: Equatable {
    case say(String)
    case to(String?)
    case history(Int)
    case status
    case help
    case quit
    case nothing
    case unknown(String)

    static let defaultHistory = 20
    static let maximumHistory = 1_000

    static let helpText = [
        "/to NAME      write to NAME from now on",
        "/history [N]  the last N messages with them (20)",
        "/status       the connection and what waits",
        "/quit         leave (Ctrl-D does it too); what is unsent goes out next time",
        "//text        send a text that begins with /",
        "… waits for the network   ✓ safe on the server   ✓✓ read",
    ]

    init(line: String) {
        let trimmed = line.drop { $0 == " " }
        guard let first = trimmed.first else {
            self = .nothing
            return
        }
        guard first == "/" else {
            self = .say(line)
            return
        }
        if trimmed.hasPrefix("//") {
            self = .say(String(trimmed.dropFirst()))
            return
        }
        let words = trimmed.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        switch words[0] {
        case "/to": self = .to(words.count > 1 ? words[1] : nil)
        case "/history":
            let count = words.count > 1 ? Int(words[1]) : Self.defaultHistory
            self = count.map { .history(min(max($0, 1), Self.maximumHistory)) } ?? .unknown(line)
        case "/status": self = .status
        case "/help", "/?": self = .help
        case "/quit", "/exit", "/q": self = .quit
        default: self = .unknown(words[0])
        }
    }
}
