import GodwitWire

/// How soon a request is to be sent beside others. What hurries overtakes what does not, also when that is half sent; requests of one
/// lane keep their order all the same.
public enum RequestUrgency: String, Sendable, Hashable, CaseIterable {
    /// What others wait for.
    case control
    /// What a person has typed or looks at.
    case text
    /// What takes its time anyway: images, files.
    case media
}

extension Urgency {
    init(_ urgency: RequestUrgency) {
        self =
            switch urgency {
            case .control: .control
            case .text: .text
            case .media: .media
            }
    }
}
