package io.sluice.vmm.cpu.isa;

import java.util.regex.Pattern;

/// Takes out of a line of objdump what carries no meaning: padding, comments, prefixes without effect, zero
/// displacements
/// that the encoding spells out.
final class ObjdumpText {
    private static final Pattern COMMENT = Pattern.compile("\\s*[#<].*$");
    private static final Pattern IDLE_PREFIX = Pattern.compile(
            "^((data16|data32|addr16|addr32|rex(\\.[WRXB]+)?|[c-gs]s|xacquire|xrelease|bnd|notrack|repz|repnz|rep|lock) )");

    private static final Pattern LONE_NO_INDEX =
            Pattern.compile("([c-gs]s:)?\\[([er])iz\\*[1248]([+-])0x([0-9a-f]+)\\]");

    private ObjdumpText() {}

    static String normalise(String line) {
        String text = COMMENT.matcher(line.replaceAll("\\p{Cntrl}", ""))
                .replaceFirst("")
                .strip()
                .replaceAll("\\s+", " ");
        String kept = "";
        String repeat = "";
        for (var m = IDLE_PREFIX.matcher(text); m.find(); m = IDLE_PREFIX.matcher(text)) {
            String prefix = m.group(2);
            text = text.substring(m.end());
            if (prefix.equals("lock")) {
                kept = "lock ";
            } else if (prefix.startsWith("rep")) {
                repeat = prefix + " ";
            }
        }
        if (isString(text)) {
            kept += repeat;
        }
        text = absolute(text, text.contains("[eiz*") ? 8 : 16)
                .replace("+0x0]", "]")
                .replaceAll("\\+[re]iz\\*[1248]", "")
                .replaceAll("ds:\\[(?![re]?[bs]p\\b(?!\\*))", "[")
                .replaceAll("ss:\\[(?=[re]?[bs]p\\b(?!\\*))", "[");
        return kept + text.strip();
    }

    /// An index that is none is written `eiz` or `riz`; alone with a displacement that is an absolute address.
    private static String absolute(String text, int addressDigits) {
        var m = LONE_NO_INDEX.matcher(text);
        if (!m.find()) {
            return text;
        }
        long value = Long.parseUnsignedLong(m.group(4), 16);
        if (m.group(3).equals("-")) {
            value = -value;
        }
        if (addressDigits == 8) {
            value &= 0xFFFFFFFFL;
        }
        String segment = m.group(1) == null ? "ds:" : m.group(1);
        return m.replaceFirst(segment + "0x" + Long.toHexString(value));
    }

    private static boolean isString(String text) {
        return text.matches("(movs|stos|lods|ins|outs|cmps|scas) .*") && text.contains("PTR");
    }
}
