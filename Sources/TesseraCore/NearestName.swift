/// The candidate most like `name`, if one is near enough to have been meant (for "did you mean …").
public func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    let count = name.count
    let limit = max(1, count / 3)
    return
        candidates
        // The distance is at least the difference in length, and takes much longer to find out.
        .filter { abs($0.count - count) <= limit }
        .map { (candidate: $0, distance: editDistance(name, $0)) }
        .filter { $0.distance <= limit && $0.distance < count }
        .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
        .candidate
}

/// ", did you mean 'x'?", or nothing.
public func nearestSuggestion(for name: String, among candidates: some Sequence<String>) -> String {
    nearestName(to: name, among: candidates).map { ", did you mean '\($0)'?" } ?? ""
}

/// ", did you mean 'x'?", or a list of all candidates if they are few, or nothing.
public func suggestion(for name: String, among candidates: some Collection<String>) -> String {
    let nearest = nearestSuggestion(for: name, among: candidates)
    guard nearest.isEmpty else { return nearest }
    guard !candidates.isEmpty, candidates.count <= 24 else { return "" }
    return "; there are: \(candidates.sorted().joined(separator: ", "))"
}

/// The number of characters to insert, remove, replace or swap with their neighbour to get from one string to the other
/// (optimal string alignment).
private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
    var (beforePrevious, previous) = ([Int](), Array(0...b.count))
    for i in 0..<a.count {
        var current = [i + 1]
        for j in 0..<b.count {
            let replaced = previous[j] + (a[i] == b[j] ? 0 : 1)
            var least = min(replaced, previous[j + 1] + 1, current[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforePrevious[j - 1] + 1) }
            current.append(least)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[b.count]
}
