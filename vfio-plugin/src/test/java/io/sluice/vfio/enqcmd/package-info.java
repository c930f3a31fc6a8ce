/// Tests of the room.
@NullMarked
package io.sluice.vfio.enqcmd;

import org.jspecify.annotations.NullMarked;
