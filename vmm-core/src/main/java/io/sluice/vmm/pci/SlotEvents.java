package io.sluice.vmm.pci;

/// What comes of an unplug that was asked for. On the port's strand; each request is answered once or never.
public interface SlotEvents {
    SlotEvents NONE = new SlotEvents() {
        @Override
        public void released(Object request) {}

        @Override
        public void refused(Object request) {}
    };

    /// The guest has turned the slot off: its cards can be taken out.
    void released(Object request);

    /// The guest keeps the card.
    void refused(Object request);
}
