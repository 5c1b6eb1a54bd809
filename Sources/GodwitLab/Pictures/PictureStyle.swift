/// Colours and type of all pictures.
///
/// Four hues that stay apart for colour-blind readers (after Okabe and Ito), each solid, dashed and dotted, are the other peers'; vermilion
/// and a thicker line are Godwit's alone. Dark pages get lighter tones of the same hues.
enum PictureStyle {
    private static let light = ["#0072b2", "#007d5a", "#a04a8c", "#57606a"]
    private static let dark = ["#5ab4ee", "#34c79a", "#e29bd0", "#a3acb5"]
    private static let dashes = ["", "stroke-dasharray:7 3", "stroke-dasharray:2 3"]

    /// The class of a peer's line; `rank` counts the peers other than Godwit.
    static func line(of peer: String, rank: Int) -> String {
        peer == Catalogue.godwit ? "own" : "s\(rank % light.count)d\(rank / light.count % dashes.count)"
    }

    static func text(of peer: String, rank: Int) -> String {
        peer == Catalogue.godwit ? "town" : "t\(rank % light.count)"
    }

    static let sheet: String = {
        var rules = [
            "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','DejaVu Sans',sans-serif;fill:#1f2328}",
            ".title{font-size:16px;font-weight:600}", ".muted{fill:#59636e}", ".small{font-size:11px}",
            ".best{font-weight:700}",
            ".onfill{fill:#fff}", ".ground{fill:#fff}", ".grid{stroke:#d1d9e0;fill:none}",
            ".axis{stroke:#818b98;fill:none}",
            ".tile{fill:#0072b2}", ".none{fill:#818b98}", ".frame{fill:none;stroke:#d55e00;stroke-width:2}",
            ".own{stroke:#d55e00;stroke-width:3;fill:none;stroke-linejoin:round}",
            ".town{fill:#c04f00;font-weight:700}",
            ".halo{stroke:#fff;stroke-width:6;fill:none}", ".lead{stroke-width:1;opacity:.55}",
        ]
        for (hue, colour) in light.enumerated() {
            rules.append(".t\(hue){fill:\(colour)}")
            for (dash, pattern) in dashes.enumerated() {
                rules.append(
                    ".s\(hue)d\(dash){stroke:\(colour);stroke-width:1.6;fill:none;stroke-linejoin:round;\(pattern)}")
            }
        }
        var night = [
            "text{fill:#e6edf3}", ".muted{fill:#9198a1}", ".ground{fill:#0d1117}", ".grid{stroke:#30363d}",
            ".axis{stroke:#6e7681}",
            ".onfill{fill:#fff}", ".tile{fill:#2b8fd6}", ".frame{stroke:#ff8a3d}", ".own{stroke:#ff8a3d}",
            ".town{fill:#ff9d5c}",
            ".halo{stroke:#0d1117}",
        ]
        for (hue, colour) in dark.enumerated() {
            night.append(".t\(hue){fill:\(colour)}")
            for dash in dashes.indices { night.append(".s\(hue)d\(dash){stroke:\(colour)}") }
        }
        return rules.joined() + "@media(prefers-color-scheme:dark){" + night.joined() + "}"
    }()
}
