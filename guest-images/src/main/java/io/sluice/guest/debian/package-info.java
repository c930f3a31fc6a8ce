/// Debian's own kernel and busybox, had by package name through the machine's own apt, made into a guest.
@NullMarked
package io.sluice.guest.debian;

import org.jspecify.annotations.NullMarked;
