package io.sluice.vfio.vfio;

/// What QUERY_GFX_PLANE answers: the picture that the device shows now. All nought if it shows none.
///
/// @param format DRM's four characters, [#XR24]
/// @param stride bytes from row to row
/// @param source index of the region that holds it, or id of the dma-buf, as was asked
public record GfxPlane(int format, int width, int height, int stride, long size, int source) {
    /// 32 bits a pixel, from the low byte: blue, green, red, nothing.
    public static final int XR24 = 0x34325258;

    public static final GfxPlane NONE = new GfxPlane(0, 0, 0, 0, 0, 0);

    /// What is asked.
    ///
    /// @param flags one of [#DMABUF] and [#REGION]; with [#PROBE] whether that can be asked for
    /// @param planeType DRM's
    public record Query(int flags, int planeType) {
        public static final int PROBE = 1;
        public static final int DMABUF = 2;
        public static final int REGION = 4;

        public static final int OVERLAY = 0;
        public static final int PRIMARY = 1;
        public static final int CURSOR = 2;

        public static Query primary(int flags) {
            return new Query(flags, PRIMARY);
        }
    }
}
