import Bitcask
import Foundation

/// What reading every byte of all parts found.
struct StoreVerification: Encodable {
    struct Part: Encodable {
        let name: String
        let files: Int
        let bytes: UInt64
        let records: UInt64
        /// What is damaged and where, in sentences.
        let damage: [String]
        /// Hints that opening makes again.
        let damagedHints: [String]
        /// Bytes at the end of the newest log that are no whole record: a crash leaves such, and opening cuts them off.
        let unfinishedBytes: UInt64
    }

    private(set) var parts: [Part] = []
    var isSound: Bool { parts.allSatisfy { $0.damage.isEmpty } }

    /// Reads all of `layout`.
    init(_ layout: StoreLayout, title: String) throws {
        let progress = StoreProgress(title)
        let total = layout.bytes
        var before: UInt64 = 0
        for part in layout.parts {
            // Where there are no shards, the layout has locked nothing yet.
            let lock = try layout.lock(part)
            defer { lock?.release() }
            do throws(BitcaskError) {
                let found = try Bitcask.verify(directory: part.path) { done, _ in
                    progress.show(before + done, of: total, part.name)
                }
                before += found.bytes
                parts.append(Self.part(part, found))
            } catch {
                // A header that says nothing makes the whole file unreadable; the other parts may be sound.
                guard Self.isDamage(error) else { throw error }
                parts.append(
                    Part(
                        name: part.name, files: StoreLayout.dataFiles(in: part.path).count, bytes: 0, records: 0,
                        damage: [error.description], damagedHints: [], unfinishedBytes: 0))
            }
        }
    }

    private static func isDamage(_ error: BitcaskError) -> Bool {
        switch error {
        case .corruptHeader, .corruptRecord, .foreignFile: true
        default: false
        }
    }

    private static func part(_ part: StoreLayout.Part, _ found: BitcaskVerification) -> Part {
        let newest = StoreLayout.dataFiles(in: part.path).last.map { "\(part.path)/\($0)" }
        var damage: [String] = []
        var unfinished: UInt64 = 0
        for stretch in found.damage {
            if stretch.path == newest, stretch.offset + stretch.bytes == StoreLayout.size(of: stretch.path) {
                unfinished = stretch.bytes
            } else {
                damage.append(stretch.description)
            }
        }
        return Part(
            name: part.name, files: found.files, bytes: found.bytes, records: found.records, damage: damage,
            damagedHints: found.damagedHints, unfinishedBytes: unfinished)
    }

    /// The finding in lines for people.
    var text: String {
        var lines: [String] = []
        for part in parts {
            let state =
                part.damage.isEmpty
                ? "sound" : "\(part.damage.count) damaged stretch\(part.damage.count == 1 ? "" : "es")"
            lines.append(
                "\(part.name): \(part.files) files, \(StoreProgress.bytes(part.bytes)), \(part.records) records, \(state)"
            )
            lines += part.damage.map { "  \($0)" }
            lines += part.damagedHints.map { "  \($0) is damaged; the next opening makes it again" }
            if part.unfinishedBytes > 0 {
                lines.append(
                    "  \(part.unfinishedBytes) bytes at the end are no whole record, as a crash leaves them; the next opening cuts them off"
                )
            }
        }
        return lines.joined(separator: "\n")
    }
}
