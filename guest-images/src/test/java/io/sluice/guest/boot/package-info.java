/// Claims about whole guests: each boots one, or several share a boot, and what counts is the console and the exit
/// status.
@NullMarked
package io.sluice.guest.boot;

import org.jspecify.annotations.NullMarked;
