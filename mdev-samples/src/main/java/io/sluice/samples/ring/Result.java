package io.sluice.samples.ring;

/// What became of an order. Of all but [#DONE] nothing was done. The constants' places are the numbers that are read.
enum Result {
    DONE,
    /// No such order.
    BAD_ORDER,
    /// There is no such client.
    NO_CLIENT,
    /// There is one already.
    EXISTS,
    /// No ring has this size.
    BAD_SHAPE,
    /// An address that is not aligned, or a range that passes the end of the address space.
    BAD_ADDRESS,
    /// No rights, or such as do not exist.
    BAD_RIGHTS,
    /// The client has as many keys as it can have.
    NO_ROOM,
    /// The client has no such key.
    NO_KEY
}
