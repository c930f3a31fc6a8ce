package io.sluice.vmm.control;

/// How a line of the monitor falls into words.
final class HumanLine {
    private HumanLine() {}

    static boolean isSpace(char letter) {
        return letter == ' ' || letter >= '\t' && letter <= '\r';
    }

    static int skipSpaces(String line, int from) {
        int at = from;
        while (at < line.length() && isSpace(line.charAt(at))) {
            at++;
        }
        return at;
    }

    /// Where the command's name that starts at `from` ends: a format may follow it at once.
    static int endOfName(String line, int from) {
        int at = from;
        while (at < line.length() && line.charAt(at) != '/' && !isSpace(line.charAt(at))) {
            at++;
        }
        return at;
    }
}
