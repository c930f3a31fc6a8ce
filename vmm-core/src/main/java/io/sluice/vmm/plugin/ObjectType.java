package io.sluice.vmm.plugin;

import java.util.List;

/// A kind of object that `-object NAME,id=…` makes.
public interface ObjectType {
    String name();

    /// One line for `-object help`; may be empty.
    String description();

    List<Property> properties();

    /// Whether it takes a property that is not among [#properties], as text that it checks itself: one with a place in
    /// a
    /// description before its name.
    default boolean takes(String property) {
        return false;
    }

    /// Makes one. Closing it never fails.
    ///
    /// @param id the user's name for it, unique among objects
    /// @throws PluginException if it cannot be; then nothing is left behind
    UserObject create(String id, DeviceContext context, PropertyValues properties);

    /// An object that has been made.
    interface UserObject extends AutoCloseable {
        /// Whether a device has hold of it, so that the user cannot take it away now.
        default boolean isInUse() {
            return false;
        }

        @Override
        void close();
    }
}
