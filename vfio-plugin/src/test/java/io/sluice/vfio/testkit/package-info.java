/// What tests of mediated devices share.
@NullMarked
package io.sluice.vfio.testkit;

import org.jspecify.annotations.NullMarked;
