package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.UnitSettings;
import java.util.List;
import java.util.Map;

/// What a host is made of: its IOMMUs and its functions. docs/host-topology.md says how it is written.
///
/// @param iommus at least one; the first stands before what names none
/// @param functions in the order in which they are described, all with a place
public record HostConfig(List<UnitSettings> iommus, List<FunctionConfig> functions) {
    public HostConfig {
        iommus = List.copyOf(iommus);
        functions = List.copyOf(functions);
    }

    /// Reads a description in JSON.
    ///
    /// @throws HostConfigException if it is wrong
    public static HostConfig read(String text) {
        return of(DescriptionReader.read(text));
    }

    /// Reads the same as properties, as `functions.0.name=rp0`.
    ///
    /// @throws HostConfigException if it is wrong
    public static HostConfig of(Map<String, String> properties) {
        return of(DottedKeys.read(properties));
    }

    private static HostConfig of(JsonNode node) {
        var fields = new ConfigFields("", node);
        var iommus = ConfigReader.iommus(fields);
        var functions =
                fields.objects("functions").stream().map(ConfigReader::function).toList();
        fields.done();
        return new HostConfig(iommus, new ConfigCheck(iommus).check(functions));
    }

    /// Reads one function, to be plugged in.
    ///
    /// @throws HostConfigException if it is wrong by itself
    public static FunctionConfig function(String text) {
        return ConfigReader.function(new ConfigFields("", DescriptionReader.read(text)));
    }

    /// The same from properties, as `name=nic`.
    public static FunctionConfig function(Map<String, String> properties) {
        return ConfigReader.function(new ConfigFields("", DottedKeys.read(properties)));
    }
}
