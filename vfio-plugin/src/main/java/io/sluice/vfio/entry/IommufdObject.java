package io.sluice.vfio.entry;

import io.sluice.vfio.host.HostException;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `-object iommufd,id=…`: an iommufd of the host, through which the guest's devices reach the guest's memory and
/// nothing else.
final class IommufdObject implements ObjectType {
    private final MachineProcess process;
    private final Map<String, Backend> backends = new HashMap<>();
    private @Nullable Backend unnamed;

    IommufdObject(MachineProcess process) {
        this.process = process;
    }

    @Override
    public String name() {
        return "iommufd";
    }

    @Override
    public String description() {
        return "An iommufd of the simulated host, with the guest's memory in it";
    }

    @Override
    public List<Property> properties() {
        return List.of();
    }

    /// The backend of that name; null if there is none.
    @Nullable
    Backend find(String id) {
        return backends.get(id);
    }

    /// What a device has that names none: one for all of them, as a container of vfio is, from the first such device to
    /// the last.
    ///
    /// @throws HostException if it cannot be had
    Backend unnamed(DeviceContext context) {
        if (unnamed == null) {
            unnamed = new Backend("", process.open(context.ram()));
        }
        return unnamed;
    }

    @Override
    public UserObject create(String id, DeviceContext context, PropertyValues properties) {
        try {
            var backend = new Backend(id, process.open(context.ram()));
            backends.put(id, backend);
            return backend;
        } catch (HostException e) {
            throw new PluginException("iommufd " + id + ": " + e.errno().text(), e);
        }
    }

    /// An iommufd, and how many devices are bound to it.
    final class Backend implements UserObject {
        private final String id;
        private final MachineProcess.Iommufd iommufd;
        private int users;

        private Backend(String id, MachineProcess.Iommufd iommufd) {
            this.id = id;
            this.iommufd = iommufd;
        }

        /// @throws HostException as [MachineProcess#open]
        MachineProcess.Opened open(String node) {
            users++;
            boolean done = false;
            try {
                var opened = process.open(node, iommufd);
                done = true;
                return opened;
            } finally {
                if (!done) {
                    users--;
                    settle();
                }
            }
        }

        void close(MachineProcess.Opened device) {
            process.close(device);
            users--;
            settle();
        }

        /// One that nobody has made goes with its last device.
        private void settle() {
            if (users == 0 && this == unnamed) {
                unnamed = null;
                close();
            }
        }

        @Override
        public boolean isInUse() {
            return users > 0;
        }

        @Override
        public void close() {
            backends.remove(id, this);
            process.close(iommufd);
        }
    }
}
