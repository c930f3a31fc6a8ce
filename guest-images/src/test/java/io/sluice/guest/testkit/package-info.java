/// What tests on booted guests share: the program as a child process, and its guests' consoles.
@NullMarked
package io.sluice.guest.testkit;

import org.jspecify.annotations.NullMarked;
