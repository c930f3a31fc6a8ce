/// Builds the archive that Linux unpacks as its first file system.
@NullMarked
package io.sluice.guest.initramfs;

import org.jspecify.annotations.NullMarked;
