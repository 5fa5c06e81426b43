/// A bar of a line that shows how much is done.
package enum ProgressBar {
    private static let width = 30

    package static func text(_ done: Int, of total: Int) -> String {
        let filled = min(width, width * done / max(1, total))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
}
