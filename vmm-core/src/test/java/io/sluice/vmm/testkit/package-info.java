/// What tests of every module share: small real implementations in place of mocks, and contracts.
@NullMarked
package io.sluice.vmm.testkit;

import org.jspecify.annotations.NullMarked;
