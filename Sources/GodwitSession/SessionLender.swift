/// What all sessions of a table are lent.
final class SessionLender {
    let configuration: SessionConfiguration
    let compressor: Compressor

    init(configuration: SessionConfiguration, compressor: Compressor) {
        self.configuration = configuration
        self.compressor = compressor
    }
}
