/// Fixtures that tests of several rooms share.
@NullMarked
package io.sluice.vmm.testkit;

import org.jspecify.annotations.NullMarked;
