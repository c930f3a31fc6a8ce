package io.sluice.vmm.metrics;

import org.jspecify.annotations.Nullable;

/// What a client's `Accept` header asks for (RFC 9110, section 12.5.1).
final class Accept {
    private static final String OPEN_METRICS = "application/openmetrics-text";

    private Accept() {}

    /// OpenMetrics only for a client that names it and likes plain text no better.
    static Exposition.Format format(@Nullable String header) {
        if (header == null) {
            return Exposition.Format.TEXT;
        }
        double open = 0;
        double plain = 0;
        for (var range : header.split(",", -1)) {
            var parts = range.split(";", -1);
            var type = parts[0].strip();
            if (type.equalsIgnoreCase(OPEN_METRICS)) {
                open = Math.max(open, quality(parts));
            } else if (type.equalsIgnoreCase("text/plain")) {
                plain = Math.max(plain, quality(parts));
            }
        }
        return open > 0 && open >= plain ? Exposition.Format.OPEN_METRICS : Exposition.Format.TEXT;
    }

    private static double quality(String[] parts) {
        for (var part : parts) {
            var parameter = part.strip();
            if (parameter.startsWith("q=")) {
                try {
                    return Double.parseDouble(parameter.substring(2));
                } catch (NumberFormatException e) {
                    return 0;
                }
            }
        }
        return 1;
    }
}
