package io.sluice.vmm.qmp;

/// A null that is written, in a place where none means that the member is left out.
enum Json {
    NULL
}
