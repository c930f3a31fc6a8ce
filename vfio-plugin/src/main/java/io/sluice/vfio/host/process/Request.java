package io.sluice.vfio.host.process;

/// A request to an open file, as ioctl(2) takes: a record with its arguments.
///
/// @param <R> what it answers
public interface Request<R> {}
