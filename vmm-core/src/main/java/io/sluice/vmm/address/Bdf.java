package io.sluice.vmm.address;

import java.util.regex.Pattern;

/// Bus, device and function number of a PCI function; the same 16 bits are its requester id.
public record Bdf(int bits) {
    private static final Pattern TEXT = Pattern.compile("(?:0000:)?([0-9a-f]{2}):([01][0-9a-f])\\.([0-7])");

    public Bdf {
        if (bits < 0 || bits > 0xFFFF) {
            throw new IllegalArgumentException("a BDF has 16 bits: 0x" + Integer.toHexString(bits));
        }
    }

    public static Bdf of(int bus, int device, int function) {
        if (bus < 0 || bus > 255 || device < 0 || device > 31 || function < 0 || function > 7) {
            throw new IllegalArgumentException("no such PCI address: " + bus + ":" + device + "." + function);
        }
        return new Bdf(bus << 8 | device << 3 | function);
    }

    /// Reads `[0000:]bb:dd.f`, lower-case hexadecimal.
    ///
    /// @throws IllegalArgumentException if the text has another form
    public static Bdf parse(String text) {
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException("not a PCI address: " + text);
        }
        return of(
                Integer.parseInt(match.group(1), 16),
                Integer.parseInt(match.group(2), 16),
                Integer.parseInt(match.group(3), 16));
    }

    public int bus() {
        return bits >> 8;
    }

    public int device() {
        return bits >> 3 & 31;
    }

    public int function() {
        return bits & 7;
    }

    @Override
    public String toString() {
        return String.format("0000:%02x:%02x.%x", bus(), device(), function());
    }
}
