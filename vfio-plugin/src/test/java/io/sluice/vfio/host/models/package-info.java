@NullMarked
package io.sluice.vfio.host.models;

import org.jspecify.annotations.NullMarked;
