package io.sluice.vfio.vfio.pci;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// [ConfigRow] laid over one function: which bits of each byte are virtual and which the user may write, where each
/// part is, and the chain of capabilities as the user sees it. Does not change.
final class ConfigLayout {
    /// A capability in the user's chain.
    record Link(ConfigPart part, int at, int length) {}

    private final int size;
    private final byte[] virtual;
    private final byte[] writable;
    private final @Nullable ConfigPart[] parts;
    private final Map<ConfigPart, Integer> places = new EnumMap<>(ConfigPart.class);
    private final List<Link> links = new ArrayList<>();
    private final List<String> text = new ArrayList<>();

    ConfigLayout(HardwareConfig hardware) {
        var found = hardware.capabilities();
        size = hardware.find(ConfigPart.EXPRESS) != 0 ? HardwareConfig.EXTENDED : HardwareConfig.CONVENTIONAL;
        virtual = new byte[size];
        writable = new byte[size];
        parts = new ConfigPart[size];
        put(new Link(ConfigPart.HEADER, 0, 0x40), 0);
        for (var capability : found) {
            var part = ConfigPart.of(capability.space(), capability.id());
            if (part == null || places.containsKey(part) && !part.isRaw()) {
                continue;
            }
            int limit = capability.space() == ConfigPart.Space.EXTENDED ? size : HardwareConfig.CONVENTIONAL;
            int length = Math.min(part.length(hardware, capability.at()), limit - capability.at());
            var link = new Link(part, capability.at(), length);
            links.add(link);
            put(link, hardware.get(capability.at() + 2, 2));
        }
        // Extended space starts with a header whether the first capability is shown or not.
        if (size > HardwareConfig.CONVENTIONAL && parts[HardwareConfig.CONVENTIONAL] == null) {
            header(HardwareConfig.CONVENTIONAL, 4);
        }
    }

    private void put(Link link, int flags) {
        places.putIfAbsent(link.part, link.at);
        for (int i = 0; i < link.length; i++) {
            if (parts[link.at + i] == null) {
                parts[link.at + i] = link.part;
                writable[link.at + i] = (byte) (link.part.isRaw() ? -1 : 0);
            }
        }
        switch (link.part.space) {
            case HEADER -> {}
            case CAPABILITY -> {
                header(link.at, 2);
                if (link.part.isRaw()) {
                    writable[link.at + 2] = 0;
                }
            }
            case EXTENDED -> {
                header(link.at, 4);
                if (link.part.isRaw()) {
                    Arrays.fill(writable, link.at + 4, link.at + 8, (byte) 0);
                }
            }
        }
        for (var row : ConfigRow.values()) {
            if (row.part == link.part && row.holds(flags) && row.offset + row.size <= link.length) {
                masks(link.at + row.offset, row.size, row.virtual, row.writable);
                tell(link.at + row.offset, row.size, row.part + "." + row, row.virtual, row.writable);
            }
        }
        if (link.part.isRaw()) {
            tell(link.at, link.length, link.part + " (all of it, but for its header)", 0, -1);
        }
    }

    private void header(int at, int bytes) {
        masks(at, bytes, -1, 0);
        tell(at, bytes, parts[at] + " header", -1 >>> 32 - 8 * bytes, 0);
    }

    private void masks(int at, int bytes, int virtualBits, int writableBits) {
        for (int i = 0; i < bytes; i++) {
            virtual[at + i] = (byte) (virtualBits >> 8 * i);
            writable[at + i] = (byte) (writableBits >> 8 * i);
        }
    }

    private void tell(int at, int bytes, String name, int virtualBits, int writableBits) {
        int width = 2 * Math.min(4, bytes);
        int bits = -1 >>> 32 - 4 * width;
        text.add(String.format(
                "%03x %2d %-45s virtual %s writable %s hardware %s",
                at,
                bytes,
                name,
                hex(virtualBits & bits, width),
                hex(writableBits & bits, width),
                hex(~virtualBits & bits, width)));
    }

    private static String hex(int bits, int width) {
        return String.format("%0" + width + "x", bits);
    }

    int size() {
        return size;
    }

    int virtual(int at) {
        return virtual[at] & 0xFF;
    }

    int writable(int at) {
        return writable[at] & 0xFF;
    }

    /// The part that a byte belongs to; null between capabilities.
    @Nullable
    ConfigPart part(int at) {
        return parts[at];
    }

    /// Where a part starts; -1 if the user sees none.
    int place(ConfigPart part) {
        return places.getOrDefault(part, -1);
    }

    /// The user's chain, in order; the extended capabilities after the others.
    List<Link> links() {
        return links;
    }

    /// One line for each register.
    String text() {
        return String.join("\n", text.stream().sorted().toList()) + "\n";
    }
}
