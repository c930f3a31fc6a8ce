package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vmm.pci.Acs;
import io.sluice.vmm.pci.Ats;
import io.sluice.vmm.pci.PasidCapability;
import io.sluice.vmm.pci.Pri;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Puts functions behind their IOMMU, and turns on what they need for it.
final class Attachment {
    private static final int DEVICE_CONTROL_2 = 0x28;
    private static final int ARI_FORWARDING = 1 << 5;

    private final Map<String, IommuUnit> units;
    private final Groups groups;

    Attachment(Map<String, IommuUnit> units, Groups groups) {
        this.units = units;
        this.groups = groups;
    }

    /// What the kernel does when it finds a function, before anybody asks for its group: access control as far as it is
    /// offered, and the way to functions beyond the eighth.
    void prepare(HostFunction function) {
        var features = function.config().features();
        var acs = function.pci().extensions().acs();
        if (acs != null) {
            int on = Acs.ISOLATION & acs.offered() & ~features.acsOff();
            function.configWrite(acs.base() + Acs.CONTROL, 2, on);
        }
        var above = function.above();
        if (features.ari() && above != null) {
            int express = Capabilities.find(above, Capabilities.EXPRESS);
            int control = above.configRead(express + DEVICE_CONTROL_2, 2);
            above.configWrite(express + DEVICE_CONTROL_2, 2, control | ARI_FORWARDING);
        }
    }

    /// @throws io.sluice.vfio.host.HostException if its group does not take it; then it is behind nothing
    void attach(HostFunction function) {
        var unit = unit(function);
        var group = groups.of(function);
        var aliases = Groups.aliases(function);
        var others = aliases.subList(1, aliases.size()).stream()
                .map(Groups.Alias::bdf)
                .distinct()
                .toList();
        var traits = traits(function);
        function.iommu(unit.add(function.address(), others, group, traits));
        enable(function, unit, traits);
    }

    /// Takes it away. When this returns, its requests get nowhere. Cannot fail.
    void detach(HostFunction function) {
        var group = function.knownGroup();
        if (group != null) {
            var device = function.iommu();
            device.unit().remove(device);
            function.iommu(null);
        }
    }

    /// The unit that the way to the root names, or the first.
    private IommuUnit unit(HostFunction function) {
        var top = function;
        for (@Nullable HostFunction here = function.above(); here != null; here = here.above()) {
            top = here;
        }
        var name = top.config().iommu();
        var unit = name == null ? units.values().iterator().next() : units.get(name);
        if (unit == null) {
            throw new IllegalStateException("no IOMMU is called " + name);
        }
        return unit;
    }

    private static DeviceTraits traits(HostFunction function) {
        var extensions = function.pci().extensions();
        var physical = function.physical();
        var shared = physical == null ? extensions : physical.pci().extensions();
        return new DeviceTraits(
                Isolation.pasidBits(function),
                true,
                extensions.ats() != null,
                extensions.ats() != null && shared.pri() != null,
                function.config().features().coherent(),
                function.config().reserved());
    }

    /// PASIDs before translations, as the specification wants it (PCI Express Base 6.0 section 10.5.1.3).
    private static void enable(HostFunction function, IommuUnit unit, DeviceTraits traits) {
        var settings = unit.settings();
        var extensions = function.pci().extensions();
        var pasid = extensions.pasid();
        if (pasid != null && traits.pasidBits() > 0 && settings.pasidBits() > 0) {
            function.configWrite(pasid.base() + PasidCapability.CONTROL, 2, PasidCapability.ENABLE);
        }
        var pri = extensions.pri();
        if (pri != null && settings.pageRequests()) {
            function.configWrite(pri.base() + Pri.ALLOCATION, 4, pri.capacity());
            function.configWrite(pri.base() + Pri.CONTROL, 2, Pri.ENABLE);
        }
        var ats = extensions.ats();
        if (ats != null) {
            function.configWrite(ats.base() + Ats.CONTROL, 2, Ats.ENABLE);
        }
    }
}
