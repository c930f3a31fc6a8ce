package io.sluice.vfio.iommufd.ioas;

/// Bytes `[start, start + length)` of a page object, which are mapped or are to be.
public record Part(PageObject pages, long start, long length) {}
