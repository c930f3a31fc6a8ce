package io.sluice.vmm.control;

import io.sluice.vmm.plugin.Surface;
import io.sluice.vmm.qapi.QapiEnum;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// How a picture is written.
enum PictureFormat implements QapiEnum {
    PPM,
    PNG;

    void write(Surface surface, OutputStream out) throws IOException {
        switch (this) {
            case PPM -> writePpm(surface, out);
            case PNG -> PngFile.write(surface, out);
        }
    }

    /// Netpbm's `P6`.
    private static void writePpm(Surface surface, OutputStream out) throws IOException {
        var header = "P6\n" + surface.width() + " " + surface.height() + "\n255\n";
        out.write(header.getBytes(StandardCharsets.US_ASCII));
        var scratch = new byte[surface.rowBytes()];
        var row = new byte[3 * surface.width()];
        for (int y = 0; y < surface.height(); y++) {
            surface.row(y, scratch, row);
            out.write(row);
        }
    }
}
