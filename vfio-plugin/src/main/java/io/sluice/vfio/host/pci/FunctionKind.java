package io.sluice.vfio.host.pci;

import io.sluice.vmm.pci.BridgeKind;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What a function of the host is, as its place in the hierarchy goes.
public enum FunctionKind {
    ROOT_PORT("root-port", BridgeKind.ROOT_PORT),
    UPSTREAM_PORT("upstream-port", BridgeKind.UPSTREAM_PORT),
    DOWNSTREAM_PORT("downstream-port", BridgeKind.DOWNSTREAM_PORT),
    EXPRESS_TO_PCI("pcie-to-pci-bridge", BridgeKind.EXPRESS_TO_PCI),
    PCI_TO_EXPRESS("pci-to-pcie-bridge", BridgeKind.PCI_TO_EXPRESS),
    PCI_BRIDGE("pci-bridge", BridgeKind.PCI_TO_PCI),
    ENDPOINT("endpoint", null),
    INTEGRATED_ENDPOINT("integrated-endpoint", null),
    EVENT_COLLECTOR("event-collector", null),
    CONVENTIONAL("conventional", null);

    private final String word;
    private final @Nullable BridgeKind bridge;

    FunctionKind(String word, @Nullable BridgeKind bridge) {
        this.word = word;
        this.bridge = bridge;
    }

    /// What descriptions call it.
    public String word() {
        return word;
    }

    public @Nullable BridgeKind bridge() {
        return bridge;
    }

    static @Nullable FunctionKind of(String word) {
        return Arrays.stream(values())
                .filter(kind -> kind.word.equals(word))
                .findFirst()
                .orElse(null);
    }

    static String words() {
        return Arrays.stream(values()).map(kind -> kind.word).collect(Collectors.joining(", "));
    }

    /// Whether a device model stands behind it.
    boolean isDevice() {
        return this == ENDPOINT || this == INTEGRATED_ENDPOINT || this == CONVENTIONAL;
    }

    boolean isExpress() {
        return this != CONVENTIONAL && this != PCI_BRIDGE;
    }

    /// Whether it can sit behind `above`; null stands for the root bus.
    boolean fitsBehind(@Nullable FunctionKind above) {
        if (above == null) {
            return switch (this) {
                case ROOT_PORT, INTEGRATED_ENDPOINT, EVENT_COLLECTOR, CONVENTIONAL, PCI_BRIDGE -> true;
                case UPSTREAM_PORT, DOWNSTREAM_PORT, EXPRESS_TO_PCI, PCI_TO_EXPRESS, ENDPOINT -> false;
            };
        }
        return switch (above) {
            case ROOT_PORT, DOWNSTREAM_PORT, PCI_TO_EXPRESS ->
                this == ENDPOINT || this == UPSTREAM_PORT || this == EXPRESS_TO_PCI;
            case UPSTREAM_PORT -> this == DOWNSTREAM_PORT;
            case EXPRESS_TO_PCI, PCI_BRIDGE -> this == CONVENTIONAL || this == PCI_BRIDGE || this == PCI_TO_EXPRESS;
            case ENDPOINT, INTEGRATED_ENDPOINT, EVENT_COLLECTOR, CONVENTIONAL -> false;
        };
    }

    /// What can sit behind it, for messages.
    static String fitting(@Nullable FunctionKind above) {
        return Arrays.stream(values())
                .filter(kind -> kind.fitsBehind(above))
                .map(kind -> kind.word)
                .collect(Collectors.joining(", "));
    }
}
