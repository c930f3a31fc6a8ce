/// Where what is told goes: lines for people, lines of JSON, files, standard error. The program's own messages come
/// here
/// through SLF4J, whose provider this is. A thread of each [LogWriter] does the writing, so that nobody else waits for
/// a
/// reader; what finds no room is dropped and counted.
@NullMarked
package io.sluice.vmm.log;

import org.jspecify.annotations.NullMarked;
