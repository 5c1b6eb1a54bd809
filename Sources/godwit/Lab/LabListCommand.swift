import ArgumentParser
import GodwitLab

/// `godwit lab list`: what can be run, with a sentence each.
struct LabListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List profiles, scenarios and peers.")

    @OptionGroup var folder: LabFolder

    func run() async throws {
        do {
            let root = try folder.root()
            var catalogue = try Catalogue(folder: root + "/netem")
            catalogue.peers.merge(try await HostCommand(root: root).describePeers()) { _, told in told }
            print(CatalogueText(catalogue, columns: Terminal.size().columns).text, terminator: "")
        } catch let error as LabError {
            throw Failure(error)
        }
    }
}
